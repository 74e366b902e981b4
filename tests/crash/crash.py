#!/usr/bin/env python3
"""Kills a process that writes an archive, over and over, and looks at what is left.

Usage: crash.py CRASH_ARCHIVE [--kills N] [--seed S] [--folder DIR]

After each kill -9 the next process repairs the folder, as `tapeline run` does at its start. Then
`zstd -t` has to be clean, every packet has to be right and in its place, every packet that was
acknowledged before the kill has to be there, and of those that the archive thread had taken at its
last write no more may be missing than one frame holds. One start in ten is killed while it repairs.
"""
import argparse
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

FRAME_BYTES = 65536
RECORD_BYTES = 16 + 28 + 20 + 2 * 102  # of the packet that found no room in the frame being written


def fail(message):
    sys.exit(f"FAIL: {message}")


class Harness:
    def __init__(self, program, folder, seed):
        self.program, self.folder, self.seed = program, folder, seed
        self.archive = folder / "archive"
        self.archive.mkdir()
        self.random = random.Random(seed)
        self.base = 0
        self.kills = self.kills_in_repair = self.repaired = self.removed = self.torn = 0
        self.packets = self.acknowledged = self.files = self.most_missing = 0

    def start(self):
        # Files that end soon make kills meet their ends; others make them meet frames.
        roll_bytes = self.random.choice((30_000, 300_000, 0))
        flush_ms, sync_ms = self.random.choice(((1, 0), (5, 2), (1000, 1000)))
        return subprocess.Popen(
            [self.program, self.archive, self.folder / "shared", str(self.seed), str(self.base),
             str(roll_bytes), str(flush_ms), str(sync_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()
        self.kills += 1

    def look(self, process):
        """What the process found, judged; then its folder is emptied for the next one."""
        line = process.stdout.readline()
        if not line:
            fail(f"kill {self.kills}: the process that repairs ended with {process.wait()}")
        said = json.loads(line)
        where = f"kill {self.kills} (seed {self.seed}): {line.strip()}"
        for repair in said["repairs"]:
            if repair["outcome"] not in ("repaired", "removed"):
                fail(f"not repaired, {where}")
            self.repaired += repair["outcome"] == "repaired"
            self.removed += repair["outcome"] == "removed"
            self.torn += repair["cut_bytes"] > 0
        if said["bad"]:
            fail(f"packets that are not as they were, {where}")
        if said["packets"] < said["acknowledged"]:
            fail(f"an acknowledged packet is gone, {where}")
        if said["missing_bytes"] > FRAME_BYTES + RECORD_BYTES:
            fail(f"more than one frame is gone, {where}")
        if any(not file.endswith(".pcap.zst") for file in said["files"]):
            fail(f"a file that is no finished archive, {where}")
        if said["files"]:
            tested = subprocess.run(["zstd", "-q", "-t", *said["files"]], capture_output=True, text=True)
            if tested.returncode:
                fail(f"zstd -t: {tested.stderr.strip()}, {where}")
        for file in said["files"]:
            pathlib.Path(file).unlink()
        self.base += said["packets"]
        self.packets += said["packets"]
        self.acknowledged += said["acknowledged"]
        self.files += len(said["files"])
        self.most_missing = max(self.most_missing, said["missing_bytes"])

    def run(self, kills):
        while self.kills < kills:
            process = self.start()
            if self.random.random() < 0.1:
                time.sleep(self.random.uniform(0, 0.01))
                self.kill(process)
                self.kills_in_repair += 1
                continue
            self.look(process)
            process.stdin.write("go\n")
            process.stdin.flush()
            time.sleep(self.random.uniform(0.002, 0.05))
            if process.poll() is not None:
                fail(f"the process ended by itself with {process.returncode}")
            self.kill(process)
        process = self.start()
        self.look(process)
        process.stdin.close()
        if process.wait() != 0:
            fail(f"the last process ended with {process.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where to work; default: memory, where there is some")
    arguments = parser.parse_args()
    if shutil.which("zstd") is None:
        print("skipped: zstd is not installed")
        sys.exit(77)
    memory = "/dev/shm"
    parent = arguments.folder or (memory if pathlib.Path(memory).is_dir() else None)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tapeline-crash-", dir=parent) as folder:
        harness = Harness(arguments.program, pathlib.Path(folder), arguments.seed)
        harness.run(arguments.kills)
    if harness.packets == 0 or harness.repaired == 0:
        fail("nothing was written or nothing was repaired, so nothing was tested")
    print(f"{harness.kills} kills in {time.monotonic() - started:.0f} s, {harness.kills_in_repair} of them "
          f"before or during repair: {harness.files} files, {harness.repaired} open files repaired "
          f"({harness.torn} of them torn), {harness.removed} without a whole frame removed; "
          f"{harness.packets} packets there, {harness.acknowledged} acknowledged, 0 bad, 0 "
          f"acknowledged ones missing; at most {harness.most_missing} bytes of records missing")


if __name__ == "__main__":
    main()
