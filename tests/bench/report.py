#!/usr/bin/env python3
"""Turns Google Benchmark's JSON into a table of figures with rival, ratio, spread and goal.

Usage: report.py GROUP RESULT.json [--check] [--json FILE]. A figure's rate is the median of its
repetitions' items_per_second; the ratio is against its rival in the same run. Goals are in
goals.json beside this file. With --check, exits 1 when a figure misses its goal or is absent.
"""
import argparse
import json
import pathlib
import platform
import statistics
import sys


def rates_of(result):
    rates = {}
    for row in result["benchmarks"]:
        if row.get("run_type") == "iteration" and "items_per_second" in row:
            name = row["run_name"].split("/")[0]
            rates.setdefault(name, []).append(row["items_per_second"])
    return rates


def judge(goal, rate, ratio):
    """None when there is no goal, else (text, met)."""
    if "goal_rate" in goal:
        return f">= {goal['goal_rate'] / 1e6:g} M/s", rate >= goal["goal_rate"]
    if "goal_ratio" in goal:
        return f">= {goal['goal_ratio']:g}x", ratio is not None and ratio >= goal["goal_ratio"]
    return None


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("group")
    parser.add_argument("result", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()

    goals = json.loads((pathlib.Path(__file__).parent / "goals.json").read_text())
    rates = rates_of(json.loads(arguments.result.read_text()))
    figures, failed = [], False
    for goal in goals[arguments.group]:
        values = rates.get(goal["figure"])
        if not values:
            print(f"{goal['figure']}: not measured", file=sys.stderr)
            failed = True
            continue
        rate = statistics.median(values)
        rival = rates.get(goal.get("rival", ""))
        ratio = rate / statistics.median(rival) if rival else None
        verdict = judge(goal, rate, ratio)
        failed = failed or (verdict is not None and not verdict[1])
        figures.append({"figure": goal["figure"], "what": goal["what"], "messages_per_second": rate,
                        "lowest": min(values), "highest": max(values), "repetitions": len(values),
                        "rival": goal.get("rival"), "ratio": ratio,
                        "goal": verdict[0] if verdict else None,
                        "met": verdict[1] if verdict else None})

    print(f"{platform.node()}: {processor()}, {platform.system()} {platform.release()}")
    print(f"{'figure':<50}{'M msg/s':>9}{'lowest':>9}{'highest':>9}  {'rival':<26}{'ratio':>7}  goal")
    for f in figures:
        ratio = f"{f['ratio']:.2f}x" if f["ratio"] else ""
        goal = f"{f['goal']} {'met' if f['met'] else 'MISSED'}" if f["goal"] else ""
        print(f"{f['what']:<50}{f['messages_per_second'] / 1e6:>9.1f}{f['lowest'] / 1e6:>9.1f}"
              f"{f['highest'] / 1e6:>9.1f}  {f['rival'] or '':<26}{ratio:>7}  {goal}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if arguments.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
