#!/usr/bin/env python3
"""Holds our IEX decoder against the reference, field by field.

Usage: compare.py IEX_DUMP

First on made captures that hold every message type, messages that are too long and too short,
unknown types and every kind of damage; then on every capture of TAPELINE_CAPTURES/iex, where
that is set: its real messages, and that TOPS16 is what the manifest says.
"""
import collections
import itertools
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import iex_reference as reference  # noqa: E402

SEED = 20170710


def random_message(random_source):
    """A message whose fields are random bits; now and then cut, lengthened or of no type."""
    kind = random_source.choice(sorted(reference.MESSAGES))
    length = reference.MESSAGES[kind][0]
    data = bytearray(kind.encode() + random_source.randbytes(length - 1))
    dice = random_source.random()
    if dice < 0.05:
        data = data[:random_source.randrange(len(data))]
    elif dice < 0.1:
        data += random_source.randbytes(random_source.randrange(1, 9))
    elif dice < 0.15:
        data[0] = random_source.randrange(256)
    return bytes(data)


def random_segment(random_source):
    blocks = b""
    count = random_source.randrange(12)
    for _ in range(count):
        message = random_message(random_source)
        blocks += struct.pack("<H", len(message)) + message
    protocol = random_source.choice((0x8003, 0x8004, 0x8005, 0x1234))
    data = bytearray(struct.pack("<BBHIIHHqqq", 1, 0, protocol, 1, random_source.getrandbits(32),
                                 len(blocks), count, random_source.getrandbits(40),
                                 random_source.getrandbits(40), random_source.getrandbits(62)))
    data += blocks
    dice = random_source.random()
    if dice < 0.1:
        data = data[:random_source.randrange(len(data) + 1)]
    elif dice < 0.2:
        data += random_source.randbytes(random_source.randrange(1, 5))
    elif dice < 0.4:
        at = random_source.choice((0, 1, 12, 14, 23, 31, 39, 40, random_source.randrange(len(data))))
        data[min(at, len(data) - 1)] = random_source.randrange(256)
    return bytes(data)


def frame(payload):
    udp = struct.pack(">HHHH", 10378, 10378, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                     bytes((23, 226, 155, 132)), bytes((233, 215, 21, 4)))
    return bytes(12) + b"\x08\x00" + ip + udp


def write_pcap(path, payloads):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for number, payload in enumerate(payloads):
            data = frame(payload)
            file.write(struct.pack("<IIII", 1_500_000_000, number, len(data), len(data)) + data)


def write_pcapng(path, payloads):
    def block(kind, body):
        length = 12 + len(body)
        return struct.pack("<II", kind, length) + body + struct.pack("<I", length)

    with open(path, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(block(1, struct.pack("<HHI", 1, 0, 0)))
        for number, payload in enumerate(payloads):
            data = frame(payload)
            body = struct.pack("<IIIII", 0, 0, number, len(data), len(data)) + data
            file.write(block(6, body + bytes(-len(data) % 4)))


def ours(dump, path):
    done = subprocess.run([dump, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{path}: exit code {done.returncode}: {done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(dump, path):
    """The lines of a capture, after both decoders agreed on each."""
    lines = list(reference.lines(path))
    for number, (mine, theirs) in enumerate(itertools.zip_longest(ours(dump, path), lines)):
        assert mine == theirs, f"{path}, line {number}:\n  ours      {mine}\n  reference {theirs}"
    return lines


def check_made_captures(dump, folder):
    random_source = random.Random(SEED)
    payloads = [random_segment(random_source) for _ in range(4000)]
    seen, ends, statuses = set(), collections.Counter(), collections.Counter()
    for name, write in (("made.pcap", write_pcap), ("made.pcapng", write_pcapng)):
        write(folder / name, payloads)
        for line in compare(dump, folder / name):
            if line.get("decoded") == "ok":
                seen.add(line["type"])
            ends[line.get("end")] += 1
            statuses[line.get("decoded")] += 1
    assert seen == set(reference.MESSAGES), f"types without a whole message: {seen}"
    wanted = {"ok", "heartbeat", "too_short", "wrong_version", "number_out_of_range",
              "missing_blocks", "truncated_length", "truncated_block", "trailing_bytes",
              "wrong_payload_length"}
    assert wanted <= set(ends), f"damage that was not made: {wanted - set(ends)}"
    assert {"ok", "ok_longer", "wrong_length", "unknown_type"} <= set(statuses), statuses
    print(f"made captures: {sum(statuses.values()) - statuses[None]} messages agree")


def check_stream(path, lines):
    """One session without a gap: each segment begins where the last one ended, in both numbers."""
    at, types = None, collections.Counter()
    for line in lines:
        if "segment" in line:
            if at is not None:
                assert (line["sequence"], line["stream_offset"]) == at, f"{path}: gap at {line}"
            at = (line["sequence"] + line["count"], line["stream_offset"] + line["payload_bytes"])
        elif "end" in line:
            assert line["end"] in ("ok", "heartbeat"), f"{path}: {line}"
        else:
            assert line["decoded"] == "ok", f"{path}: {line}"
            types[line["type"]] += 1
    return types


def check_real_captures(dump, captures):
    files = sorted(path for path in (captures / "iex").rglob("*") if path.is_file())
    assert len(files) >= 14, f"only {len(files)} files in {captures / 'iex'}"
    for path in files:
        types = check_stream(path, compare(dump, path))
        print(f"{path.relative_to(captures)}: {dict(sorted(types.items()))} agree")
        if path.name != "TOPS16.pcapng.gz":
            continue
        row = re.search(r"`TOPS16\.pcapng\.gz`.*?([\d,]+) messages \(([^)]*)\)",
                        (captures / "MANIFEST.md").read_text())
        total = int(row[1].replace(",", ""))
        wanted = {kind: int(n.replace(",", ""))
                  for kind, n in re.findall(r"([A-Z]) ([\d,]*\d)", row[2])}
        assert total == 57674 and sum(wanted.values()) == total
        assert types == wanted, f"{path}: {types}, the manifest says {wanted}"


def main():
    dump, captures = sys.argv[1], os.environ.get("TAPELINE_CAPTURES")
    with tempfile.TemporaryDirectory() as folder:
        check_made_captures(dump, pathlib.Path(folder))
    if captures:
        check_real_captures(dump, pathlib.Path(captures))
    else:
        print("TAPELINE_CAPTURES is not set: no real captures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
