#!/usr/bin/env python3
"""Turns what pool_bench wrote into tables, goals and a plot.

Usage: report_pool.py RESULT.json [--check] [--json FILE] [--svg FILE] [--markdown FILE]
[--command TEXT]. A figure is the median of the repetitions. A ratio is taken in each repetition
between two figures of that repetition, and then its median; where the middle half of the ratios
lies on both sides of a goal, the machine was too noisy to say, and the report says so. Goals are
in goals.json beside this file. With --check, exits 1 when a goal is missed or was not measured.
--markdown replaces what stands between the lines "<!-- pool: begin -->" and "<!-- pool: end -->"
of FILE, or writes FILE when there is none.
"""
import argparse
import datetime
import json
import pathlib
import statistics
import subprocess
import sys

import plot
import report

LOOPS = {"pair": "pairs, one thread", "burst": "bursts of 32", "two_threads": "pairs, two threads",
         "hand_off": "hand-off", "hand_off_touched": "hand-off, first line touched"}
PLOTTED = ("pair", "burst", "two_threads", "hand_off")
TIMED = {"one_thread": "one thread", "two_threads": "two threads, each its own pairs",
         "hand_off": "hand-off"}
SHAPES = {"mean": "mean", "p50": "p50", "p99": "p99", "p999": "p99.9"}
OURS = "tapeline pool"
BEGIN, END = "<!-- pool: begin -->", "<!-- pool: end -->"


def short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ordered(figures):
    """Contenders, ours first, then by median."""
    return sorted(figures, key=lambda name: (not name.startswith(OURS),
                                             statistics.median(figures[name])))


def judge(goal, results):
    """One goal held against the results; None for "met" when it was not measured."""
    values = results.get(goal["measure"], {}).get(goal["contender"], [])
    limit, unit = goal["at_most"], goal.get("unit", "")
    rival = goal.get("rival")
    if rival:
        others = results.get(rival["measure"], {}).get(rival["contender"], [])
        values = [value / other for value, other in zip(values, others) if other > 0]
        unit = "x"
    if not values:
        return {**goal, "value": None, "met": None, "noisy": False, "unit": unit}
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    value = statistics.median(values)
    return {**goal, "value": value, "lowest": min(values), "highest": max(values),
            "met": value <= limit, "noisy": quarters[0] <= limit < quarters[2], "unit": unit}


def goal_row(goal):
    unit = goal["unit"] if goal["unit"] in ("", "x") else " " + goal["unit"]
    if goal["value"] is None:
        return [goal["what"], "", "", f"<= {goal['at_most']:g}{unit}", "NOT MEASURED"]
    verdict = "met" if goal["met"] else "MISSED"
    if goal["noisy"]:
        verdict += ", within the noise"
    return [goal["what"], short(goal["value"]) + unit,
            f"{short(goal['lowest'])} to {short(goal['highest'])}",
            f"<= {goal['at_most']:g}{unit}", verdict]


def loop_table(results):
    measured = [loop for loop in LOOPS if loop in results]
    figures = {**results.get("burst", {}), **results.get("pair", {})}
    names = ordered(figures)
    rows = []
    for name in names:
        row = [name]
        for loop in measured:
            values = results[loop].get(name)
            row.append(f"{short(statistics.median(values))} ({short(min(values))} to "
                       f"{short(max(values))})" if values else "")
        rows.append(row)
    return ["ns per buffer, median (lowest to highest)"] + [LOOPS[loop] for loop in measured], rows


def latency_table(results, timed):
    head = [f"ns, {TIMED[timed]}"] + [f"{operation} {shape}" for operation in ("acquire", "release")
                                      for shape in SHAPES.values()]
    rows = []
    for name in ordered(results[f"{timed}_acquire_mean"]):
        rows.append([name] + [short(statistics.median(results[f"{timed}_{operation}_{key}"][name]))
                              for operation in ("acquire", "release") for key in SHAPES])
    return head, rows


def exhausted_table(results):
    rows = []
    for measure, what in (("exhausted_acquire", "acquire from the reserve"),
                          ("exhausted_acquire_touch", "acquire, then write to all 32 pages")):
        for name in ordered(results.get(f"{measure}_p50", {})):
            rows.append([f"{what}: {name}"] + [
                short(statistics.median(results[f"{measure}_{key}"][name]))
                for key in SHAPES if key != "mean"])
    return ["ns, all ordinary buffers in use"] + list(SHAPES.values())[1:], rows


def swap_table(results):
    rows = []
    for loop in ("pair", "two_threads", "hand_off"):
        if f"{loop}_takes" in results:
            rows.append([LOOPS[loop]] + [
                short(statistics.median(results[f"{loop}_{what}"][OURS]))
                for what in ("takes", "lost_races")])
    return ["shared head, for 1000 pairs", "batches taken", "races lost"], rows


def tables(results, goals):
    result = [(["goal", "measured", "lowest to highest", "wanted", "verdict"],
               [goal_row(goal) for goal in goals]), loop_table(results)]
    result += [latency_table(results, timed) for timed in TIMED
               if f"{timed}_acquire_mean" in results]
    if "exhausted_acquire_p50" in results:
        result += [exhausted_table(results), swap_table(results)]
    return result


def as_text(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in [head, *rows])


def as_markdown(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def commit():
    def git(*arguments):
        return subprocess.run(["git", *arguments], capture_output=True, text=True,
                              check=True).stdout.strip()
    try:
        changed = git("status", "--porcelain", "--", "pool", "tests/bench/pool")
        return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def origin(document, command):
    return (f"{datetime.date.today().isoformat()}, command `{command}`, "
            f"{document['repetitions']} repetitions, commit {commit()}, {report.processor()}, "
            f"{document['processors']} processors, {document['compiler'].strip()}, the clock's step "
            f"{short(document['clock_step_ns'])} ns")


def write_markdown(path, text):
    if path.exists():
        old = path.read_text()
        if old.count(BEGIN) != 1 or old.count(END) != 1:
            raise SystemExit(f"{path}: wants one line '{BEGIN}' and one '{END}'")
        before, rest = old.split(BEGIN)
        text = f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}"
    path.write_text(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("result", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--svg", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--command", default="")
    arguments = parser.parse_args()

    document = json.loads(arguments.result.read_text())
    results = document["results"]
    wanted = json.loads((pathlib.Path(__file__).parent / "goals.json").read_text())["pool"]
    goals = [judge(goal, results) for goal in wanted]
    skipped = [f"skipped: {skip['name']} ({skip['why']})" for skip in document["skipped"]]
    described = origin(document, arguments.command)
    all_tables = tables(results, goals)

    print("\n\n".join([described, *skipped, *(as_text(*table) for table in all_tables)]))
    if arguments.json:
        arguments.json.write_text(json.dumps({"origin": described, "goals": goals, **document},
                                             indent=1) + "\n")
    if arguments.svg:
        panels = [(LOOPS[loop], results[loop]) for loop in PLOTTED if loop in results]
        arguments.svg.write_text(plot.bars(panels, "ns per buffer", OURS, described))
    if arguments.markdown:
        write_markdown(arguments.markdown, "\n\n".join(
            [described + ".", *skipped, *(as_markdown(*table) for table in all_tables)]))
    return 1 if arguments.check and not all(goal["met"] for goal in goals) else 0


if __name__ == "__main__":
    sys.exit(main())
