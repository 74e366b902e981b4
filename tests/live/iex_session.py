#!/usr/bin/env python3
"""IEX over loopback multicast through `tapeline run`, with a configuration that names no protocol.

Usage: iex_session.py TAPELINE

For TOPS, DEEP and DEEP+ a publisher (`tapeline simulate --venue iex`) sends a day on lines A and B
that lose, repeat, reorder and delay packets. Passes when the process says what it receives, has every
message that one of the lines brought (held against the record of what was sent), says as lost just
what none brought, follows the next publisher with its own session, ends with 0, and the record
gives the same as a replay and played by `simulate --from`.
"""
import json
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile

from live_session import GROUPS, channel, check, free_port, get, payloads_by_group, wait_until

CONFIG = """
feeds:
  - name: iex
    channels:
      - name: all
        hold_ms: 1000
        lines:
          - {{name: A, group: {a}, port: {port}, interface: lo}}
          - {{name: B, group: {b}, port: {port}, interface: lo}}
status:
  address: 127.0.0.1
  port: {status}
"""
HEADER = struct.Struct("<BxHIIHHqqq")
NAMES = {"tops": "TOPS", "deep": "DEEP", "deep-plus": "DEEP+"}
FAULTS = "loss=2%,dup=2%,reorder=8,delay-b=2ms,dead-a=500ms-900ms"


def numbers(payloads):
    """{session: set of message numbers} of segments, and the number behind the last of each."""
    seen, behind = {}, {}
    for payload in payloads:
        version, protocol, line, session, _, count, _, first, _ = HEADER.unpack_from(payload)
        assert version == 1
        key = (protocol, line, session)
        seen.setdefault(key, set()).update(range(first, first + count))
        behind[key] = max(behind.get(key, 0), first + count)
    return seen, behind


class Receiver:
    def __init__(self, tapeline, folder):
        self.port, self.status_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        config = folder / "run.yaml"
        config.write_text(CONFIG.format(a=GROUPS[0], b=GROUPS[1], port=self.port,
                                        status=self.status_port))
        self.process = subprocess.Popen([tapeline, "run", str(config), "--format", "json"],
                                        stdout=subprocess.PIPE, text=True)
        self.wait("health", lambda: b"ok" in get(self.status_port, "/healthz"))

    def wait(self, what, condition):
        wait_until(what, condition, self.process)

    def status(self):
        return json.loads(get(self.status_port, "/status"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        output = self.process.communicate(timeout=30)[0]
        check(self.process.returncode == 0, f"tapeline run ended with {self.process.returncode}")
        return json.loads(output)


def simulate(tapeline, port, *arguments):
    done = subprocess.run([tapeline, "simulate", "--to-a", f"{GROUPS[0]}:{port}", "--to-b",
                           f"{GROUPS[1]}:{port}", "--interface", "lo", "--format", "json",
                           *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          check=False)
    check(done.returncode == 0, f"tapeline simulate failed: {done.stderr}")
    return json.loads(done.stdout)


def play(tapeline, folder, feed):
    with Receiver(tapeline, folder) as receiver:
        record, seen, missing = play_live(tapeline, folder, feed, receiver)
    check_files(tapeline, folder, record, seen)
    print(f"PASS: {NAMES[feed]}: {len(seen)} messages received, {missing} lost on both lines and "
          "declared, the next session followed")


def play_live(tapeline, folder, feed, receiver):
    check(receiver.status()["feeds"][0]["protocol"] == "auto", "protocol known before a packet")
    record = folder / "sent.pcap"
    told = simulate(tapeline, receiver.port, "--venue", "iex", "--feed", feed, "--messages", 30000,
                    "--instruments", 100, "--rate", 20000, "--packet-messages", 4, "--faults", FAULTS,
                    "--record", record, "--ledger", folder / "ledger.jsonl")
    sent = payloads_by_group(record.read_bytes())
    arrived, behind = numbers([p for group in GROUPS for p in sent[group]])
    (session, seen), = arrived.items()
    check(behind[session] == told["messages"] + 1, "the last numbers were not sent")
    missing = told["messages"] - len(seen)

    name = f"{NAMES[feed]} {session[1]}/{session[2]:08x}"
    check(told["session"] == name, f"simulate calls it {told['session']}, not {name}")
    receiver.wait("the end of the day", lambda: channel(receiver.status())["expected_sequence"]
                  == told["messages"] + 1)
    status = receiver.status()
    got = channel(status)
    check(status["feeds"][0]["protocol"] == "iex", f"protocol {status['feeds'][0]['protocol']}")
    check(got["session"] == name, f"session {got['session']}, not {name}")
    check(got["messages"] == len(seen), f"{got['messages']} messages, {len(seen)} were sent")
    check(got["lost_messages"] == missing, f"{got['lost_messages']} lost, not {missing}")
    check((got["gaps"] > 0) == (missing > 0), f"{got['gaps']} gaps")
    check(got["incomplete"] == (missing > 0), "incomplete")
    check(all(line["kernel_drops"] == 0 for line in got["lines"]), "the kernel dropped packets")
    check(not any(got["malformed"].values()), str(got["malformed"]))

    # The next publisher: followed when nothing came of the former for some seconds.
    told = simulate(tapeline, receiver.port, "--venue", "iex", "--feed", feed, "--duration", 6,
                    "--rate", 2000, "--messages", 30000, "--instruments", 100, "--seed", 2)
    check(told["session"] != name, "the second publisher has the session of the first")
    receiver.wait("the next session",
                  lambda: channel(receiver.status())["session"] == told["session"])
    summary = channel(receiver.end())
    check(summary["anomalies"]["restarted_sessions"] == 0, "restarts")
    check(summary["messages"] > len(seen), "nothing of the next session")
    return record, seen, missing


def check_files(tapeline, folder, record, seen):
    """The record again, without its numbers: as a replay, and as the source of a publisher."""
    replayed = json.loads(subprocess.run(
        [tapeline, "replay", "--config", str(folder / "run.yaml"), "--format", "json", str(record)],
        check=True, capture_output=True, text=True).stdout)
    check(channel(replayed)["messages"] == len(seen), "the replay has other messages")
    with Receiver(tapeline, folder / "again") as receiver:
        told = simulate(tapeline, receiver.port, "--from", record, "--rate", 20000)
        check(told["messages"] == len(seen), f"{told['messages']} messages from the capture")
        receiver.wait("the messages of the capture",
                      lambda: channel(receiver.status())["messages"] == len(seen))
        status = receiver.end()
    check(channel(status)["lost_messages"] == 0, "lost messages of a capture without faults")
    check(channel(status)["session"] == told["session"], "session of the capture")
    rows = [{row["symbol"]: (row["volume"], row["trades"]) for row in document["markets"][0]["top"]}
            for document in (replayed, status)]
    check(rows[0] and rows[0] == rows[1], "volumes of the replay and of the live session differ")


def refusals(tapeline):
    for flags in (["--request-server", "127.0.0.1:0"], ["--soup-server", "127.0.0.1:0"],
                  ["--faults", "malformed=1%"], ["--session", "DAY1"], ["--packet-bytes", "100"]):
        done = subprocess.run([tapeline, "simulate", "--venue", "iex", *flags], capture_output=True,
                              text=True, check=False)
        check(done.returncode == 2 and done.stderr.count("\n") == 1,
              f"{flags}: exit code {done.returncode}, {done.stderr}")


def main():
    tapeline = sys.argv[1]
    refusals(tapeline)
    for feed in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "again").mkdir()
            play(tapeline, pathlib.Path(folder), feed)


if __name__ == "__main__":
    main()
