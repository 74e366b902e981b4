#!/usr/bin/env python3
"""A simulated exchange and `tapeline run` as two hosts with a lossy network between them.

Usage: netns_session.py TAPELINE [--messages N] [--rate N] [--loss PERCENT[,PERCENT...]]
       netns_session.py TAPELINE --half-open [--messages N] [--rate N]

Each host is a network namespace; nftables drops datagrams at random where they arrive, on both
lines and in both directions of the re-requests. Passes when, for each share of loss, every message
was delivered, none was lost, books and VWAPs equal the exchange's ledger, the archive holds each
message byte for byte, and delivery never stood still for 5 s.
With --half-open the session comes over SoupBinTCP and every segment of the server is dropped in the
middle of it: passes when that is noticed within 16 s, and when the session that is resumed after
the network is back is the one that was sent, byte for byte.
Needs root (network namespaces); exits with 77 without.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from live_session import archived, channel, check, payloads_by_group

GROUPS = ("239.192.72.1", "239.192.72.2")
PORT, REQUEST_PORT, STATUS_PORT = 26400, 26500, 9600
EXCHANGE, HANDLER = "10.201.72.1", "10.201.72.2"
LONGEST_STALL_S = 5.0
PRICE_UNITS = 10_000

SOUP_PORT = 26600
NOTICED_WITHIN_S = 16.0
CONFIG_TAIL = f"""
archive:
  enabled: true
  directory: ARCHIVE
  roll_bytes: 0
  roll_seconds: 0 # one file, at whatever time the test runs
status:
  address: 127.0.0.1
  port: {STATUS_PORT}
