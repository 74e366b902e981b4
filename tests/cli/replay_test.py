#!/usr/bin/env python3
"""`tapeline replay` from outside.

usage: replay_test.py PATH_OF_TAPELINE [unittest arguments]
"""

import gzip
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SESSION = ROOT / "tests/data/session.pcap"
TIMEOUT_S = 60
MESSAGES = 15000
LINE_A = bytes([239, 192, 64, 1])


def packets(capture):
    """(time in nanoseconds, Ethernet frame) of each packet of a nanosecond pcap."""
    data = capture.read_bytes()
    at = 24
    while at < len(data):
        seconds, nanos, captured, _ = struct.unpack_from("<IIII", data, at)
        yield seconds * 10**9 + nanos, data[at + 16:at + 16 + captured]
        at += 16 + captured


def pcap(records, link_type=1):
    """A nanosecond pcap."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link_type)]
    for when, frame in records:
        out.append(struct.pack("<IIII", when // 10**9, when % 10**9, len(frame), len(frame)) + frame)
    return b"".join(out)


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(records):
    """One section of three interfaces: Ethernet, raw IP and Linux cooked (SLL), nanoseconds; the
    packets come from them in turn."""
    out = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for link_type in (1, 101, 113):
        resolution = struct.pack("<HHB3x", 9, 1, 9) + bytes(4)
        out.append(block(1, struct.pack("<HHI", link_type, 0, 0) + resolution))
    cooked = struct.pack(">HHH8sH", 4, 1, 6, bytes(8), 0x0800)
    for number, (when, frame) in enumerate(records):
        interface = number % 3
        data = (frame, frame[14:], cooked + frame[14:])[interface]
        out.append(block(6, struct.pack("<IIIII", interface, when >> 32, when & 0xFFFFFFFF,
                                        len(data), len(data)) + data))
    return b"".join(out)


class ReplayTest(unittest.TestCase):
    program = ""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tapeline-replay-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def run_replay(self, *arguments, **options):
        return subprocess.run([self.program, "replay", *map(str, arguments)], text=True,
                              capture_output=True, cwd=self.folder, timeout=TIMEOUT_S, check=False,
                              stdin=options.pop("stdin", subprocess.DEVNULL))

    def replay(self, *arguments, **options):
        """The JSON summary of a replay that works."""
        result = self.run_replay(*arguments, "--format", "json", **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def refuse(self, *arguments):
        result = self.run_replay(*arguments)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1), result.stderr)
        return result.stderr

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return self.folder / name

    @staticmethod
    def result_of(status):
        """What the packets made: books and trades, not how they were played."""
        market = status["markets"][0]
        channel = status["feeds"][0]["channels"][0]
        return market, channel["messages"], channel["gaps"], channel["expected_sequence"]


class Files(ReplayTest):
    def test_needs_no_configuration_to_say_what_it_found(self):
        file = self.write("session.pcap.gz", gzip.compress(SESSION.read_bytes()))
        result = self.run_replay(file)
        self.assertIn("feed        Nasdaq TotalView-ITCH 5.0, session of 2026-01-05: 200 symbols, "
                      "15,000 messages, 0 gaps\n", result.stdout)
        summary = self.replay(file)["summary"]
        self.assertEqual({name: summary[name] for name in
                          ("feed", "session_date", "symbols", "messages", "gaps", "loops")},
                         {"feed": "Nasdaq TotalView-ITCH 5.0", "session_date": "2026-01-05",
                          "symbols": 200, "messages": MESSAGES, "gaps": 0, "loops": 1})

    def test_readme_shows_what_it_prints(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        shown = readme.split("Its first half prints:\n\n```\n")[1].split("\narchive ")[0]
        printed = self.run_replay(SESSION).stdout.splitlines()
        for line in shown.replace("tests/data/session.pcap", str(SESSION)).splitlines():
            if line.startswith("messages"):  # how long it took
                line = line.split(" packets, ")[0]
                self.assertTrue(any(other.startswith(line) for other in printed), line)
            else:
                self.assertIn(line, printed)

    def test_link_types_of_one_pcapng_are_told_apart(self):
        expected = self.result_of(self.replay(SESSION))
        content = pcapng(packets(SESSION))
        for name, data in (("a.pcapng", content), ("a.pcapng.gz", gzip.compress(content))):
            self.assertEqual(self.result_of(self.replay(self.write(name, data))), expected, name)
        with open(self.folder / "a.pcapng", "rb") as stdin:
            self.assertEqual(self.result_of(self.replay("-", stdin=stdin)), expected)
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", "a.pcapng"], cwd=self.folder, check=True)
            self.assertEqual(self.result_of(self.replay("a.pcapng.zst")), expected)

    def test_lines_in_two_files_are_arbitrated(self):
        """Of each line something is missing that the other one has."""
        lines = {"a.pcap": [], "b.pcap": []}
        for number, (when, frame) in enumerate(packets(SESSION)):
            is_a = frame[30:34] == LINE_A
            if number % 100 < 50 and is_a and number % 7 == 0:
                continue
            if number % 100 >= 50 and not is_a and number % 7 == 0:
                continue
            lines["a.pcap" if is_a else "b.pcap"].append((when, frame))
        for name, records in lines.items():
            self.write(name, pcap(records))
        one_file = sorted(lines["a.pcap"] + lines["b.pcap"], key=lambda record: record[0])
        self.write("both.pcap", pcap(one_file))
        expected = self.result_of(self.replay("both.pcap"))
        self.assertEqual(self.result_of(self.replay("b.pcap", "a.pcap")), expected)
        self.assertNotEqual(self.replay("a.pcap")["summary"]["gaps"], 0)

    def test_a_damaged_end_of_compressed_data_is_told_behind_what_was_played(self):
        whole = gzip.compress(SESSION.read_bytes())
        file = self.write("cut.pcap.gz", whole[:len(whole) // 2])
        result = self.run_replay(file, "--format", "json")
        self.assertEqual(result.returncode, 1)
        self.assertIn("unexpected end of gzip data", result.stderr)
        self.assertGreater(json.loads(result.stdout)["summary"]["messages"], MESSAGES // 4)


class Span(ReplayTest):
    def test_from_and_to_cut_at_receive_times(self):
        summary = self.replay(SESSION, "--from", "2026-01-05T09:30:00Z", "--to",
                              "2026-01-05T09:31:00Z")["summary"]
        wanted = [when for when, _ in packets(SESSION)
                  if 1767605400 * 10**9 <= when < 1767605460 * 10**9]
        self.assertEqual((summary["first_packet_ns"], summary["last_packet_ns"]),
                         (wanted[0], wanted[-1]))
        self.assertEqual(summary["skipped"]["outside_from_and_to"] + len(wanted) <= 9026, True)
        same = self.replay(SESSION, "--from", "09:30", "--to", "09:31", "--zone", "utc")["summary"]
        self.assertEqual(same["first_packet_ns"], wanted[0])

    def test_books_of_a_part_are_not_called_whole(self):
        status = self.replay(SESSION, "--from", "12:00", "--zone", "utc")
        channel = status["feeds"][0]["channels"][0]
        self.assertTrue(channel["stale"] and channel["incomplete"])

    def test_an_archive_gives_the_same_part_as_its_capture(self):
        self.replay(SESSION, "--archive", self.folder / "archive")
        archive = next((self.folder / "archive").iterdir())
        span = ("--from", "12:00", "--to", "13:30", "--zone", "utc")
        self.assertEqual(self.result_of(self.replay(archive, *span)),
                         self.result_of(self.replay(SESSION, *span)))

    def test_mistakes_are_named(self):
        self.assertIn("no time", self.refuse(SESSION, "--from", "soon"))
        self.assertIn("no time", self.refuse(SESSION, "--to", "soon"))
        self.assertIn("--date", self.refuse(ROOT / "tests/data/session.itch", "--from",
                                            "2026-01-05"))


class Sending(ReplayTest):
    def receiver(self):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        return receiver

    @staticmethod
    def payloads(part):
        return [frame[42:] for _, frame in part]

    def part(self):
        """Fewer packets than a socket has room for."""
        part = list(packets(SESSION))[:400]
        return part, self.write("part.pcap", pcap(part))

    def test_payloads_arrive_as_they_were(self):
        part, file = self.part()
        receiver = self.receiver()
        summary = self.replay(file, "--to", f"udp://127.0.0.1:{receiver.getsockname()[1]}",
                              "--pace", "1000000")["summary"]
        got = [receiver.recv(65536) for _ in part]
        self.assertEqual(got, self.payloads(part))
        self.assertEqual(summary["packets"], len(part))
        self.assertEqual(summary["bytes"], sum(map(len, got)))
        self.assertIn("late_p99_seconds", summary["pace"])

    def test_a_line_is_sent_where_it_is_mapped_to(self):
        part, file = self.part()
        receiver = self.receiver()
        port = receiver.getsockname()[1]
        summary = self.replay(file, "--to", f"239.192.64.1:26400=udp://127.0.0.1:{port}")["summary"]
        expected = [frame[42:] for _, frame in part if frame[30:34] == LINE_A]
        self.assertEqual([receiver.recv(65536) for _ in expected], expected)
        self.assertEqual(summary["not_sent"]["without_route"], len(part) - len(expected))
        self.assertEqual([row["target"] for row in summary["destinations"]],
                         [f"127.0.0.1:{port}", None])

    def test_groups_are_sent_to_on_this_host_only(self):
        """By default over the loopback interface, with a time to live of 1."""
        part, file = self.part()
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        receiver.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL; answers come as IP_TTL, 2
        receiver.bind(("239.192.64.1", 26400))
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            struct.pack("=4s4si", LINE_A, bytes(4), socket.if_nametoindex("lo")))
        receiver.settimeout(10)
        self.replay(file, "--to", "udp://")
        for payload in (frame[42:] for _, frame in part if frame[30:34] == LINE_A):
            got, extra, _, _ = receiver.recvmsg(65536, 64)
            self.assertEqual(got, payload)
            self.assertEqual([struct.unpack("i", data)[0] for _, kind, data in extra
                              if kind == 2], [1])

    def test_captured_hosts_are_not_sent_to(self):
        part, _ = self.part()
        host = bytes([10, 1, 2, 3])
        file = self.write("host.pcap", pcap([(when, frame[:30] + host + frame[34:])
                                             for when, frame in part]))
        summary = self.replay(file, "--to", "udp://")["summary"]
        self.assertEqual(summary["packets"], 0)
        self.assertEqual(summary["not_sent"]["without_route"], len(part))

    def test_mistakes_are_named(self):
        self.assertIn("--to", self.refuse(SESSION, "--to", "udp://here"))
        self.assertIn("--bars", self.refuse(SESSION, "--to", "udp://", "--bars", "x.csv"))
        self.assertIn("--interface", self.refuse(SESSION, "--interface", "lo"))
        self.assertIn("JSON", self.refuse(ROOT / "tests/data/session.jsonl", "--to", "udp://"))


class Loops(ReplayTest):
    def test_each_loop_is_a_session_of_its_own(self):
        once = self.replay(SESSION)
        thrice = self.replay(SESSION, "--loop", "3")
        self.assertEqual(thrice["summary"]["messages"], 3 * MESSAGES)
        self.assertEqual(thrice["summary"]["loops"], 3)
        self.assertEqual(thrice["summary"]["session_date"], "2026-01-05")
        self.assertEqual(thrice["markets"][0]["top"], once["markets"][0]["top"])
        channel = thrice["feeds"][0]["channels"][0]
        self.assertEqual((channel["gaps"], channel["duplicates"]), (0, 3 * MESSAGES))

    def test_forever_ends_with_a_signal(self):
        with subprocess.Popen([self.program, "replay", SESSION, "--loop", "forever", "--format",
                               "json", "--quiet"], stdout=subprocess.PIPE, text=True) as process:
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0)
        self.assertTrue(json.loads(out)["summary"]["interrupted"])


class Terminal:
    """A replay whose standard input, output and errors are a terminal."""

    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(command[0], list(map(str, command)))
        self.seen = ""
        self.before = termios.tcgetattr(self.fd)[3]

    def wait_for(self, pattern):
        """Reads on until the pattern is there; returns everything in front of its end."""
        end = time.monotonic() + TIMEOUT_S
        while True:
            found = re.search(pattern, self.seen)
            if found:
                text, self.seen = self.seen[:found.end()], self.seen[found.end():]
                return text
            if time.monotonic() > end or not select.select([self.fd], [], [], TIMEOUT_S)[0]:
                raise AssertionError(f"{pattern} did not come: {self.seen[-2000:]}")
            try:
                self.seen += os.read(self.fd, 65536).decode()
            except OSError as error:
                raise AssertionError(f"{pattern} did not come: {self.seen[-2000:]}") from error

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def is_line_mode(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ICANON)

    def end(self):
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Stepping(ReplayTest):
    PROMPT = "q: quit"

    def terminal(self):
        terminal = Terminal(self.program, "replay", SESSION, "--step")
        self.addCleanup(os.close, terminal.fd)
        return terminal

    def test_goes_on_by_keys(self):
        terminal = self.terminal()
        first = terminal.wait_for(self.PROMPT)
        self.assertRegex(first, r"packet 1  2026-01-05T03:02:00\.000755069Z  line 1 "
                                r"239\.192\.64\.1:26400 .*session 'TAPELINE01', \d+ messages from 1 on")
        self.assertIn("sequence=1 ", first)
        self.assertIn("type=S", first)
        self.assertFalse(terminal.is_line_mode())
        terminal.send(" ")
        second = terminal.wait_for(self.PROMPT)
        self.assertIn("packet 2  ", second)
        self.assertNotIn("packet 3  ", second)
        terminal.send("12 ")
        self.assertIn("packet 14  ", terminal.wait_for(r"packet 14  [^\n]*\n(.|\n)*" + self.PROMPT))
        terminal.send("n")
        with_messages = terminal.wait_for(r"sequence=\d+ (.|\n)*" + self.PROMPT)
        self.assertIn("exchange_time=", with_messages)
        terminal.send("q")
        terminal.wait_for("interrupted +the rest was not played")
        self.assertEqual(terminal.end(), 0)

    def test_continue_plays_the_rest(self):
        terminal = self.terminal()
        terminal.wait_for(self.PROMPT)
        terminal.send("c")
        self.assertIn("15,000 messages", terminal.wait_for("15,000 messages, 0 gaps"))
        self.assertEqual(terminal.end(), 0)

    def test_the_terminal_is_as_it_was_after_an_interrupt(self):
        terminal = self.terminal()
        terminal.wait_for(self.PROMPT)
        self.assertFalse(terminal.is_line_mode())
        terminal.send("\x03")
        terminal.wait_for("interrupted +the rest was not played")
        self.assertTrue(terminal.is_line_mode())
        self.assertEqual(terminal.end(), 0)

    def test_wants_a_terminal(self):
        self.assertIn("--step", self.refuse(SESSION, "--step"))
        self.assertIn("--step", self.refuse(SESSION, "--step", "--pace", "1"))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    ReplayTest.program = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
