#!/usr/bin/env python3
"""The archive's frames beside the zstd program: the same bytes, a pcap of raw IP packets in the page
cache, at the same level, with checksums, into a file in the same folder, on one processor.

Speed is bytes of pcap per second of processor time of the whole process (user and system), ours
with its reading of packets and its index. Repetitions take turns; a ratio is taken in each round, then its
median. `zstd` compresses the file as one frame; `zstd -B` in blocks that know nothing of each other,
of our frame size, which is what a ratio of ours can be held against.

Usage: archive_bench.py ARCHIVE_BENCH FILE.pcap [--repetitions N] [--check] [--json FILE]. With
--check, exits 1 when a goal is missed.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile

import report

FRAME_BYTES = 65536
LEVELS = (1, 3, 6)
GOAL_LEVELS = (1, 3)
GOAL_SPEED, GOAL_RATIO = 0.9, 0.97
DICTIONARY_BYTES = (16384, 112640)


def one_processor():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def seconds_of(command):
    """Processor time of a process, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=one_processor)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


class Bench:
    def __init__(self, program, pcap, folder):
        self.program, self.pcap, self.folder = program, pcap, folder
        self.bytes = pcap.stat().st_size

    def ours(self, level, frame_bytes=FRAME_BYTES, dictionary=None):
        command = [self.program, self.pcap, self.folder, str(level), str(frame_bytes)]
        seconds, path = seconds_of(command + ([dictionary] if dictionary else []))
        path = pathlib.Path(path.strip())
        size = path.stat().st_size
        if not dictionary:
            self.same_bytes(path)
        path.unlink()
        return self.bytes / seconds, self.bytes / size

    def same_bytes(self, path):
        with subprocess.Popen(["zstd", "-q", "-d", "-c", path], stdout=subprocess.PIPE) as plain:
            if subprocess.run(["cmp", "-s", "-", self.pcap], stdin=plain.stdout, check=False).returncode:
                sys.exit(f"{path}: not the bytes that went in")

    def zstd(self, level):
        out = self.folder / "rival.zst"
        seconds, _ = seconds_of(["zstd", "-q", "-f", f"-{level}", "--single-thread", "--check", self.pcap, "-o", out])
        size = out.stat().st_size
        out.unlink()
        return self.bytes / seconds, self.bytes / size

    def zstd_blocks(self, level):
        """Ratio of the zstd program where it compresses blocks of our frame size for themselves."""
        said = subprocess.run(["zstd", "-q", f"-b{level}", f"-B{FRAME_BYTES}", "-i0", self.pcap], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        sizes = re.search(r"(\d+) +(\d+) +\(?x?([\d.]+)", said) or re.search(r"(\d+) *-> *(\d+) *\(", said)
        if not sizes:
            sys.exit(f"zstd -b said what is not understood: {said}")
        return self.bytes / int(sizes.group(2)) if int(sizes.group(1)) == self.bytes else float(sizes.group(3))

    def dictionary(self, size):
        """Trained on frames of the file itself, every 16th of its first 64 MiB, which flatters it."""
        path = self.folder / f"dictionary-{size}"
        sample = self.folder / "sample"
        with self.pcap.open("rb") as pcap, sample.open("wb") as out:
            for at in range(0, min(self.bytes, 1 << 26), 16 * FRAME_BYTES):
                pcap.seek(at)
                out.write(pcap.read(FRAME_BYTES))
        subprocess.run(["zstd", "-q", "-f", "--train", f"-B{4096}", f"--maxdict={size}", sample, "-o", path], check=True)
        return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("pcap", type=pathlib.Path)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()

    print(f"{platform.node()}: {report.processor()}, {platform.system()} {platform.release()}, "
          f"{subprocess.run(['zstd', '--version'], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()}")
    memory = pathlib.Path("/dev/shm")
    figures, failed = [], False
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        bench = Bench(arguments.program, arguments.pcap, pathlib.Path(folder))
        print(f"{bench.bytes / 1e6:.0f} MB of pcap into {folder}, {arguments.repetitions} repetitions")
        print(f"{'frames of 64 KiB against zstd':<34}{'MB/s':>8}{'zstd':>8}{'speed':>8}{'ratio':>8}"
              f"{'zstd -B':>9}{'zstd':>7}{'ratio':>8}  goals")
        for level in LEVELS:
            speeds, against = [], []
            for _ in range(arguments.repetitions):
                mine, ratio = bench.ours(level)
                rival, whole = bench.zstd(level)
                speeds.append((mine, rival))
                against.append(mine / rival)
            blocks = bench.zstd_blocks(level)
            speed, of_ratio = statistics.median(against), ratio / blocks
            wanted = level in GOAL_LEVELS
            met = speed >= GOAL_SPEED and of_ratio >= GOAL_RATIO
            failed = failed or (wanted and not met)
            verdict = f">= {GOAL_SPEED:g}x, >= {GOAL_RATIO:g}x {'met' if met else 'MISSED'}" if wanted else ""
            mine, rival = (statistics.median(column) / 1e6 for column in zip(*speeds))
            print(f"{f'level {level}':<34}{mine:>8.0f}{rival:>8.0f}{speed:>7.2f}x{ratio:>8.3f}{blocks:>9.3f}"
                  f"{whole:>7.3f}{of_ratio:>7.3f}x  {verdict}")
            figures.append({"figure": f"level_{level}", "bytes_per_second": mine * 1e6, "zstd_bytes_per_second": rival * 1e6,
                            "speed": speed, "ratio": ratio, "zstd_block_ratio": blocks, "zstd_ratio": whole,
                            "of_ratio": of_ratio, "met": met if wanted else None})
        print(f"{'settings':<34}{'MB/s':>8}{'ratio':>8}")
        settings = [(f"level {level}, frames of {size // 1024} KiB", level, size, None)
                    for level in LEVELS for size in (16384, 262144)]
        settings += [(f"level {level}, dictionary of {size // 1024} KiB", level, FRAME_BYTES, size)
                     for level in LEVELS for size in DICTIONARY_BYTES]
        for name, level, frame_bytes, size in settings:
            dictionary = bench.dictionary(size) if size else None
            measured = [bench.ours(level, frame_bytes, dictionary) for _ in range(max(1, arguments.repetitions // 2))]
            speed, ratio = (statistics.median(column) for column in zip(*measured))
            print(f"{name:<34}{speed / 1e6:>8.0f}{ratio:>8.3f}")
            figures.append({"figure": name, "bytes_per_second": speed, "ratio": ratio})
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if arguments.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
