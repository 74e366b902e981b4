#!/usr/bin/env python3
"""What it costs to be watched: the same replay without a watcher, with an open dashboard and a
scrape each second, and with 500 slow clients. The three take turns; a ratio is taken in each round
against the round's replay without a watcher, then its median.

The slow clients stand on the same processors as the replay here, which they do not where it matters.
So their goal is one of messages per second of processor time of the feed's thread.

Usage: status_bench.py TAPELINE CAPTURE [--repetitions N] [--check] [--json FILE]. With --check, exits
1 when a goal is missed.
"""
import argparse
import contextlib
import json
import pathlib
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

import report

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from slow_clients import SlowClients  # noqa: E402 pylint: disable=wrong-import-position

SLOW_CLIENTS = 500
GOALS = {"watched": 0.99, "attacked": 0.99}
WHAT = {"alone": "nobody looks", "watched": "dashboard open, scraped each second",
        "attacked": f"{SLOW_CLIENTS} slow clients"}


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Watcher:
    """Reads /events as a dashboard does, and /metrics each second as Prometheus does."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.events = self.scrapes = 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.look), threading.Thread(target=self.scrape)]

    def look(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + "/events", timeout=5) as events:
            for line in events:
                self.events += line.startswith(b"data: ")

    def scrape(self):
        while not self.stopped.wait(1):
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url + "/metrics", timeout=5) as page:
                page.read()
                self.scrapes += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def wait_until_it_answers(process, port):
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)


class ThreadTime(threading.Thread):
    """Processor time of the first thread of a process, which is the feed's, until it ends."""

    def __init__(self, pid):
        super().__init__()
        self.file = pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat")
        self.seconds = 0.0
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:  # until the process is gone
                self.seconds = max(self.seconds, int(self.file.read_text().split()[0]) / 1e9)
                time.sleep(0.005)


def replay(program, capture, variant):
    """Messages per second, and per second of processor time of the feed's thread."""
    port = free_port()
    process = subprocess.Popen([program, "replay", capture, "--status", f"127.0.0.1:{port}", "--quiet",
                                "--format", "json", "--top", "1"], stdout=subprocess.PIPE)
    thread = ThreadTime(process.pid)
    wait_until_it_answers(process, port)
    visitors = {"alone": contextlib.nullcontext, "watched": lambda: Watcher(port),
                "attacked": lambda: SlowClients(port, SLOW_CLIENTS, eager=False)}[variant]
    with visitors() as visitor:
        output = process.stdout.read()
    process.wait()
    thread.join()
    if process.returncode != 0:
        sys.exit(f"the replay ended with {process.returncode}")
    if variant == "watched" and (visitor.events < 2 or visitor.scrapes < 1):
        sys.exit(f"{visitor.events} events and {visitor.scrapes} scrapes: the capture is too short")
    if variant == "attacked" and visitor.opened < SLOW_CLIENTS:
        sys.exit("the slow clients found no server")
    document = json.loads(output)
    messages = document["feeds"][0]["channels"][0]["messages"]
    return messages / document["summary"]["elapsed_seconds"], messages / thread.seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("capture")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()

    rates = {variant: [] for variant in WHAT}
    for repetition in range(arguments.repetitions):
        order = list(WHAT)
        order = order[repetition % 3:] + order[:repetition % 3]
        for variant in order:
            rates[variant].append(replay(arguments.program, arguments.capture, variant))

    print(f"{platform.node()}: {report.processor()}, {platform.system()} {platform.release()}")
    print(f"{'replay':<40}{'M msg/s':>9}{'lowest':>9}{'highest':>9}{'ratio':>8}{'by CPU':>8}  goal")
    figures, failed = [], False
    for variant, measured in rates.items():
        values = [rate for rate, _ in measured]
        against = [[mine / other for mine, other in zip(one, alone)]
                   for one, alone in zip(measured, rates["alone"])]
        ratio, by_cpu = (statistics.median(column) for column in zip(*against))
        goal = GOALS.get(variant)
        met = None if goal is None else (by_cpu if variant == "attacked" else ratio) >= goal
        failed = failed or met is False
        verdict = "" if goal is None else f">= {goal:g}x {'met' if met else 'MISSED'}"
        print(f"{WHAT[variant]:<40}{statistics.median(values) / 1e6:>9.2f}{min(values) / 1e6:>9.2f}"
              f"{max(values) / 1e6:>9.2f}{ratio:>7.3f}x{by_cpu:>7.3f}x  {verdict}")
        figures.append({"figure": variant, "what": WHAT[variant], "messages_per_second": values, "ratio": ratio,
                        "ratio_by_processor_time": by_cpu, "goal": goal, "met": met})
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if arguments.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
