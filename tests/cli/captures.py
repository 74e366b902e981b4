#!/usr/bin/env python3
"""`tapeline replay --format json` on every Nasdaq capture that the manifest lists.

Usage: captures.py TAPELINE. Reads the folder TAPELINE_CAPTURES; exits 77 (skip) without it.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROW = re.compile(r"^\| (\S+\.pcap) \| (\d+) \| ([A-Za-z0-9 ]+) \| (\d+) \|$", re.M)


def replay(tapeline, file):
    done = subprocess.run([tapeline, "replay", str(file), "--format", "json"],
                          capture_output=True, text=True, check=False)
    channel = json.loads(done.stdout)["feeds"][0]["channels"][0]
    return done, channel


def counts(channel):
    return {t: n for t, n in channel["messages_by_type"].items() if n}


def malformed(channel):
    return sum(channel["malformed"].values()) + channel["unknown_types"]


def main():
    tapeline, folder = sys.argv[1], os.environ.get("TAPELINE_CAPTURES")
    if not folder:
        print("TAPELINE_CAPTURES is not set")
        return 77
    folder = pathlib.Path(folder)
    rows = ROW.findall((folder / "MANIFEST.md").read_text())
    assert len(rows) >= 20, "the manifest has lost its table"
    failures = []

    def expect(name, what, got, wanted):
        if got != wanted:
            failures.append(f"{name}: {what} is {got}, expected {wanted}")

    for file, packets, types, bad in rows:
        done, channel = replay(tapeline, folder / "nasdaq" / file)
        wanted = {t[0]: int(t[1:]) for t in types.split()}
        expect(file, "exit code", done.returncode, 0)
        expect(file, "packets", channel["packets"], int(packets))
        expect(file, "messages by type", counts(channel), wanted)
        expect(file, "malformed", malformed(channel), int(bad))

    done, channel = replay(tapeline, folder / "nasdaq" / "head.itch")
    expect("head.itch", "exit code", done.returncode, 0)
    expect("head.itch", "messages by type", counts(channel), {"R": 993, "H": 3, "Y": 3, "S": 1})
    expect("head.itch", "malformed", malformed(channel), 0)
    done, channel = replay(tapeline, folder / "nasdaq" / "head-cut.itch")
    expect("head-cut.itch", "exit code", done.returncode, 1)
    expect("head-cut.itch", "messages", channel["messages"], 101)
    if "4081" not in done.stderr:
        failures.append(f"head-cut.itch: stderr does not name byte 4081: {done.stderr!r}")

    print("\n".join(failures) or f"{len(rows) + 2} captures as the manifest says")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
