#!/usr/bin/env python3
"""The status endpoint of a running process, from outside: documents, schema, and peers that mean no good.

usage: endpoints_test.py TAPELINE
Needs promtool (Debian package prometheus) and jsonschema (python3-jsonschema).
"""
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from slow_clients import SlowClients  # noqa: E402 pylint: disable=wrong-import-position
PROGRAM = ""
PORT = 0
CONFIG = """
feeds:
  - name: nasdaq
    channels:
      - name: totalview
        lines:
          - {{name: A, group: 239.192.79.1, port: {lines}, interface: lo}}
          - {{name: B, group: 239.192.79.2, port: {lines}, interface: lo}}
archive: {{enabled: true, directory: {archive}, ring_batches: 4096}}
status: {{address: 127.0.0.1, port: {port}}}
"""


def free_port(kind):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(path):
    """(status, text) of one GET."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def until(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"no {what} within {seconds} s")
        time.sleep(0.05)


def ask(request, half_close=False, hesitate=0.0):
    """All that comes back for these bytes until the server closes; sent `hesitate` seconds after connecting."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=10) as peer:
        time.sleep(hesitate)
        with contextlib.suppress(ConnectionError):
            peer.sendall(request)
            if half_close:
                peer.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := peer.recv(65536):
                answer += part
        return answer


