#!/usr/bin/env python3
"""Turns what net_bench wrote into tables and goals.

Usage: report_net.py RESULT.json [--check] [--json FILE]. A figure is the median of the
repetitions; a ratio or difference is taken in each repetition, then its median. With --check, exits
1 when a goal is missed.
"""
import argparse
import json
import pathlib
import platform
import statistics
import sys

import report
from report_pool import as_text, short

MODES, SIZES = ("wait", "spin"), ("200", "1400")
HELD_RUNS = 2  # of 3 have to be without loss


def spread(values):
    return f"{short(statistics.median(values))} ({short(min(values))} to {short(max(values))})"


def goal(what, values, wanted, met):
    return {"what": what, "value": statistics.median(values), "values": values, "wanted": wanted,
            "met": met}


def at_most(what, values, limit, unit):
    return goal(what, values, f"<= {limit:g} {unit}", statistics.median(values) <= limit)


def at_least(what, values, limit, unit):
    return goal(what, values, f">= {limit:g} {unit}", statistics.median(values) >= limit)


def ratios(figures, above, below):
    return [a / b for a, b in zip(figures[above], figures[below]) if b > 0] or [0.0]


def goals_of(figures):
    late = [(ours - bare) / 1e3
            for ours, bare in zip(figures["tapeline_spin_p50_ns"], figures["bare_spin_p50_ns"])]
    goals = [at_most("spinning: median to the event, after the bare loop's", late, 2, "us")]
    for size in SIZES:
        for mode in MODES:
            goals.append(at_least(
                f"{mode}, {size} bytes: largest rate without loss, of the bare loop's",
                ratios(figures, f"tapeline_{mode}_rate_{size}", f"bare_{mode}_rate_{size}"),
                0.9, "x"))
        goals.append(at_most(
            f"{size} bytes: processor time per packet, of the bare loop's",
            ratios(figures, f"tapeline_cpu_ns_{size}", f"bare_cpu_ns_{size}"), 1.1, "x"))
    for name, what in (("hold_wait_400k", "waiting, 400,000 packets/s"),
                       ("hold_spin_600k", "spinning, 600,000 packets/s")):
        lost = figures[f"{name}_lost"]
        goals.append(goal(f"{what}: packets lost in 10 s, 4 MiB", lost,
                          f"0 in {HELD_RUNS} of {len(lost)}", lost.count(0) >= HELD_RUNS))
    goals.append(at_least("SoupBinTCP: frames of 50 bytes",
                          [rate / 1e6 for rate in figures["soup_frames"]], 20, "M/s"))
    return goals


def tables(figures, goals):
    yield (["goal", "measured", "lowest to highest", "wanted", "verdict"],
           [[g["what"], short(g["value"]), f"{short(min(g['values']))} to {short(max(g['values']))}",
             g["wanted"], "met" if g["met"] else "MISSED"] for g in goals])
    yield (["us from the kernel to the event, 100,000 messages/s", "p50", "p99", "p99.9"],
           [[f"{peer}, {mode}"] + [spread([ns / 1e3 for ns in figures[f"{peer}_{mode}_{key}_ns"]])
                                   for key in ("p50", "p99", "p999")]
            for mode in MODES for peer in ("bare", "tapeline")])
    yield (["1,000 packets/s without loss"] + [f"{mode}, {size} bytes" for mode in MODES
                                               for size in SIZES],
           [[peer] + [spread([rate / 1e3 for rate in figures[f"{peer}_{mode}_rate_{size}"]])
                      for mode in MODES for size in SIZES] for peer in ("bare", "tapeline")])
    yield (["ns of the receiver's processor per packet, waiting"] + [f"{s} bytes" for s in SIZES],
           [[what] + [spread(figures[f"{name}_cpu_ns_{size}"]) for size in SIZES]
            for name, what in (("bare", "bare"), ("tapeline", "tapeline"),
                               ("apart", "tapeline, udp_gro: false"),
                               ("books", "tapeline, with decoding, books and VWAPs"))])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("result", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    figures = json.loads(arguments.result.read_text())["figures"]
    goals = goals_of(figures)
    print(f"{platform.node()}: {report.processor()}, {platform.system()} {platform.release()}")
    for head, rows in tables(figures, goals):
        print("\n" + as_text(head, rows))
    if arguments.json:
        arguments.json.write_text(json.dumps({"goals": goals, "figures": figures}, indent=2) + "\n")
    return 1 if arguments.check and not all(g["met"] for g in goals) else 0


if __name__ == "__main__":
    sys.exit(main())
