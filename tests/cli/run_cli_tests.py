#!/usr/bin/env python3
"""Tests of the built program from outside: exit codes, and one clear line on stderr.

usage: run_cli_tests.py PATH_OF_TAPELINE [unittest arguments]
Needs nothing but the standard library; run it from the root of the repository.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock
import urllib.error
import urllib.request

PROGRAM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534
TIMEOUT_S = 30


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


class CliTest(unittest.TestCase):
    """Runs the program in an empty folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tapeline-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def run_program(self, *arguments, as_nobody=False, stdout=subprocess.PIPE):
        return subprocess.run(
            [PROGRAM, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, timeout=TIMEOUT_S, check=False,
            preexec_fn=become_nobody if as_nobody else None)

    def expect_one_line(self, result, exit_code, *parts):
        """One line on stderr that starts with 'tapeline: ' and holds all parts."""
        lines = result.stderr.splitlines()
        self.assertEqual(result.returncode, exit_code, result.stderr)
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("tapeline: "), lines[0])
        for part in parts:
            self.assertIn(part, lines[0])

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def unreadable(self, name, content):
        """A file that the program may not read; run it with as_nobody=True where we are root."""
        path = self.write(name, content)
        path.chmod(0)
        self.folder.chmod(0o755)
        return path


class CommandLine(CliTest):
    def test_help_is_on_stdout(self):
        result = self.run_program("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for command in ("run", "replay", "decode", "simulate", "check", "watch", "healthcheck"):
            self.assertRegex(result.stdout, rf"(?m)^  {command} ")
        self.assertIn("Examples:", result.stdout)

    def test_each_command_has_help_with_examples(self):
        for command in ("run", "replay", "decode", "simulate", "check", "watch", "healthcheck"):
            with self.subTest(command):
                result = self.run_program(command, "--help")
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn("Examples:", result.stdout)
                self.assertIn(f"tapeline {command}", result.stdout)

    def test_version(self):
        result = self.run_program("--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^tapeline \d+\.\d+\.\d+\n$")

    def test_nothing_shows_help_on_stderr(self):
        result = self.run_program()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("Examples:", result.stderr)

    def test_unknown_command(self):
        self.expect_one_line(self.run_program("chekc", "x"), 2,
                             "unknown command 'chekc'; did you mean 'check'?")
        self.expect_one_line(self.run_program("zebra"), 2, "unknown command 'zebra'; there is ")

    def test_unknown_flag(self):
        self.expect_one_line(self.run_program("--hepl"), 2,
                             "unknown flag '--hepl' of 'tapeline'; did you mean '--help'?")
        self.expect_one_line(self.run_program("check", "--fromat", "json", "x"), 2,
                             "unknown flag '--fromat' of 'tapeline check'; did you mean "
                             "'--format'?")
        for command in ("run", "replay", "decode", "simulate", "watch", "healthcheck"):
            with self.subTest(command):
                self.expect_one_line(self.run_program(command, "--no-such-flag"), 2,
                                     "unknown flag '--no-such-flag'")

    def test_missing_and_surplus_arguments(self):
        self.expect_one_line(self.run_program("check"), 2, "CONFIG is required",
                             "see 'tapeline check --help'")
        self.expect_one_line(self.run_program("run"), 2, "CONFIG is required")
        self.expect_one_line(self.run_program("replay"), 2, "is required")
        self.expect_one_line(self.run_program("check", "a", "b"), 2,
                             "argument 'b' is one too many for 'tapeline check'")

    def test_value_of_flag(self):
        self.expect_one_line(self.run_program("check", "--format", "xml", "c"), 2,
                             "--format: 'xml' is none of text, json")
        self.expect_one_line(self.run_program("check", "c", "--format"), 2,
                             "--format needs a value")
        self.expect_one_line(self.run_program("healthcheck", "--timeout", "1.5"), 2,
                             "--timeout: '1.5' is not a whole number from 1 to 300 seconds")

    def test_control_characters_do_not_reach_the_terminal(self):
        self.expect_one_line(self.run_program("\x1b[31mred\nline"), 2, "unknown command")
        self.expect_one_line(self.run_program("check", "a\nb"), 2, "a b: no such file")


class Check(CliTest):
    def test_examples_are_right(self):
        login = {"TAPELINE_FEED_USERNAME": "user", "TAPELINE_FEED_PASSWORD": "hunter2"}
        for path in sorted((ROOT / "configs").glob("*.yaml")):
            with self.subTest(path.name), unittest.mock.patch.dict(os.environ, login):
                result = self.run_program("check", path)
                self.assertIn("feed crypto" if path.stem == "json_lines" else "feed nasdaq",
                              result.stdout)
                self.assertNotIn("hunter2", result.stdout + result.stderr)
                for line in result.stderr.splitlines():
                    # A host without any route is one where these would not run.
                    self.assertTrue(line.startswith("tapeline: warning: ")
                                    or "this host has no route to 239." in line, line)
                no_route = "this host has no route" in result.stderr
                self.assertEqual(result.returncode, 2 if no_route else 0, result.stderr)

    def test_json(self):
        result = self.run_program("check", "--format", "json", ROOT / "configs/demo.yaml")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertTrue(report["usable"])
        self.assertEqual([line["group"] for line in report["feeds"][0]["channels"][0]["lines"]],
                         ["239.192.64.1", "239.192.64.2"])

    def test_bad_files(self):
        self.write("empty.yaml", "")
        self.write("key.yaml", "feds: []\n")
        self.write("twice.yaml", "log: {}\nlog: {}\n")
        self.write("binary.yaml", bytes(range(256)))
        self.write("long.yaml", b"#" * (10 << 20))
        self.write("bomb.yaml", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n")
        for name, part in (("empty.yaml", "empty.yaml:1:1: nothing in it"),
                           ("key.yaml", "key.yaml:1:1: unknown key 'feds'; did you mean 'feeds'?"),
                           ("twice.yaml", "twice.yaml:2:1: key 'log' stated twice"),
                           ("binary.yaml", "binary.yaml:1:1: a control character"),
                           ("long.yaml", "long.yaml: longer than 1 MiB"),
                           ("bomb.yaml", "bomb.yaml:1:4: anchors"),
                           ("none.yaml", "none.yaml: no such file"),
                           ("empty.yaml/x", "empty.yaml/x: no such file"),
                           (".", ".: is a directory")):
            for command in ("check", "run"):
                with self.subTest(command=command, name=name):
                    result = self.run_program(command, name)
                    self.expect_one_line(result, 2, "tapeline: " + part)
                    self.assertEqual(result.stdout, "")

    def test_endless_file_is_not_read_to_its_end(self):
        self.expect_one_line(self.run_program("check", "/dev/zero"), 2, "longer than 1 MiB")

    def test_no_read_permission(self):
        path = self.unreadable("secret.yaml", "feeds: []\n")
        result = self.run_program("check", path, as_nobody=os.geteuid() == 0)
        self.expect_one_line(result, 2, "secret.yaml: can not be read: Permission denied")

    def test_reads_a_pipe(self):
        with open(ROOT / "configs/minimal.yaml", "rb") as config:
            result = subprocess.run([PROGRAM, "check", "/dev/stdin"], stdin=config,
                                    capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_unwritable_stdout(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = self.run_program("check", ROOT / "configs/demo.yaml", stdout=full)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("tapeline: can not write all of the result", result.stderr)

    def test_status_port_in_use_is_a_warning(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            path = self.write("c.yaml", live_config(port=port))
            result = self.run_program("check", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"port {port} is in use now", result.stderr)


class StatusHandler(http.server.BaseHTTPRequestHandler):
    path_answered = "/healthz"
    answer = (200, b'{"status":"ok"}')

    def do_GET(self):  # noqa: N802 (the name is the library's)
        code, body = self.answer if self.path == self.path_answered else (404, b"{}")
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass


class StatusTest(CliTest):
    def ask_server(self, path, code, body, *arguments):
        """What the program says of a server that answers so; "URL" stands for its address."""
        handler = type("Handler", (StatusHandler,), {"answer": (code, body), "path_answered": path})
        with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            url = f"http://127.0.0.1:{server.server_port}"
            try:
                return self.run_program(*[url if word == "URL" else word for word in arguments])
            finally:
                server.shutdown()
                thread.join()


class Healthcheck(StatusTest):
    def ask(self, code, body):
        return self.ask_server("/healthz", code, body, "healthcheck", "URL")

    def test_healthy(self):
        result = self.ask(200, b'{"status":"ok","uptime_seconds":1.5}')
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "healthy\n", ""))

    def test_not_healthy(self):
        self.expect_one_line(self.ask(503, b'{"status":"degraded"}'), 1, "HTTP 503", "degraded")
        self.expect_one_line(self.ask(200, b'{"status":"degraded"}'), 1, "degraded")

    def test_not_tapeline(self):
        for body in (b"", b"<html>ok</html>", b'{"status":1}', b'["ok"]', b'{"status":"ok"'):
            with self.subTest(body):
                self.expect_one_line(self.ask(200, body), 1, "no health document")
        self.expect_one_line(self.ask(200, b" " * 100000), 1, "the answer is too long")

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.expect_one_line(self.run_program("healthcheck", f"http://127.0.0.1:{port}"), 1,
                             "nothing answers there")

    def test_silent_server(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            result = self.run_program("healthcheck", f"127.0.0.1:{port}", "--timeout", "1")
        self.expect_one_line(result, 1, "no answer in time")

    def test_server_that_never_ends_its_header(self):
        stop = threading.Event()

        def drip(server):
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                try:
                    while not stop.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    pass

        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=drip, args=(server,))
            thread.start()
            port = server.getsockname()[1]
            result = self.run_program("healthcheck", f"127.0.0.1:{port}", "--timeout", "1")
            stop.set()
            thread.join()
        self.expect_one_line(result, 1, "no answer in time")

    def test_bad_address(self):
        for url in ("https://127.0.0.1", "127.0.0.1:0", "127.0.0.1:http", "http://"):
            with self.subTest(url):
                self.expect_one_line(self.run_program("healthcheck", url), 2,
                                     "is not the address of a status page")


class Watch(StatusTest):
    DOCUMENT = (ROOT / "tests/app/watch/status.json").read_bytes()

    def ask(self, code, body, *flags):
        return self.ask_server("/status", code, body, "watch", "URL", "--once", *flags)

    def test_once_as_text(self):
        result = self.ask(200, self.DOCUMENT)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for row in (r"tapeline 0\.1\.0  READY   up 01:02:03 ", r"nasdaq/totalview  in sync +19,998 ",
                    r"nasdaq/totalview B  alive ", r"serialization  fits +\[#", r"nasdaq/totalview to books ",
                    r"nasdaq/totalview  writing ", r"RSVN +52,857 +174 +17\.7238 "):
            self.assertRegex(result.stdout, rf"(?m)^{row}")

    def test_once_as_json_is_the_status_document(self):
        result = self.ask(200, self.DOCUMENT, "--format", "json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(json.loads(result.stdout), json.loads(self.DOCUMENT))

    def test_text_of_the_process_is_escaped(self):
        document = json.loads(self.DOCUMENT)
        document["degraded"] = ["\x1b]0;title\x07\r\n\u009b31m"]
        document["feeds"][0]["name"] = document["markets"][0]["top"][0]["symbol"] = "\x1b[2J\u202e"
        for flags in ((), ("--format", "json")):
            result = self.ask(200, json.dumps(document).encode(), *flags)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertRegex(result.stdout, r"^[ -~\n]*$")
            self.assertIn("title", result.stdout)

    def test_no_status_document(self):
        self.expect_one_line(self.ask(503, b"{}"), 1, "HTTP 503; is it a tapeline process?")
        for body in (b"", b"<html>", b"[]", b'{"ready":true}', b"[" * 100000, b"\xff\xfe"):
            with self.subTest(body):
                self.expect_one_line(self.ask(200, body), 1, "no status document")
        self.expect_one_line(self.ask(200, b" " * (9 << 20)), 1, "the answer is too long")

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.expect_one_line(self.run_program("watch", f"127.0.0.1:{port}", "--once"), 1,
                             f"http://127.0.0.1:{port}: nothing answers there")

    def test_usage(self):
        self.expect_one_line(self.run_program("watch"), 2, "needs a terminal", "--once")
        self.expect_one_line(self.run_program("watch", "--format", "json"), 2, "--format is for --once")
        self.expect_one_line(self.run_program("watch", "https://x", "--once"), 2,
                             "is not the address of a status page")
        self.expect_one_line(self.run_program("watch", "--interval", "0"), 2,
                             "'0' is not a number from 0.1 to 3600 seconds")


def live_config(port=0, interface="lo", archive=None):
    config = ("feeds:\n  - name: nasdaq\n    channels:\n      - name: totalview\n"
              "        receive_buffer_bytes: 65536\n        lines:\n"
              f"          - {{name: A, group: 239.192.64.77, port: 26477, interface: {interface}}}\n"
              "market: {max_orders_mib: 64, preallocated_orders_mib: 1, print_history: 1024}\n"
              "pool:\n  serialization: {buffer_count: 16, overflow_buffers: 4}\n"
              "  simd: {buffer_count: 256, overflow_buffers: 16}\n"
              f"status: {{address: 127.0.0.1, port: {port}}}\n")
    if archive is not None:
        config += f"archive:\n  enabled: true\n  directory: {archive}\n"
    return config


class Run(CliTest):
    def expect_refusal(self, config, *parts, as_nobody=False):
        path = self.write("c.yaml", config)
        self.folder.chmod(0o755)
        path.chmod(0o644)
        result = self.run_program("run", "c.yaml", as_nobody=as_nobody)
        self.expect_one_line(result, 2, "c.yaml:", *parts)

    def test_unknown_interface(self):
        self.expect_refusal(live_config(interface="nosuch0"),
                            "c.yaml:7:69: no interface 'nosuch0' on this host")

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            self.expect_refusal(live_config(port=port), str(port))

    def test_archive_folder_is_a_file(self):
        self.write("file", "x")
        self.expect_refusal(live_config(archive="file"), "'file' is not a folder")
        self.expect_refusal(live_config(archive="file/below"), "'file/below' is not a folder")

    def test_unwritable_archive_folder(self):
        (self.folder / "locked").mkdir(mode=0o555)
        self.expect_refusal(live_config(archive="locked"), "'locked' can not be written",
                            as_nobody=os.geteuid() == 0)

    def test_unwritable_parent_of_archive_folder(self):
        (self.folder / "locked").mkdir(mode=0o555)
        self.expect_refusal(live_config(archive="locked/new"), "can not be written",
                            as_nobody=os.geteuid() == 0)

    def test_ends_well_on_sigterm_and_sigint(self):
        path = self.write("c.yaml", live_config())
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                with subprocess.Popen([PROGRAM, "run", str(path)], cwd=self.folder, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                    try:
                        for line in process.stderr:
                            if "status page" in line:
                                break
                        process.send_signal(number)
                        _, errors = process.communicate(timeout=TIMEOUT_S)
                    finally:
                        process.kill()
                self.assertEqual(process.returncode, 0, errors)


class Log(CliTest):
    """What `tapeline run` writes to its log."""

    GROUP, PORT = "239.192.64.77", 26477

    def run_until(self, config, enough, meanwhile, environment=None):
        """Lines of the log until enough(line); meanwhile(process) is called once it has begun."""
        path = self.write("c.yaml", config)
        lines = []
        with subprocess.Popen([PROGRAM, "run", str(path)], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env={**os.environ, **(environment or {})}) as process:
            guard = threading.Timer(TIMEOUT_S, process.kill)
            guard.start()
            try:
                for line in process.stderr:
                    lines.append(line)
                    if "status page" in line:
                        port = int(line.split("127.0.0.1:")[1].split("/")[0])
                    if meanwhile is not None and len(lines) > 1:
                        meanwhile()
                        meanwhile = None
                    if enough(line):
                        break
                pages = []
                for page in ("status", "metrics", "healthz", "readyz"):
                    try:
                        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10) as answer:
                            pages.append(answer.read().decode())
                    except urllib.error.HTTPError as error:
                        pages.append(error.read().decode())
                process.terminate()
                output, errors = process.communicate(timeout=TIMEOUT_S)
            finally:
                guard.cancel()
                process.kill()
        self.assertEqual(process.returncode, 0, lines)
        return lines + errors.splitlines(keepends=True), output + "".join(pages)

    def send(self, packets):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            for packet in packets:
                sender.sendto(packet, (self.GROUP, self.PORT))

    def test_hostile_sessions_stay_inside_their_lines(self):
        session = b'\x1b[31m\n"}\\\xff'
        packet = session + mold_packet(1, [system_event(b"O")])[10:]
        for form in ("text", "json"):
            with self.subTest(form):
                lines, _ = self.run_until(live_config() + f"log: {{format: {form}}}\n",
                                          lambda line: "begins for us" in line, lambda: self.send([packet]))
                told = [line for line in lines if "begins for us" in line]
                self.assertEqual(len(told), 1)
                for line in lines:
                    self.assertRegex(line, r"^[ -~]*\n$")
                    if form == "json":
                        self.assertEqual(list(json.loads(line)), ["time_ns", "level", "message"])
                message = json.loads(told[0])["message"] if form == "json" else told[0]
                self.assertIn("session '\\x1b[31m\\x0a\"}\\\\xff'", message)

    def test_a_flood_of_gaps_is_bounded(self):
        packets = [mold_packet(number, [system_event(b"O")]) for number in range(1, 802, 2)]
        lines, pages = self.run_until(
            live_config().replace("65536", "200000") + "log: {lines_per_second: 5}\n",
            lambda line: "of this kind suppressed" in line, lambda: self.send(packets))
        gaps = [line for line in lines if re.search(r"gap: messages \d+ to \d+ \(\d+\) lost", line)]
        suppressed = [int(line.split("gap: ")[1].split()[0].replace(",", "")) for line in lines
                      if "of this kind suppressed" in line]
        self.assertGreaterEqual(len(gaps), 5)
        self.assertLessEqual(len(gaps), 50)  # of ten seconds, should the host be so slow
        happened = int(re.search(r"(?m)^tapeline_channel_gaps_total\{.*\} (\d+)$", pages)[1])
        self.assertGreater(happened, 50)
        self.assertEqual(len(gaps) + sum(suppressed), happened)

    def test_credentials_are_never_told(self):
        user, secret = "CANARY", "canary-pw"
        with socket.create_server(("127.0.0.1", 0)) as server:
            def reject():
                connection, _ = server.accept()
                with connection:
                    login = connection.recv(100)
                    self.assertIn(secret.encode(), login)
                    connection.sendall(struct.pack(">H", 2) + b"JA")
            config = ("feeds:\n  - name: nasdaq\n    channels:\n      - name: totalview\n"
                      "        transport: soupbintcp\n        soupbintcp:\n"
                      f"          {{servers: ['127.0.0.1:{server.getsockname()[1]}'], credentials_env: CLI_LOGIN}}\n"
                      "status: {address: 127.0.0.1, port: 0}\nlog: {level: trace}\n")
            thread = threading.Thread(target=reject)
            thread.start()
            lines, pages = self.run_until(config, lambda line: "rejected the login" in line, None,
                                          {"CLI_LOGIN_USERNAME": user, "CLI_LOGIN_PASSWORD": secret})
            thread.join()
        self.assertIn("check the credentials", "".join(lines))
        for text in ("".join(lines), pages):
            self.assertNotIn(secret, text)
            self.assertNotIn(user, text)


# ---- captures -----------------------------------------------------------------------------------

def system_event(code):
    """'S' System Event of ITCH 5.0, 12 bytes."""
    return b"S" + struct.pack(">HH", 0, 0) + (1_000_000).to_bytes(6, "big") + code


def mold_packet(first_sequence, messages):
    blocks = b"".join(struct.pack(">H", len(message)) + message for message in messages)
    return b"CLI_TEST01" + struct.pack(">QH", first_sequence, len(messages)) + blocks


def raw_datagram(payload):
    udp = struct.pack(">HHHH", 40000, 26400, 8 + len(payload), 0) + payload
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 1, 17, 0,
                       bytes([10, 0, 0, 1]), bytes([239, 192, 64, 1])) + udp


def pcap(packets):
    """A microsecond pcap of raw IP packets."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for index, packet in enumerate(packets):
        out += struct.pack("<IIII", 1_700_000_000, index, len(packet), len(packet)) + packet
    return out


def events(count):
    return [raw_datagram(mold_packet(number + 1, [system_event(b"O")])) for number in range(count)]


RECORD_BYTES = 16 + len(events(1)[0])
FILE_HEADER_BYTES = 24


class Replay(CliTest):
    def replay(self, *arguments, **options):
        return self.run_program("replay", "--quiet", *arguments, **options)

    def messages_in(self, result):
        """The number of messages in a JSON summary, wherever the summary holds it."""
        def find(value):
            if isinstance(value, dict):
                if isinstance(value.get("messages"), int):
                    return value["messages"]
                value = list(value.values())
            if isinstance(value, list):
                for part in value:
                    found = find(part)
                    if found is not None:
                        return found
            return None
        return find(json.loads(result.stdout))

    def test_whole_capture(self):
        path = self.write("good.pcap", pcap(events(10)))
        result = self.replay("--format", "json", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.messages_in(result), 10)

    def test_what_is_no_capture(self):
        self.write("empty.pcap", b"")
        self.write("magic.pcap", b"\xde\xad\xbe\xef" * 64)
        self.write("text.pcap", "this is not a capture\n" * 20)
        for name in ("empty.pcap", "magic.pcap", "text.pcap", "missing.pcap", ".",
                     "empty.pcap/below"):
            with self.subTest(name):
                result = self.replay(name)
                self.expect_one_line(result, 2, f"tapeline: {name}: ")
                self.assertEqual(result.stdout, "")

    def test_no_read_permission(self):
        self.unreadable("secret.pcap", pcap(events(1)))
        result = self.replay("secret.pcap", as_nobody=os.geteuid() == 0)
        self.expect_one_line(result, 2, "tapeline: secret.pcap: ", "permission")

    def test_bad_file_among_good_ones_stops_before_work(self):
        self.write("good.pcap", pcap(events(3)))
        result = self.replay("good.pcap", "missing.pcap")
        self.expect_one_line(result, 2, "tapeline: missing.pcap: ")
        self.assertEqual(result.stdout, "")

    def expect_damage(self, content, messages, offset):
        self.write("bad.pcap", content)
        result = self.replay("--format", "json", "bad.pcap")
        self.expect_one_line(result, 1, "tapeline: bad.pcap: ", str(offset))
        self.assertEqual(self.messages_in(result), messages)

    def test_truncated_capture_is_played_to_the_cut(self):
        whole = pcap(events(10))
        last = FILE_HEADER_BYTES + 9 * RECORD_BYTES
        self.expect_damage(whole[:-1], 9, last)
        self.expect_damage(whole[:last + 5], 9, last)

    def test_corrupt_record_is_told_with_its_offset(self):
        whole = bytearray(pcap(events(10)))
        bad = FILE_HEADER_BYTES + 4 * RECORD_BYTES
        struct.pack_into("<I", whole, bad + 8, 0x7FFFFFFF)
        self.expect_damage(bytes(whole), 4, bad)

    def test_capture_of_the_file_header_only_is_empty_but_right(self):
        path = self.write("none.pcap", pcap([]))
        result = self.replay("--format", "json", path)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_archive_folder_is_a_file(self):
        self.write("good.pcap", pcap(events(3)))
        self.write("file", "x")
        self.expect_one_line(self.replay("--archive", "file", "good.pcap"), 2, "file")

    def test_bad_flags(self):
        path = self.write("good.pcap", pcap(events(1)))
        self.expect_one_line(self.replay("--pace", "fast", path), 2, "--pace")
        self.expect_one_line(self.replay("--port", "0", path), 2, "--port")
        self.expect_one_line(self.replay("--format", "xml", path), 2, "--format")


class Simulate(CliTest):
    """Live sessions go to a unicast address of loopback, so that no multicast route is needed."""

    LIVE = ("--lines", "A", "--to-a", "127.0.0.1:26477", "--rate", "max")

    def test_help_has_every_fault_and_server(self):
        text = self.run_program("simulate", "--help").stdout
        for part in ("--from FILE", "--pace", "--faults SPEC", "--request-server ADDRESS:PORT",
                     "--request-peers", "--soup-server ADDRESS:PORT", "--glimpse-server ADDRESS",
                     "--credentials-file FILE", "--history-mib", "--lead", "--linger",
                     "burst=0.1%x200", "server-silent=10s-20s", "reset=10000x3", "trickle"):
            with self.subTest(part):
                self.assertIn(part, text)

    def test_wrong_flags(self):
        server = "127.0.0.1:0"
        for arguments, part in (
                (("--faults", "loss=1"), "--faults: fault option 'loss': '1' is not a rate"),
                (("--faults", "loss=1%,"), "--faults: the fault options end in a comma"),
                (("--faults", "los=1%"), "--faults: there is no fault option 'los'"),
                (("--faults", "loss=1%", "--write", "x.pcap"), "--write"),
                (("--faults", "server-loss=1%"), "--faults: server-loss and the like are for "),
                (("--faults", "loss=1%", "--lines", "none", "--soup-server", server),
                 "--faults: there is no line for them with --lines none"),
                (("--soup-server", "host:1"), "--soup-server: 'host:1' is not an address and a "),
                (("--soup-server", "239.1.1.1:5"), "--soup-server: '239.1.1.1:5' is not"),
                (("--soup-faults", "trickle"), "--soup-faults requires --soup-server"),
                (("--soup-server", server, "--soup-faults", "reset"),
                 "--soup-faults: there is no fault option 'reset'; there are reset=MESSAGES"),
                (("--glimpse-server", server, "--glimpse-faults", "silent=x"), "--glimpse-faults: "),
                (("--request-server", server, "--request-peers", "me"),
                 "--request-peers: 'me' is not 'any' or addresses with commas"),
                (("--request-server", "0.0.0.0:0"),
                 "--request-server on 0.0.0.0 needs --request-peers: the addresses that may ask"),
                (("--request-peers", "any"), "--request-peers requires --request-server"),
                (("--request-server", server, "--request-rate", "0"), "--request-rate: '0' is not"),
                (("--credentials-file", "x"), "--credentials-file is for --soup-server and "),
                (("--soup-server", server, "--credentials-file", "none"),
                 "none: No such file or directory"),
                (("--lines", "none"), "--lines none sends nothing: it needs a server"),
                (("--history-mib", "0"), "--history-mib: '0' is not a whole number from 1"),
                (("--linger", "-1"), "--linger"),
                (("--lead", "86401"), "--lead: '86401' is not a whole number from 0"),
                (("--pace", "1"), "--pace requires --from"),
                (("--from", "x", "--pace", "fast"), "--pace: 'fast' is not max or a number"),
                (("--from", "x", "--pace", "1", "--rate", "5"), "--rate excludes --pace"),
                (("--from", "x", "--write", "y.pcap"), "--write excludes --from"),
                (("--from", "x", "--ledger", "y"), "--ledger excludes --from"),
                (("--from", "missing.pcap"), "missing.pcap: "),
                (("--messages", "10"), "--messages: '10' is not a whole number from 1200"),
                (("--format", "pcap"), "--format pcap is for a file: name it with --write"),
                (("--format", "json", "--write", "x.pcap"), "--format json is for the summary")):
            with self.subTest(arguments):
                self.expect_one_line(self.run_program("simulate", *arguments), 2, part)

    def test_passwords_are_not_told(self):
        self.write("accounts", "user hunter2 surplus\n")
        result = self.run_program("simulate", *self.LIVE, "--soup-server", "127.0.0.1:0",
                                  "--credentials-file", "accounts")
        self.expect_one_line(result, 2, "accounts: line 1: more than USER PASSWORD")
        self.assertNotIn("hunter2", result.stderr)

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            result = self.run_program("simulate", *self.LIVE, "--soup-server", f"127.0.0.1:{port}")
        self.expect_one_line(result, 2, f"cannot listen on 127.0.0.1:{port}: Address already in")

    def test_capture_is_sent_message_by_message(self):
        data = ROOT / "tests/data"
        for name, flags in (("session.pcap", ()), ("session.itch", ("--pace", "max"))):
            with self.subTest(name):
                result = self.run_program("simulate", "--from", data / name, "--lines", "A", "--to-a",
                                          "127.0.0.1:26477", "--record", "sent.pcap", "--force",
                                          "--format", "json", *(flags or ("--rate", "max")))
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertEqual(json.loads(result.stdout)["messages"], 15000)
                sent = json.loads(self.run_program("replay", "sent.pcap", "--format", "json").stdout)
                whole = json.loads(self.run_program("replay", data / "session.pcap", "--format",
                                                    "json").stdout)
                by_type = [report["feeds"][0]["channels"][0]["messages_by_type"]
                           for report in (sent, whole)]
                self.assertEqual(by_type[0], by_type[1])

    def test_damaged_capture_is_sent_to_the_damage(self):
        content = (ROOT / "tests/data/session.itch").read_bytes()
        self.write("cut.itch", content[:-1])
        result = self.run_program("simulate", "--from", "cut.itch", *self.LIVE, "--format", "json")
        self.expect_one_line(result, 1, "tapeline: cut.itch: ")
        self.assertEqual(json.loads(result.stdout)["messages"], 14999)

    def test_servers_answer_while_it_lingers(self):
        process = subprocess.Popen(
            [PROGRAM, "simulate", *self.LIVE, "--messages", "5000", "--session", "DAY", "--format",
             "json", "--request-server", "127.0.0.1:0", "--soup-server", "127.0.0.1:0",
             "--glimpse-server", "127.0.0.1:0", "--linger", "3600"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)
        self.addCleanup(process.kill)
        ports = {line.split(" on ")[0]: int(line.rsplit(":", 1)[1])
                 for line in (process.stderr.readline() for _ in range(3))}
        messages = self.read_stream(ports["SoupBinTCP server"])
        self.assertEqual(len(messages), 5000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(TIMEOUT_S)
            client.sendto(struct.pack(">10sQH", b"DAY".ljust(10), 4990, 5),
                          ("127.0.0.1", ports["re-request server"]))
            answer = client.recv(2000)
        self.assertEqual(answer[:20], struct.pack(">10sQH", b"DAY".ljust(10), 4990, 5))
        self.assertEqual(answer[20:], b"".join(struct.pack(">H", len(m)) + m
                                               for m in messages[4989:4994]))
        snapshot = self.read_stream(ports["GLIMPSE server"])
        self.assertEqual(snapshot[-1], b"G" + b"5001".rjust(20))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual((process.returncode, errors), (0, ""))
        report = json.loads(output)
        self.assertEqual(report["request_server"]["answers"], 1)
        self.assertEqual(report["soup_server"]["messages"], 5000)
        self.assertEqual(report["glimpse_server"]["ends"], 1)
        self.assertTrue(report["glimpse_server"]["whole"])

    def read_stream(self, port):
        """All messages from number 1 to the end of the session, and not a byte more."""
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as client:
            client.sendall(struct.pack(">HB", 47, ord("L")) + b"user  password            "
                           + b"1".rjust(20))
            data = b"".join(iter(lambda: client.recv(65536), b""))
        messages, types, at = [], "", 0
        while at < len(data):
            length = struct.unpack_from(">H", data, at)[0]
            types += chr(data[at + 2])
            if types[-1] == "S":
                messages.append(data[at + 3:at + 2 + length])
            at += 2 + length
        self.assertRegex(types, "^A[SH]*Z$")
        self.assertEqual(at, len(data))
        return messages


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: run_cli_tests.py PATH_OF_TAPELINE")
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=1)