"""
CONFIG_TCP = f"""
feeds:
  - name: nasdaq
    channels:
      - name: totalview
        transport: soupbintcp
        soupbintcp:
          servers: [{EXCHANGE}:{SOUP_PORT}]
          credentials_env: TAPELINE_LAB
{CONFIG_TAIL}"""

CONFIG = f"""
feeds:
  - name: nasdaq
    channels:
      - name: totalview
        hold_packets: 32768
        lines:
          - {{name: A, group: {GROUPS[0]}, port: {PORT}, interface: veth0}}
          - {{name: B, group: {GROUPS[1]}, port: {PORT}, interface: veth0}}
        recovery:
          servers: [{EXCHANGE}:{REQUEST_PORT}]
          attempts: 20
          resend_max_ms: 200
          timeout_ms: 20000
          max_requests_per_second: 20000
{CONFIG_TAIL}"""


def run_quietly(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Host:
    """A network namespace with one end of a link."""

    def __init__(self, name):
        self.name = name
        run_quietly("ip", "netns", "add", name)

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *words]

    def set_up(self, address):
        run_quietly("ip", "-n", self.name, "link", "set", "lo", "up")
        run_quietly("ip", "-n", self.name, "addr", "add", f"{address}/24", "dev", "veth0")
        run_quietly("ip", "-n", self.name, "link", "set", "veth0", "up")
        run_quietly("ip", "-n", self.name, "route", "add", "239.0.0.0/8", "dev", "veth0")

    def nft(self, *words):
        run_quietly(*self.command("nft", *words))

    def drop(self, what):
        """Drops `what`, a match of nftables, from now on."""
        self.nft("add", "table", "ip", "lab")
        self.nft("add", "chain", "ip", "lab", "in", "{ type filter hook input priority 0 ; }")
        self.nft("add", "rule", "ip", "lab", "in", *what.split(), "drop")

    def drop_nothing(self):
        self.nft("flush", "ruleset")

    def get(self, path):
        answer = subprocess.run(
            self.command("curl", "-s", "-f", "--max-time", "5",
                         f"http://127.0.0.1:{STATUS_PORT}{path}"),
            check=False, capture_output=True)
        return answer.stdout if answer.returncode == 0 else b""

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False)


@contextlib.contextmanager
def two_hosts():
    """The exchange's host and the handler's, linked."""
    tag = f"{os.getpid()}"
    with contextlib.ExitStack() as stack:
        hosts = []
        for role in ("exchange", "handler"):
            host = Host(f"tapeline-{role}-{tag}")
            stack.callback(host.close)
            hosts.append(host)
        run_quietly("ip", "link", "add", "veth0", "netns", hosts[0].name, "type", "veth",
                    "peer", "name", "veth0", "netns", hosts[1].name)
        hosts[0].set_up(EXCHANGE)
        hosts[1].set_up(HANDLER)
        yield hosts


def require_namespaces():
    if os.geteuid() != 0:
        print("SKIP: network namespaces need root")
        sys.exit(77)
    for tool in ("ip", "nft", "curl"):
        if shutil.which(tool) is None:
            print(f"SKIP: {tool} is not here")
            sys.exit(77)
    probe = f"tapeline-probe-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], check=False, capture_output=True).returncode:
        print("SKIP: this system permits no network namespaces")
        sys.exit(77)
    run_quietly("ip", "netns", "del", probe)


def wait_for_health(handler, process):
    deadline = time.monotonic() + 30
    while b"ok" not in handler.get("/healthz"):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("FAIL: tapeline run does not answer")
        time.sleep(0.05)


def raw_packets(folder):
    """The packets of the one archive in `folder`, from the IP header on."""
    file, = pathlib.Path(folder).glob("*.pcap.zst")
    content = subprocess.run(["zstd", "-dc", str(file)], check=True, capture_output=True).stdout
    offset = 24
    while offset < len(content):
        length = struct.unpack_from("<I", content, offset + 8)[0]
        yield content[offset + 16:offset + 16 + length]
        offset += 16 + length


def messages_of(packets):
    """{number: bytes} of MoldUDP64 packets; every copy of a message has to be the same."""
    found = {}
    for packet in packets:
        sequence, count = struct.unpack_from(">QH", packet, 10)
        if count == 0xFFFF:
            continue
        offset = 20
        for number in range(sequence, sequence + count):
            length = struct.unpack_from(">H", packet, offset)[0]
            message = packet[offset + 2:offset + 2 + length]
            check(found.setdefault(number, message) == message, f"two texts of message {number}")
            offset += 2 + length
    return found


def watch(handler, exchange_process, messages):
    """Until the exchange has ended; returns the longest time without a delivered message, from the
    first of `messages` to the last."""
    longest, last_change, seen = 0.0, time.monotonic(), 0
    while exchange_process.poll() is None:
        status = handler.get("/status")
        now = time.monotonic()
        delivered = channel(json.loads(status))["messages"] if status else seen
        if delivered != seen or seen == 0 or seen >= messages:
            seen, last_change = delivered, now
        longest = max(longest, now - last_change)
        time.sleep(0.1)
    return longest


def check_books(summary, ledger_file):
    """VWAP and volume of the most active instruments, as the exchange knows them."""
    ledger = {}
    for line in ledger_file.read_text().splitlines():
        entry = json.loads(line)
        if "symbol" in entry:
            ledger[entry["symbol"]] = entry
    top = summary["markets"][0]["top"]
    check(len(top) > 5, "the summary lists no instruments")
    for instrument in top:
        truth = ledger[instrument["symbol"]]
        check(instrument["volume"] == truth["volume"],
              f"{instrument['symbol']}: volume {instrument['volume']}, sent {truth['volume']}")
        vwap = int(truth["notional"]) / truth["volume"] / PRICE_UNITS
        check(abs(instrument["vwap"] / vwap - 1) < 1e-9,
              f"{instrument['symbol']}: VWAP {instrument['vwap']}, sent {vwap}")


def sent_over_tcp(archive):
    """{number: bytes} of the sequenced packets in the segments of an archive."""
    streams = {}
    for segment in raw_packets(archive):
        header = (segment[0] & 15) * 4
        ports = segment[header:header + 4]
        data = header + (segment[header + 12] >> 4) * 4
        streams.setdefault(ports, bytearray()).extend(segment[data:])
    found = {}
    for stream in streams.values():
        offset, number = 0, None
        while offset + 2 <= len(stream):
            length = struct.unpack_from(">H", stream, offset)[0]
            packet = bytes(stream[offset + 2:offset + 2 + length])
            if len(packet) < length:
                break  # the connection ended here
            offset += 2 + length
            if packet[:1] == b"A":
                number = int(packet[11:31])
            elif packet[:1] == b"S":
                check(found.setdefault(number, packet[1:]) == packet[1:],
                      f"two texts of message {number}")
                number += 1
    return found


def itch_file(path):
    """{number: bytes} of a file of ITCH messages."""
    content, offset, found = path.read_bytes(), 0, {}
    while offset < len(content):
        length = struct.unpack_from(">H", content, offset)[0]
        if length == 0:
            break
        found[len(found) + 1] = content[offset + 2:offset + 2 + length]
        offset += 2 + length
    return found


def play_half_open(tapeline, arguments):
    with two_hosts() as (exchange, handler), tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        truth = folder / "session.itch"
        session = ["--messages", str(arguments.messages), "--instruments", "200", "--seed", "11"]
        run_quietly(tapeline, "simulate", "--write", str(truth), *session)
        config = folder / "run.yaml"
        config.write_text(CONFIG_TCP.replace("ARCHIVE", str(folder / "archive")))
        environment = {**os.environ, "TAPELINE_LAB_USERNAME": "lab", "TAPELINE_LAB_PASSWORD": "lab"}
        simulate = subprocess.Popen(exchange.command(
            tapeline, "simulate", *session, "--lines", "none", "--rate", str(arguments.rate),
            "--soup-server", f"{EXCHANGE}:{SOUP_PORT}", "--linger", "40"))
        run = subprocess.Popen(handler.command(tapeline, "run", str(config), "--format", "json"),
                               stdout=subprocess.PIPE, text=True, env=environment)
        wait_for_health(handler, run)

        def now():
            return channel(json.loads(handler.get("/status")))

        def wait_for(what, condition, seconds):
            begun = time.monotonic()
            while not condition(now()):
                check(time.monotonic() - begun < seconds, f"no {what} within {seconds} s")
                time.sleep(0.05)
            return time.monotonic() - begun

        wait_for("messages", lambda state: state["messages"] > arguments.messages // 10, 60)
        handler.drop(f"ip saddr {EXCHANGE} meta l4proto tcp")
        noticed = wait_for("end of the dead connection",
                           lambda state: state["tcp"][0]["silences"] > 0, NOTICED_WITHIN_S)
        handler.drop_nothing()
        wait_for("end of the session",
                 lambda state: state["messages"] >= arguments.messages, 60)
        run.terminate()
        summary = channel(json.loads(run.communicate(timeout=60)[0]))
        check(run.returncode == 0, f"tapeline run ended with {run.returncode}")
        simulate.terminate()
        simulate.wait(timeout=30)
        sent = itch_file(truth)
        check(summary["messages"] == len(sent),
              f"{len(sent)} messages sent, {summary['messages']} delivered")
        check(summary["lost_messages"] == 0, f"{summary['lost_messages']} messages lost")
        check(sent_over_tcp(folder / "archive") == sent, "the archive differs from what was sent")
        print(f"PASS: half-open connection noticed in {noticed:.1f} s, {len(sent)} messages "
              "delivered, none twice, none lost", flush=True)


def play(tapeline, percent, arguments):
    with two_hosts() as (exchange, handler), tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for host in (exchange, handler):
            host.drop(f"meta l4proto udp numgen random mod 1000 < {round(percent * 10)}")
        config = folder / "run.yaml"
        config.write_text(CONFIG.replace("ARCHIVE", str(folder / "archive")))
        run = subprocess.Popen(
            handler.command(tapeline, "run", str(config), "--format", "json"),
            stdout=subprocess.PIPE, text=True)
        wait_for_health(handler, run)
        simulate = subprocess.Popen(exchange.command(
            tapeline, "simulate", "--to-a", f"{GROUPS[0]}:{PORT}", "--to-b", f"{GROUPS[1]}:{PORT}",
            "--interface", "veth0", "--rate", str(arguments.rate),
            "--messages", str(arguments.messages), "--record", str(folder / "sent.pcap"),
            "--ledger", str(folder / "ledger.jsonl"),
            "--request-server", f"{EXCHANGE}:{REQUEST_PORT}", "--request-peers", HANDLER,
            "--lead", "1", "--linger", "6"))
        stall = watch(handler, simulate, arguments.messages)
        check(simulate.wait() == 0, "tapeline simulate failed")
        run.terminate()
        whole = json.loads(run.communicate(timeout=60)[0])
        check(run.returncode == 0, f"tapeline run ended with {run.returncode}")
        summary = channel(whole)

        sent = messages_of(payloads_by_group((folder / "sent.pcap").read_bytes())[GROUPS[0]])
        kept = messages_of(packet for packets in archived(folder / "archive").values()
                           for packet in packets)
        check(summary["lost_messages"] == 0, f"{summary['lost_messages']} messages lost")
        check(summary["messages"] == len(sent),
              f"{len(sent)} messages sent, {summary['messages']} delivered")
        check(kept == sent, "the archive does not hold the messages that were sent")
        check(stall < LONGEST_STALL_S, f"delivery stood still for {stall:.1f} s")
        check_books(whole, folder / "ledger.jsonl")
        received = sum(line["packets"] for line in summary["lines"])
        print(f"PASS: {percent} % dropped: {len(sent)} messages delivered, 0 lost, {received} "
              f"packets received, longest stand-still {stall:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tapeline")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--loss", default="0.1,1,5,20", help="percent, separated by commas")
    parser.add_argument("--half-open", action="store_true")
    arguments = parser.parse_args()
    require_namespaces()
    if arguments.half_open:
        play_half_open(arguments.tapeline, arguments)
        return
    for percent in arguments.loss.split(","):
        play(arguments.tapeline, float(percent), arguments)


if __name__ == "__main__":
    main()
