#!/usr/bin/env python3
"""A real Prometheus scrapes a running process: it is up, its pools can be asked for, and an alert
fires when a line is cut.

usage: scrape.py TAPELINE
The shipped configuration and rules are used, with shorter intervals. Needs prometheus.
"""
import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABELS = {"feed": "nasdaq", "channel": "totalview", "line": "B"}
CONFIG = """
feeds:
  - name: nasdaq
    channels:
      - name: totalview
        line_dead_ms: 1000
        lines:
          - {{name: A, group: 239.192.80.1, port: {lines}, interface: lo}}
          - {{name: B, group: 239.192.80.2, port: {lines}, interface: lo}}
archive: {{enabled: true, directory: {folder}/archive, ring_batches: 4096}}
status: {{address: 127.0.0.1, port: {port}}}
"""


def free_port(kind=socket.SOCK_STREAM):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def until(what, condition, seconds=15):
    """The first true value of the condition."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if value := condition():
                return value
        if time.monotonic() > deadline:
            sys.exit(f"FAIL: no {what} within {seconds} s")
        time.sleep(0.1)


def require(condition, what):
    if not condition:
        sys.exit("FAIL: " + what)


def write_prometheus_files(folder, target):
    """The shipped files, with the port of this test and times of a test."""
    shipped = ROOT / "configs/prometheus"
    config = (shipped / "prometheus.yaml").read_text()
    config = re.sub(r"(scrape|evaluation)_interval: \S+", r"\1_interval: 500ms", config)
    config = config.replace("127.0.0.1:9600", f"127.0.0.1:{target}")
    require(f":{target}]" in config, "the shipped configuration has no 127.0.0.1:9600")
    (folder / "prometheus.yaml").write_text(config)
    rules = re.sub(r"^( +for: )\S+$", r"\g<1>1s", (shipped / "alerts.yaml").read_text(), flags=re.M)
    (folder / "alerts.yaml").write_text(rules)


class Prometheus:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/api/v1/"

    def query(self, expression):
        """[(labels, value)]"""
        answer = fetch(self.url + "query?" + urllib.parse.urlencode({"query": expression}))
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def value(self, expression):
        found = self.query(expression)
        return found[0][1] if found else None

    def firing(self):
        return [alert for alert in fetch(self.url + "alerts")["data"]["alerts"] if alert["state"] == "firing"]


def check(prometheus, status_url):
    until("up", lambda: prometheus.value('up{job="tapeline"}') == 1)
    until("readiness in Prometheus", lambda: prometheus.value("tapeline_process_ready") == 1)
    require(len(prometheus.query("tapeline_pool_acquires_total")) == 3, "acquires of three pools")
    acquires = 'tapeline_pool_acquires_total{pool="serialization"}'
    first = until("acquires", lambda: prometheus.value(acquires))
    now = fetch(status_url)["pools"]["serialization"]["acquires"]
    require(0 < first <= now, f"{first} acquires were scraped, and /status has {now} later")
    until("more acquires", lambda: prometheus.value(acquires) > first)
    until("latency by Prometheus", lambda: (prometheus.value(
        "histogram_quantile(0.99, rate(tapeline_channel_latency_seconds_bucket[5s]))") or 0) > 0)
    require(not prometheus.firing(), f"alerts of a healthy process: {prometheus.firing()}")

    alert = until("alert of the line that was cut", prometheus.firing, 20)[0]
    require(alert["labels"]["alertname"] == "TapelineLineDead", str(alert))
    require(LABELS.items() <= alert["labels"].items(), str(alert))
    require(alert["annotations"]["summary"] == "line B of nasdaq/totalview is silent", str(alert))


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="tapeline-prometheus-") as name, contextlib.ExitStack() as children:
        folder = pathlib.Path(name)

        def start(*command):
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

            def end():
                child.send_signal(signal.SIGTERM)
                child.wait(30)
            children.callback(end)
            return child

        status, lines, web = free_port(), free_port(socket.SOCK_DGRAM), free_port()
        (folder / "tapeline.yaml").write_text(CONFIG.format(lines=lines, folder=folder, port=status))
        write_prometheus_files(folder, status)
        process = start(program, "run", folder / "tapeline.yaml")
        until("answer of tapeline run", lambda: fetch(f"http://127.0.0.1:{status}/healthz"))
        start(program, "simulate", "--rate", "5000", "--duration", "60", "--instruments", "100",
              "--to-a", f"239.192.80.1:{lines}", "--to-b", f"239.192.80.2:{lines}", "--faults", "dead-b=9s-")
        start("prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
              f"--web.listen-address=127.0.0.1:{web}")
        check(Prometheus(web), f"http://127.0.0.1:{status}/status")
        require(process.poll() is None, "tapeline run ended")
    print("prometheus: up, counters of the pools, and an alert for the line that was cut")


if __name__ == "__main__":
    main()
