#!/usr/bin/env python3
"""The ready-made configurations in configs/: correct to the tools that read them, and about metrics
that exist.

usage: check_configs.py   (from anywhere)
Needs promtool; systemd-analyze is used where it is there.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
MOST_EXPOSURE = 2.0


def metric_names():
    """{name: kind} of docs/metrics.md, which is made from the table in the code."""
    rows = re.findall(r"^\| `(tapeline_\w+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.M)
    return dict(rows)


def series_names():
    """What Prometheus makes of them."""
    names = set()
    for name, kind in metric_names().items():
        names |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return names


def used_metrics(expression):
    """Names in an expression that are not labels and not functions."""
    return set(re.findall(r"\btapeline_\w+", expression))


class Prometheus(unittest.TestCase):
    def promtool(self, *arguments):
        result = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_configuration(self):
        self.promtool("check", "config", CONFIGS / "prometheus/prometheus.yaml")

    def test_rules(self):
        self.promtool("check", "rules", "--lint=all", "--lint-fatal", CONFIGS / "prometheus/alerts.yaml")

    def test_rules_fire_when_they_should(self):
        self.promtool("test", "rules", ROOT / "tests/prometheus/alerts_test.yaml")

    def test_every_alert_is_tested(self):
        alerts = re.findall(r"- alert: (\w+)", (CONFIGS / "prometheus/alerts.yaml").read_text())
        tests = (ROOT / "tests/prometheus/alerts_test.yaml").read_text()
        self.assertEqual([alert for alert in alerts if alert not in tests], [])
        self.assertIn(f"value: {len(alerts)}}}", tests)

    def test_metrics_of_rules_exist(self):
        used = used_metrics((CONFIGS / "prometheus/alerts.yaml").read_text())
        self.assertGreater(len(used), 10)
        self.assertEqual(used - series_names(), set())


class Grafana(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads((CONFIGS / "grafana/tapeline.json").read_text())

    def expressions(self):
        return [target["expr"] for panel in self.dashboard["panels"] for target in panel.get("targets", [])]

    def test_metrics_exist(self):
        used = set().union(*map(used_metrics, self.expressions()))
        self.assertGreater(len(used), 20)
        self.assertEqual(used - series_names(), set())

    def test_expressions_are_promql(self):
        for expression in self.expressions():
            plain = expression.replace("$__rate_interval", "1m").replace("$instance", ".*")
            rule = json.dumps({"groups": [{"name": "g", "rules": [{"record": "r", "expr": plain}]}]})
            result = subprocess.run(["promtool", "check", "rules", "/dev/stdin"], input=rule, text=True,
                                    capture_output=True, check=False)
            self.assertEqual(result.returncode, 0, expression + result.stderr)

    def test_panels_do_not_overlap(self):
        taken = set()
        for panel in self.dashboard["panels"]:
            where = panel["gridPos"]
            cells = {(x, y) for x in range(where["x"], where["x"] + where["w"])
                     for y in range(where["y"], where["y"] + where["h"])}
            self.assertFalse(taken & cells, panel["title"])
            self.assertLessEqual(where["x"] + where["w"], 24)
            taken |= cells
        numbers = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(numbers), len(set(numbers)))


class Systemd(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_unit_is_hardened(self):
        unit = CONFIGS / "systemd/tapeline.service"
        result = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
                                capture_output=True, text=True, check=False)
        exposure = re.search(r"Overall exposure level for tapeline.service: ([\d.]+)", result.stdout)
        self.assertTrue(exposure, result.stdout + result.stderr)
        self.assertLessEqual(float(exposure.group(1)), MOST_EXPOSURE)


if __name__ == "__main__":
    sys.exit(unittest.main())
