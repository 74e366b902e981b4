#!/usr/bin/env python3
"""How exactly `tapeline replay --pace N --to udp://` keeps to the times of a capture.

Usage: pace_bench.py TAPELINE [--repetitions N] [--check] [--json FILE] [--seconds N] [--speeds N,...]

A capture of a minute (2,000 packets a second at uneven distances, seeded) is sent to a socket on
loopback at 1x, 10x and 0.5x. The kernel's receive time stamps tell when each packet came: how far
the last one is from its time after the first, in % of the whole, and how far each distance between
two packets is from what it should be. Of several repetitions the median counts.
"""
import argparse
import json
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading

SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
MOST_TOTAL_PERCENT = 0.1
MOST_SPACING_US = 100.0
START = 1_767_571_200_000_000_000


def write_capture(path, seconds):
    """Returns the times of the packets, from 0 on, in nanoseconds."""
    source = random.Random(20260105)
    times, at = [], 0
    while at < seconds * 1_000_000_000:
        times.append(at)
        at += int(source.expovariate(2_000) * 1e9) + 20_000
    times.append(seconds * 1_000_000_000)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101))
        for number, at in enumerate(times):
            payload = struct.pack(">Q", number) + bytes(192)
            udp = struct.pack(">HHHH", 26400, 26400, 8 + len(payload), 0) + payload
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                             bytes([10, 0, 0, 1]), bytes([239, 192, 64, 1]))
            when = START + at
            file.write(struct.pack("<IIII", when // 10**9, when % 10**9, len(ip + udp), len(ip + udp)))
            file.write(ip + udp)
    return times


class Receiver(threading.Thread):
    """Notes when each numbered packet came, by the kernel's clock."""

    def __init__(self, count):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:  # room for everything: the reader may be slower than the packets
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        except PermissionError:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(30)
        self.port = self.socket.getsockname()[1]
        self.came = [None] * count

    def run(self):
        for _ in range(len(self.came)):
            try:
                payload, extra, _, _ = self.socket.recvmsg(2048, 64)
            except TimeoutError:
                return
            for level, kind, data in extra:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanos = struct.unpack("qq", data[:16])
                    self.came[struct.unpack(">Q", payload[:8])[0]] = seconds * 10**9 + nanos


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def measure(tapeline, capture, times, speed):
    receiver = Receiver(len(times))
    receiver.start()
    subprocess.run([tapeline, "replay", capture, "--quiet", "--pace", f"{speed:g}", "--to",
                    f"udp://127.0.0.1:{receiver.port}"], check=True, stdout=subprocess.DEVNULL)
    receiver.join(timeout=60)
    came = receiver.came
    lost = sum(1 for moment in came if moment is None)
    if lost:
        raise SystemExit(f"pace_bench: {lost} of {len(came)} packets did not come")
    total = (came[-1] - came[0]) / (times[-1] / speed) - 1
    errors = [abs((came[i] - came[i - 1]) - (times[i] - times[i - 1]) / speed) / 1e3
              for i in range(1, len(times))]
    return {"total_percent": abs(total) * 100, "spacing_p50_us": percentile(errors, 0.5),
            "spacing_p99_us": percentile(errors, 0.99), "spacing_max_us": max(errors)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tapeline")
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--speeds", default="1,10,0.5")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json")
    arguments = parser.parse_args()

    figures, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "minute.pcap")
        times = write_capture(capture, arguments.seconds)
        print(f"{len(times):,} packets in {arguments.seconds} s")
        print(f"{'speed':>6} {'end off by':>12} {'spacing p50':>12} {'p99':>10} {'most':>10}  goal")
        for speed in map(float, arguments.speeds.split(",")):
            runs = [measure(arguments.tapeline, capture, times, speed)
                    for _ in range(arguments.repetitions)]
            row = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            met = (row["total_percent"] <= MOST_TOTAL_PERCENT
                   and row["spacing_p99_us"] < MOST_SPACING_US)
            failed = failed or not met
            figures.append({"speed": speed, "met": met, **row})
            print(f"{speed:>5g}x {row['total_percent']:>10.5f} % {row['spacing_p50_us']:>9.1f} us"
                  f" {row['spacing_p99_us']:>7.1f} us {row['spacing_max_us']:>7.0f} us  "
                  f"<= {MOST_TOTAL_PERCENT} %, p99 < {MOST_SPACING_US:g} us "
                  f"{'met' if met else 'MISSED'}", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)
            file.write("\n")
    return 1 if arguments.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
