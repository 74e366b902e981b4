#!/usr/bin/env python3
"""A gateway that sends JSON documents over TCP, and `tapeline run` and `tapeline replay` that read them.

Usage: json_lines.py TAPELINE

Plays a venue of the Coinbase kind: a snapshot of more than a megabyte, updates and trades with one
hole in their numbers; then the connection ends, and the next one begins with a new snapshot. What
the process says of itself is held against what was sent, at each step. The same lines as a file
are then replayed, plain and compressed.
"""
import contextlib
import decimal
import gzip
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

SYMBOL = "BTC-USD"
LEVELS = 30000
TRADES = 500
HOLE = 250  # the trade with this number is not sent
PATIENCE = 30


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def document(**members):
    return json.dumps(members, separators=(",", ":")) + "\n"


def snapshot(best_bid):
    return document(type="snapshot", product_id=SYMBOL,
                    bids=[[f"{best_bid - i}.25", f"1.{i:08}"] for i in range(LEVELS)],
                    asks=[[f"{best_bid + 1 + i}.25", f"2.{i:08}"] for i in range(LEVELS)])


def trades():
    """The documents of a session, and volume and notional of its trades."""
    text, volume, notional = "", decimal.Decimal(0), decimal.Decimal(0)
    for i in range(TRADES):
        if i == HOLE:
            continue
        price, size = decimal.Decimal(f"{50000 + i % 7}.125"), decimal.Decimal(f"0.{i + 1:08}")
        volume += size
        notional += price * size
        text += document(type="match", trade_id=1000 + i, maker_order_id="m", taker_order_id="t",
                         side="sell", size=str(size), price=str(price), product_id=SYMBOL,
                         sequence=i, time="2024-08-09T12:00:00.000000Z")
    return text, volume, notional


def update(changes):
    return document(type="l2update", product_id=SYMBOL, changes=changes,
                    time="2024-08-09T12:00:01.000000Z")


class Process:
    def __init__(self, tapeline, folder, server_port):
        self.log = open(folder / "log", "w+")
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = folder / "run.yaml"
        config.write_text(f"""feeds:
  - name: crypto
    protocol: json
    channels:
      - name: spot
        transport: json_lines
        json_lines: {{servers: ['127.0.0.1:{server_port}'], reconnect_ms: 10, reconnect_max_ms: 50}}
status: {{port: {self.port}}}
""")
        self.process = subprocess.Popen([tapeline, "run", str(config)], stdout=subprocess.DEVNULL,
                                        stderr=self.log)

    def status(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=5) as answer:
            return json.load(answer)

    def wait_for(self, what, condition):
        """Polls the status until `condition` holds for it; what it was last is in the error."""
        ends, last = time.monotonic() + PATIENCE, None
        while time.monotonic() < ends:
            check(self.process.poll() is None, f"the process ended with {self.process.returncode}")
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                last = self.status()
                if condition(last):
                    return last
            time.sleep(0.05)
        raise AssertionError(f"not seen: {what}; last status: {json.dumps(last)[:4000]}")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        return code, text


def channel_of(status):
    return status["feeds"][0]["channels"][0]


def top_of(status):
    rows = status["markets"][0]["top"]
    return next((row for row in rows if row["symbol"] == SYMBOL), None)


def live(tapeline, folder):
    text, volume, notional = trades()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        process = Process(tapeline, folder, server.getsockname()[1])
        try:
            first, _ = server.accept()
            first.sendall((snapshot(50000) + text + update([["buy", "50000.25", "0"]])).encode())
            status = process.wait_for("trades", lambda s: top_of(s) is not None
                                      and top_of(s)["trades"] == TRADES - 1
                                      and top_of(s)["bid"] == 49999.25)
            channel, top = channel_of(status), top_of(status)
            check(decimal.Decimal(top["volume"]) == volume, f"volume {top['volume']}, not {volume}")
            check(abs(top["vwap"] - float(notional / volume)) < 1e-9, f"VWAP {top['vwap']}")
            check(top["ask"] == 50001.25, f"ask {top['ask']}")
            check(status["markets"][0]["levels"] == 2 * LEVELS - 1, "levels")
            check(not channel["stale"], "the book is said to be stale")
            check(channel["incomplete"], "the hole in the trades is not said")
            check(channel["gaps"] == 1 and channel["lost_messages"] == 1, "gaps")

            first.close()
            status = process.wait_for("a stale book", lambda s: channel_of(s)["stale"])
            second, _ = server.accept()
            second.sendall(snapshot(60000).encode())
            status = process.wait_for("the new book", lambda s: not channel_of(s)["stale"]
                                      and top_of(s)["bid"] == 60000.25)
            check(decimal.Decimal(top_of(status)["volume"]) == volume, "the volume has gone")
            check(channel_of(status)["tcp"][0]["connections"] == 2, "connections")
        finally:
            code, log = process.end()
    check(code == 0, f"exit code {code}\n{log}")
    check(SYMBOL in log, f"the log does not name the gap\n{log}")


def replay(tapeline, folder):
    text, volume, _ = trades()
    content = (snapshot(50000) + text).encode()
    for name, stored in (("a.jsonl", content), ("a.jsonl.gz", gzip.compress(content))):
        path = folder / name
        path.write_bytes(stored)
        bars = folder / (name + ".csv")
        done = subprocess.run([tapeline, "replay", "--format", "json", "--bars", str(bars), str(path)],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        check(done.returncode == 0, f"{name}: exit code {done.returncode}\n{done.stderr}")
        status = json.loads(done.stdout)
        top = top_of(status)
        check(top["trades"] == TRADES - 1, f"{name}: {top['trades']} trades")
        check(decimal.Decimal(top["volume"]) == volume, f"{name}: volume {top['volume']}")
        check(channel_of(status)["messages"] == TRADES, f"{name}: {channel_of(status)['messages']}")
        rows = [row.split(",") for row in bars.read_text().splitlines()[1:]]
        check(any(row[1] == "2024-08-09T12:00:00Z" and decimal.Decimal(row[7]) == volume
                  for row in rows), f"{name}: no bar of that volume in {rows}")


def main():
    tapeline = sys.argv[1]
    for test in (live, replay):
        with tempfile.TemporaryDirectory() as folder:
            test(tapeline, pathlib.Path(folder))
        print(f"{test.__name__}: ok")


if __name__ == "__main__":
    main()
