#!/usr/bin/env python3
"""`tapeline run` under load, killed and started again.

Usage: run_killed.py TAPELINE [--kills N]

A simulated exchange sends two lines over loopback. Each run is killed after it has archived some
packets; the next one, beside its feed, makes the file whole that was left, and says so. In the end
`zstd -t` is clean, no open file is left, and there are at least the packets that each run said it had
written before it was killed. A file that is locked, as a living process has it, is not touched.
"""
import argparse
import fcntl
import json
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "live"))
from live_session import CONFIG, GROUPS, check, free_port, get, wait_until  # noqa: E402 pylint: disable=wrong-import-position

RATE = 20_000


def packets_in(file):
    pcap = subprocess.run(["zstd", "-q", "-d", "-c", file], check=True, capture_output=True).stdout
    count, offset = 0, 24
    while offset < len(pcap):
        offset += 16 + struct.unpack_from("<I", pcap, offset + 8)[0]
        count += 1
    check(offset == len(pcap), f"{file} ends inside a record")
    return count


class Runs:
    def __init__(self, tapeline, folder):
        self.tapeline, self.folder, self.status = tapeline, folder, free_port(socket.SOCK_STREAM)
        self.archive = folder / "archive"
        self.port = free_port(socket.SOCK_DGRAM)
        self.config = folder / "run.yaml"
        self.config.write_text(CONFIG.format(a=GROUPS[0], b=GROUPS[1], port=self.port, status=self.status,
                                             archive=self.archive))
        self.log = folder / "run.log"
        self.log.touch()

    def exchange(self, seconds):
        return subprocess.Popen(
            [self.tapeline, "simulate", "--duration", str(seconds), "--rate", str(RATE),
             "--to-a", f"{GROUPS[0]}:{self.port}", "--to-b", f"{GROUPS[1]}:{self.port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        with self.log.open("a", encoding="utf-8") as log:
            return subprocess.Popen([self.tapeline, "run", self.config], stdout=subprocess.DEVNULL, stderr=log)

    def archived(self):
        return json.loads(get(self.status, "/status"))["archives"][0]

    def wait_for_packets(self, process, more):
        wait_until("archived packets", lambda: self.archived()["packets"] >= more, process)

    def open_files(self):
        return sorted(self.archive.glob("*.pcap.zst.open"))


def play(runs, kills, seed):
    """Returns the packets that were acknowledged in the runs that were killed."""
    numbers = random.Random(seed)
    acknowledged = 0
    exchange = runs.exchange(600)
    try:
        for _ in range(kills):
            process = runs.start()
            try:
                runs.wait_for_packets(process, numbers.randrange(100, 3000))
                acknowledged += runs.archived()["packets"]
            finally:
                process.kill()
                process.wait()
        left, = runs.open_files()
        with left.open("rb") as living:
            fcntl.flock(living, fcntl.LOCK_EX)
            process = runs.start()
            try:
                runs.wait_for_packets(process, 1)
                check(left in runs.open_files(), "a locked file was touched")
            finally:
                process.send_signal(signal.SIGTERM)
                check(process.wait(30) == 0, "the run ended badly")
        process = runs.start()
        try:
            wait_until("repair of the last file", lambda: left not in runs.open_files(), process)
        finally:
            process.send_signal(signal.SIGTERM)
            check(process.wait(30) == 0, "the last run ended badly")
    finally:
        exchange.kill()
        exchange.wait()
    return acknowledged


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tapeline")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if shutil.which("zstd") is None:
        print("skipped: zstd is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        runs = Runs(arguments.tapeline, pathlib.Path(name))
        acknowledged = play(runs, arguments.kills, arguments.seed)
        check(not runs.open_files(), f"left open: {runs.open_files()}")
        files = sorted(runs.archive.glob("*.pcap.zst"))
        subprocess.run(["zstd", "-q", "-t", *files], check=True)
        packets = sum(packets_in(file) for file in files)
        check(packets >= acknowledged, f"{packets} packets, {acknowledged} were acknowledged")
        repairs = [line for line in runs.log.read_text(encoding="utf-8").splitlines() if "was left open" in line]
        check(len(repairs) == arguments.kills, f"repairs in the log: {repairs}")
        print(f"{arguments.kills} runs killed, {packets} packets in {len(files)} files, {acknowledged} acknowledged "
              f"before the kills; {repairs[0].split(' was left open, ')[1]}")


if __name__ == "__main__":
    main()
