#!/usr/bin/env python3
"""A simulated exchange with faults and servers, and `tapeline run` against it.

Usage: remedies.py TAPELINE [--rate N] [--spin] [CASE...]

Cases: requests (loss on both lines, closed by re-requests), line (one line dies), join (late, with
a snapshot), bridge (a gap on both lines, closed by a snapshot), lost (a gap that nothing closes),
broken (snapshots that break off), tcp (SoupBinTCP with resets and a snapshot first), restart (the
SoupBinTCP server goes away and comes back), overnight and overnight_tcp (one session after the
other). All without a case. Each ends with what the process
says of itself held against what is true of the session: messages, open orders, price levels, best
bid and offer.
"""
import argparse
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
import urllib.request

GROUPS = ("239.192.72.1", "239.192.72.2")
INSTRUMENTS = 100
SECONDS = 5


def free_port(kind):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check(condition, message):
    if not condition:
        raise AssertionError(message)


class Case:
    """One feed process and one exchange, with their ports and a folder."""

    def __init__(self, tapeline, rate, mode, folder):
        self.tapeline, self.rate, self.folder = tapeline, rate, pathlib.Path(folder)
        self.mode = mode
        self.messages = rate * SECONDS
        self.udp = free_port(socket.SOCK_DGRAM)
        self.requests = free_port(socket.SOCK_DGRAM)
        self.status, self.soup, self.glimpse = (free_port(socket.SOCK_STREAM) for _ in range(3))
        self.processes = []
        credentials = self.folder / "credentials"
        credentials.write_text("username=user\npassword=hunter2\n")
        credentials.chmod(0o600)
        (self.folder / "accounts").write_text("user hunter2\n")
        self.accounts = ["--credentials-file", str(self.folder / "accounts")]

    def config(self, recovery=False, snapshot=False, tcp=False):
        login = f"credentials_file: {self.folder / 'credentials'}"
        channel = ["      - name: totalview", f"        receive_mode: {self.mode}"]
        if tcp:
            channel += ["        transport: soupbintcp",
                        f"        soupbintcp: {{servers: ['127.0.0.1:{self.soup}'], {login}}}"]
        else:
            channel += ["        line_dead_ms: 500", "        lines:"]
            channel += [f"          - {{name: {name}, group: {group}, port: {self.udp}, interface: lo}}"
                        for name, group in zip("AB", GROUPS)]
        if recovery:
            channel.append(f"        recovery: {{servers: ['127.0.0.1:{self.requests}']}}")
        if snapshot:
            channel.append(f"        snapshot: {{servers: ['127.0.0.1:{self.glimpse}'], {login}}}")
        path = self.folder / "run.yaml"
        path.write_text("\n".join(
            ["feeds:", "  - name: nasdaq", "    channels:", *channel,
             "pool: {serialization: {buffer_count: 1024}}",
             f"archive: {{enabled: true, roll_seconds: 0, directory: {self.folder / 'archive'}}}",
             f"status: {{port: {self.status}}}", ""]))
        return path

    def start_run(self, config):
        self.log = open(self.folder / "run.log", "w", encoding="utf-8")
        self.run = subprocess.Popen([self.tapeline, "run", str(config), "--format", "json"],
                                    stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.processes.append(self.run)
        self.wait_until("health", lambda: "ok" in self.get("/healthz"))

    def start_exchange(self, *options, lines="AB", messages=None):
        command = [self.tapeline, "simulate", "--lines", lines, "--rate", str(self.rate),
                   "--messages", str(messages or self.messages), "--instruments", str(INSTRUMENTS),
                   "--ledger", str(self.folder / "ledger"), "--force", "--linger", "3", *options]
        if lines != "none":
            command += ["--to-a", f"{GROUPS[0]}:{self.udp}", "--to-b", f"{GROUPS[1]}:{self.udp}",
                        "--interface", "lo"]
        exchange = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.processes.append(exchange)
        return exchange

    def request_server(self):
        return ["--request-server", f"127.0.0.1:{self.requests}"]

    def glimpse_server(self):
        return ["--glimpse-server", f"127.0.0.1:{self.glimpse}", *self.accounts]

    def soup_server(self):
        return ["--soup-server", f"127.0.0.1:{self.soup}", *self.accounts]

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status}{path}", timeout=5) as answer:
            return answer.read().decode()

    def channel(self):
        return json.loads(self.get("/status"))["feeds"][0]["channels"][0]

    def wait_until(self, what, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if condition():
                    return
            check(self.run.poll() is None, f"tapeline run ended while waiting for {what}")
            check(time.monotonic() < deadline, f"no {what} within {seconds} s")
            time.sleep(0.05)

    def finish(self, exchange, expected=None):
        """Waits for the end of the session; returns the channel, the market and the log."""
        expected = expected or self.messages + 1

        def is_over():
            check(exchange.poll() in (None, 0), "tapeline simulate failed")
            return self.channel()["expected_sequence"] >= expected

        self.wait_until(f"message {expected}", is_over)
        errors = exchange.communicate(timeout=60)[1]
        check(exchange.returncode == 0, f"tapeline simulate failed: {errors}")
        self.run.send_signal(signal.SIGTERM)
        output = self.run.communicate(timeout=30)[0]
        self.log.close()
        log = (self.folder / "run.log").read_text(encoding="utf-8")
        check(self.run.returncode == 0, f"tapeline run ended with {self.run.returncode}:\n{log}")
        check("hunter2" not in log + output, "the password was told")
        summary = json.loads(output)
        self.archive = summary["archives"][0]
        return summary["feeds"][0]["channels"][0], summary["markets"][0], log

    def expect_books(self, channel, market):
        """The books are those of the exchange."""
        truth = [json.loads(line) for line in (self.folder / "ledger").read_text().splitlines()]
        sides = [side for entry in truth for side in (entry.get("bids", []), entry.get("asks", []))]
        check(not channel["stale"], "the books are stale")
        check(market["open_orders"] == sum(level[2] for side in sides for level in side),
              f"{market['open_orders']} open orders")
        check(market["levels"] == sum(len(side) for side in sides), f"{market['levels']} levels")
        check(market["anomalies"]["unknown_orders"] == 0, "orders were not known")
        by_symbol = {entry["symbol"]: entry for entry in truth}
        for row in market["top"]:
            for side, mine in (("bids", row["bid"]), ("asks", row["ask"])):
                levels = by_symbol[row["symbol"]].get(side, [])
                best = levels[0][0] / 10_000 if levels else None
                check(mine == best, f"{row['symbol']}: best of {side} is {mine}, not {best}")
        return truth

    def expect_totals(self, channel, market, truth):
        """Volumes and trades are those of the exchange."""
        check(not channel["incomplete"], "the totals are incomplete")
        by_symbol = {entry["symbol"]: entry for entry in truth}
        for row in market["top"]:
            check(row["volume"] == by_symbol[row["symbol"]]["volume"], f"volume of {row['symbol']}")
            check(row["trades"] == by_symbol[row["symbol"]]["trades"], f"trades of {row['symbol']}")


def requests(case):
    case.start_run(case.config(recovery=True))
    exchange = case.start_exchange(*case.request_server(), "--faults",
                                   "loss=5%,dup=2%,reorder=3%x16,server-loss=10%")
    channel, market, log = case.finish(exchange)
    check(channel["lost_messages"] == 0, f"{channel['lost_messages']} messages lost")
    check(channel["messages"] == case.messages, f"{channel['messages']} messages")
    check(channel["resolved"]["request"] > 0, "no hole was closed by a request")
    check("came by request" in log, "the log tells of no gap that was closed")
    case.expect_totals(channel, market, case.expect_books(channel, market))
    return f"{channel['resolved']['request']} holes closed by requests"


def line(case):
    case.start_run(case.config(recovery=True))
    exchange = case.start_exchange(*case.request_server(), "--faults", "dead-b=1s-")
    case.wait_until("dead line", lambda: "line B is dead" in case.get("/healthz"))
    check([one["alive"] for one in case.channel()["lines"]] == [True, False], "line states")
    channel, market, log = case.finish(exchange)
    check(channel["lost_messages"] == 0 and channel["messages"] == case.messages, "messages lost")
    check(log.count("line B is dead") == 1, "a death is told once")
    case.expect_totals(channel, market, case.expect_books(channel, market))
    return f"line A brought {channel['lines'][0]['share_won']:.0%}"


def join(case):
    exchange = case.start_exchange(*case.request_server(), *case.glimpse_server(), "--faults",
                                   "loss=2%")
    time.sleep(SECONDS / 4)
    case.start_run(case.config(recovery=True, snapshot=True))
    channel, market, log = case.finish(exchange)
    check(0 < channel["messages"] < case.messages, "the join was not late")
    check(channel["lost_messages"] == 0, f"{channel['lost_messages']} messages lost")
    check(channel["snapshots"][0]["applied"] == 1, "no snapshot was applied")
    check(channel["incomplete"], "totals of a late join are incomplete")
    check(log.count("snapshot applied") == 1, "the snapshot is told once")
    case.expect_books(channel, market)
    return f"joined at message {case.messages - channel['messages'] + 1}"


def bridge(case):
    case.start_run(case.config(snapshot=True))
    exchange = case.start_exchange(*case.glimpse_server(), "--faults", "dead=1s-2s")
    channel, market, log = case.finish(exchange)
    check(channel["lost_messages"] == 0, f"{channel['lost_messages']} messages lost")
    check(channel["bridged_messages"] > 0, "nothing was bridged")
    check(channel["messages"] + channel["bridged_messages"] == case.messages, "messages differ")
    check(channel["incomplete"], "totals behind a bridged gap are incomplete")
    check("bridged by a snapshot" in log, "the bridge is not told")
    case.expect_books(channel, market)
    return f"{channel['bridged_messages']} messages bridged"


def lost(case):
    case.start_run(case.config())
    exchange = case.start_exchange("--faults", "dead=1s-2s")
    channel, _, log = case.finish(exchange)
    check(channel["lost_messages"] > 0 and channel["stale"] and channel["incomplete"], "no loss")
    check(channel["messages"] + channel["lost_messages"] == case.messages, "messages differ")
    told = re.findall(r"gap: messages (\d+) to (\d+) \((\d+)\) lost", log)
    check(sum(int(count) for _, _, count in told) == channel["lost_messages"], f"told {told}")
    files = list((case.folder / "archive").glob("*.pcap.zst"))
    check(len(files) == 1 and case.archive["loss_notes"] == len(told), "notes in the archive")
    noted = re.findall(rb'\{"lost":\{"session":"[^"]*","first":(\d+),"last":(\d+),',
                       files[0].read_bytes())
    check([(int(a), int(b)) for a, b in noted] == [(int(a), int(b)) for a, b, _ in told],
          f"log {told}, archive {noted}")
    again = subprocess.run([case.tapeline, "replay", str(files[0]), "--format", "json"], check=True,
                           capture_output=True, text=True).stdout
    replayed = json.loads(again)["feeds"][0]["channels"][0]
    check(replayed["lost_messages"] == channel["lost_messages"], "the archive tells another loss")
    return f"{channel['lost_messages']} messages lost, told once each in log, status and archive"


def broken(case):
    exchange = case.start_exchange(*case.glimpse_server(), "--glimpse-faults", "reset=100")
    time.sleep(SECONDS / 4)
    case.start_run(case.config(snapshot=True))
    case.wait_until("stale books", lambda: case.channel()["stale"]
                    and case.channel()["snapshots"][0]["failed"] > 0)
    check("books are stale" in case.get("/healthz"), "staleness is not in /healthz")
    channel, _, log = case.finish(exchange)
    check(channel["snapshots"][0]["failed"] > 1, "a failed snapshot was not tried again")
    check(channel["stale"] and channel["snapshots"][0]["applied"] == 0, "half a snapshot is trusted")
    check(channel["messages"] > 0, "the channel waits for a snapshot for ever")
    check("the connection ended inside it" in log, "the failure is not told")
    return f"{channel['snapshots'][0]['failed']} snapshots failed"


def tcp(case):
    exchange = case.start_exchange(*case.soup_server(), *case.glimpse_server()[:2], "--soup-faults",
                                   f"reset={case.messages // 6}", lines="none")
    time.sleep(SECONDS / 4)
    case.start_run(case.config(snapshot=True, tcp=True))
    channel, market, log = case.finish(exchange)
    check(channel["lost_messages"] == 0, f"{channel['lost_messages']} messages lost")
    check(channel["tcp"][0]["connections"] > 2, "there was no reset")
    check(channel["snapshots"][0]["applied"] == 1, "no snapshot was applied")
    check("Connection reset by peer" in log, "resets are not told")
    case.expect_books(channel, market)
    return f"{channel['tcp'][0]['connections']} connections"


def restart(case):
    server = [*case.soup_server(), "--session", "RESTART001"]
    exchange = case.start_exchange(*server, lines="none")
    case.start_run(case.config(tcp=True))
    case.wait_until("messages", lambda: case.channel()["messages"] > case.messages // 4)
    exchange.kill()
    exchange.communicate()
    exchange = case.start_exchange(*server, lines="none")  # the same session from its start
    channel, market, log = case.finish(exchange)
    check(channel["messages"] == case.messages, f"{channel['messages']} messages")
    check(channel["lost_messages"] == 0, f"{channel['lost_messages']} messages lost")
    check("Connection refused" in log or channel["tcp"][0]["connections"] > 1, "no reconnect")
    case.expect_totals(channel, market, case.expect_books(channel, market))
    return f"{channel['duplicates']} repeated messages skipped"


def follow_two_sessions(case, lines, *server):
    first = case.start_exchange(*server, "--session", "MONDAY", lines=lines,
                                messages=case.messages // 2)
    case.wait_until("end of the first session",
                    lambda: case.channel()["expected_sequence"] > case.messages // 2)
    errors = first.communicate(timeout=60)[1]
    check(first.returncode == 0, f"tapeline simulate failed: {errors}")
    second = case.start_exchange(*server, "--session", "TUESDAY", "--seed", "2", lines=lines)
    case.wait_until("second session", lambda: case.channel()["session"] == "TUESDAY")
    channel, market, log = case.finish(second)
    check(channel["messages"] == case.messages // 2 + case.messages, "messages differ")
    check(channel["lost_messages"] == 0, f"{channel['lost_messages']} messages lost")
    check("session 'MONDAY' ended" in log and "session 'TUESDAY' begins" in log, "sessions not told")
    case.expect_totals(channel, market, case.expect_books(channel, market))
    return "two sessions, one after the other"


def overnight(case):
    case.start_run(case.config(recovery=True))
    return follow_two_sessions(case, "AB", *case.request_server())


def overnight_tcp(case):
    case.start_run(case.config(tcp=True))
    return follow_two_sessions(case, "none", *case.soup_server())


CASES = {case.__name__: case for case in (requests, line, join, bridge, lost, broken, tcp, restart,
                                          overnight, overnight_tcp)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tapeline")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all without one")
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--spin", action="store_true", help="receive_mode: spin")
    arguments = parser.parse_intermixed_args()
    for name in arguments.cases:
        if name not in CASES:
            parser.error(f"there is no case {name}; there are {', '.join(CASES)}")
    failed = False
    for name in arguments.cases or CASES:
        with tempfile.TemporaryDirectory() as folder:
            case = Case(arguments.tapeline, arguments.rate, "spin" if arguments.spin else "wait", folder)
            try:
                print(f"PASS {name}: {CASES[name](case)}", flush=True)
            except (AssertionError, subprocess.SubprocessError) as error:
                failed = True
                print(f"FAIL {name}: {error}", flush=True)
            finally:
                for process in case.processes:
                    if process.poll() is None:
                        process.kill()
                        process.communicate()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