class Documents(unittest.TestCase):
    def check_schema(self, document):
        schema = json.loads((ROOT / "docs/status.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(document)

    def test_status_keeps_to_its_schema(self):
        document = json.loads(get("/status")[1])
        self.check_schema(document)
        self.assertGreater(document["feeds"][0]["channels"][0]["latency"]["count"], 0)
        self.assertGreater(document["archives"][0]["ring_wait"]["count"], 0)

    def test_a_schema_that_lacks_a_field_is_noticed(self):
        document = json.loads(get("/status")[1])
        document["feeds"][0]["channels"][0]["lines"][0]["more"] = 1
        with self.assertRaises(jsonschema.ValidationError):
            self.check_schema(document)

    def test_volumes_may_have_fractions(self):
        document = json.loads(get("/status")[1])
        top = document["markets"][0]["top"][0]
        for volume, right in ((5, True), ("12.50000001", True), ("many", False), (-1, False), (None, False)):
            top["volume"] = volume
            with contextlib.nullcontext() if right else self.assertRaises(jsonschema.ValidationError):
                self.check_schema(document)

    def test_events_are_the_status_document(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/events", timeout=10) as events:
            seen = []
            while len(seen) < 3:
                line = events.readline().decode()
                if line.startswith("data: "):
                    seen.append(json.loads(line[6:]))
        for document in seen:
            self.check_schema(document)
        # The first comes at once and the next with those of all subscribers; a busy host is late.
        self.assertGreater(seen[2]["time_seconds"] - seen[1]["time_seconds"], 0.5)

    def test_promtool_finds_no_fault(self):
        result = subprocess.run(["promtool", "check", "metrics"], input=get("/metrics")[1], text=True,
                                capture_output=True, check=False)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_ready_once_messages_come(self):
        self.assertEqual((READY_BEFORE[0], json.loads(READY_BEFORE[1])),
                         (503, {"ready": False,
                                "reasons": ["nasdaq/totalview: nothing has been received yet"]}))
        self.assertEqual(get("/readyz"), (200, '{"ready":true,"reasons":[]}\n'))
        self.assertEqual(get("/healthz"), (200, '{"status":"ok","degraded":[]}\n'))


class OpenToOthers(unittest.TestCase):
    def test_run_and_check_warn(self):
        with tempfile.TemporaryDirectory(prefix="tapeline-status-") as folder:
            port, lines = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
            config = pathlib.Path(folder) / "config.yaml"
            config.write_text(CONFIG.format(lines=lines, archive=folder + "/archive", port=port)
                              .replace("address: 127.0.0.1", "address: 0.0.0.0"))
            checked = subprocess.run([PROGRAM, "check", config], capture_output=True, text=True, check=False)
            self.assertIn("open to other hosts", checked.stdout + checked.stderr)
            with subprocess.Popen([PROGRAM, "run", config], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) as process:
                seen = []
                for line in process.stderr:
                    seen.append(line)
                    if "warn" in line and "open to other hosts" in line:
                        break
                process.send_signal(signal.SIGTERM)
                process.communicate()
            self.assertIn("open to other hosts", seen[-1])


class BadPeers(unittest.TestCase):
    def good_client(self, hesitate=0.0):
        """Milliseconds until a good client has its answer."""
        started = time.monotonic()
        answer = ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", hesitate=hesitate)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        return (time.monotonic() - started) * 1000

    def worst_of_good_clients(self, eager, hesitate=0.0):
        """Milliseconds of the slowest of 100 good clients beside 500 slow ones."""
        with SlowClients(PORT, 500, eager) as slow:
            times = []
            for _ in range(100):
                times.append(self.good_client(hesitate))
                time.sleep(0.02)
            opened = slow.opened
        print(f"good client beside 500 slow ones ({opened} connections): median"
              f" {sorted(times)[50]:.1f} ms, worst {max(times):.1f} ms", file=sys.stderr)
        self.assertGreater(opened, 500)
        return max(times)

    def test_500_slow_clients_lock_nobody_out(self):
        # A host that does not let the process run for so long proves nothing: three attempts.
        self.assertTrue(any(self.worst_of_good_clients(eager=False) < 100 for _ in range(3)))
        self.assertGreater(json.loads(get("/status")[1])["http"]["displaced"], 0)

    def test_500_slow_clients_that_come_again_at_once_lock_nobody_out(self):
        self.worst_of_good_clients(eager=True, hesitate=0.02)

    def test_64_kib_of_headers(self):
        answer = ask(b"GET /status HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 65536 + b"\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 431 "), answer[:100])

    def test_pipelined_requests(self):
        answer = ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        self.assertIn(b"Connection: close\r\n", answer)

    def test_bad_methods(self):
        for method in (b"POST", b"PUT", b"DELETE", b"TRACE", b"CONNECT", b"OPTIONS", b"BREW"):
            answer = ask(method + b" /status HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            self.assertTrue(answer.startswith(b"HTTP/1.1 405 "), (method, answer[:100]))
        for nonsense in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"\r\n\r\n"):
            self.assertTrue(ask(nonsense).startswith(b"HTTP/1.1 400 "), nonsense)

    def test_half_closed_sockets(self):
        self.assertEqual(ask(b"GET /stat", half_close=True), b"")
        whole = ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", half_close=True)
        self.assertTrue(whole.startswith(b"HTTP/1.1 200 "))

    def test_nothing_is_reflected(self):
        for path in (b"/<script>alert(1)</script>", b"/../../etc/passwd", b"/%2e%2e/etc/passwd"):
            answer = ask(b"GET " + path + b" HTTP/1.1\r\nHost: <b>\r\nX: <b>\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 404 "), answer[:100])
            self.assertNotIn(b"<", answer)
            self.assertNotIn(b"etc", answer)

    def test_more_subscribers_than_there_are_places(self):
        peers = []
        try:
            for _ in range(40):
                peers.append(socket.create_connection(("127.0.0.1", PORT), timeout=10))
                peers[-1].sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            answers = [peer.recv(12) for peer in peers]
        finally:
            for peer in peers:
                peer.close()
        self.assertEqual(sorted(set(answers)), [b"HTTP/1.1 200", b"HTTP/1.1 503"])
        self.assertLessEqual(answers.count(b"HTTP/1.1 200"), 16)
        until("end of all subscriptions",
              lambda: json.loads(get("/status")[1])["http"]["subscribers"] == 0)


READY_BEFORE = (0, "")


def main():
    global PROGRAM, PORT, READY_BEFORE
    PROGRAM = sys.argv.pop(1)
    with tempfile.TemporaryDirectory(prefix="tapeline-status-") as folder:
        PORT = free_port(socket.SOCK_STREAM)
        lines = free_port(socket.SOCK_DGRAM)
        config = pathlib.Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(lines=lines, archive=folder + "/archive", port=PORT))
        process = subprocess.Popen([PROGRAM, "run", config], stdout=subprocess.DEVNULL)
        exchange = None
        try:
            def answers():
                with contextlib.suppress(OSError):
                    return get("/healthz")[0] == 200
            until("answer", answers)
            READY_BEFORE = get("/readyz")
            exchange = subprocess.Popen(
                [PROGRAM, "simulate", "--rate", "5000", "--duration", "120", "--instruments", "100",
                 "--to-a", f"239.192.79.1:{lines}", "--to-b", f"239.192.79.2:{lines}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until("readiness", lambda: get("/readyz")[0] == 200)
            until("archived batch", lambda: json.loads(get("/status")[1])["archives"][0]["packets"])
            program = unittest.main(exit=False, argv=sys.argv)
        finally:
            for child in (exchange, process):
                if child is not None:
                    child.send_signal(signal.SIGTERM)
                    child.wait(30)
        if process.returncode != 0:
            sys.exit(f"FAIL: tapeline run ended with {process.returncode}")
        sys.exit(not program.result.wasSuccessful())


if __name__ == "__main__":
    main()
