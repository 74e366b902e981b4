#!/usr/bin/env python3
"""Figures of status_bench as a table: what it costs the feed to be watched.

Each replay is compared with the replay of the same round that nobody looked at; the ratio is the
median of the rounds, beside it are their quartiles. The goal is one of messages per second of
processor time of the feed's thread: the visitors stand on the same processors here, which they do
not where it matters, and so does whatever else the machine does.

Usage: report_status.py FILE [--check] [--json FILE]. With --check, exits 1 when a goal is missed.
"""
import argparse
import json
import pathlib
import platform
import statistics
import sys

import report

GOALS = {"watched": 0.99, "attacked": 0.99}
WHAT = {"alone": "nobody looks", "watched": "dashboard open, scraped each second",
        "watched_often": "dashboard open, scraped 50 times a second", "attacked": "500 slow clients"}


def ratios(rounds, kind, seconds):
    """Of rates: what the replays of this kind reached of the one alone, by round."""
    values = []
    for passes in rounds:
        by_kind = {one["kind"]: one for one in passes}
        mine, alone = by_kind[kind], by_kind["alone"]
        values.append(alone[seconds] / mine[seconds] * mine["messages"] / alone["messages"])
    return values


def with_quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.3f}x ({low:.3f} to {high:.3f})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    rounds = json.loads(arguments.file.read_text())["rounds"]
    if len(rounds) < 2:
        sys.exit("report_status.py: two rounds at least")

    print(f"{platform.node()}: {report.processor()}, {platform.system()} {platform.release()}, {len(rounds)} rounds")
    print(f"{'replay':<42}{'M msg/s':>8}  {'by the clock':<24}{'by processor time':<24}goal")
    figures, failed = [], False
    for kind, what in WHAT.items():
        passes = [one for group in rounds for one in group if one["kind"] == kind]
        if kind != "alone" and any(one["looks"] == 0 for one in passes):
            sys.exit(f"report_status.py: {what}: a replay was over before it was looked at")
        clock, cpu = ratios(rounds, kind, "wall_seconds"), ratios(rounds, kind, "cpu_seconds")
        goal = GOALS.get(kind)
        met = None if goal is None else statistics.median(cpu) >= goal
        failed = failed or met is False
        rate = statistics.median(one["messages"] / one["wall_seconds"] for one in passes) / 1e6
        verdict = "" if goal is None else f">= {goal:g}x {'met' if met else 'MISSED'}"
        columns = ["", ""] if kind == "alone" else [with_quartiles(clock), with_quartiles(cpu)]
        print(f"{what:<42}{rate:>8.2f}  {columns[0]:<24}{columns[1]:<24}{verdict}".rstrip())
        figures.append({"figure": kind, "what": what, "messages_per_second": rate * 1e6, "ratios": clock,
                        "ratio": statistics.median(clock), "ratios_by_processor_time": cpu,
                        "ratio_by_processor_time": statistics.median(cpu), "goal": goal, "met": met})
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if arguments.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
