#!/usr/bin/env python3
"""`tapeline watch` in real terminals: driven by keys in tmux, looked at by its screens.

usage: terminal_test.py TAPELINE LEAKY_PROCESS FOLDER

Screens are kept in FOLDER. Exits 77 where there is no tmux.
"""
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

PROGRAM = LEAKY = ""
FOLDER = pathlib.Path()
CONFIG = """
feeds:
  - name: nasdaq
    channels:
      - name: totalview
        line_dead_ms: 1000
        lines:
          - {{name: A, group: 239.192.77.1, port: {lines}, interface: lo}}
          - {{name: B, group: 239.192.77.2, port: {lines}, interface: lo}}
archive: {{enabled: true, directory: {folder}/archive, ring_batches: 4096}}
status: {{address: 127.0.0.1, port: {port}}}
"""


def free_port(kind):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, condition, seconds=30):
    """The first true value of the condition."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"no {what} within {seconds} s")
        time.sleep(0.05)


class Terminal:
    """A pane of a tmux server of our own that runs `tapeline watch`, then tells how it ended."""

    def __init__(self, arguments, columns=80, rows=24, environment=""):
        self.folder = tempfile.TemporaryDirectory(prefix="tapeline-watch-")  # pylint: disable=consider-using-with
        self.server = ["tmux", "-S", self.folder.name + "/socket", "-f", "/dev/null"]
        watch = shlex.join([PROGRAM, "watch", *arguments])
        # What stands after "ended with" comes from the shell, so nothing typed before can fake it.
        script = (f"stty -a >{self.folder.name}/before; {environment} {watch}; code=$?; "
                  f"stty -a >{self.folder.name}/after; echo \"ended with $code\"; exec sleep 1000")
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), script)
        self.pane = self.tmux("list-panes", "-F", "#{pane_id}").strip()

    def tmux(self, *arguments):
        return subprocess.run([*self.server, *arguments], capture_output=True, text=True, check=True).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", self.pane)

    def press(self, *keys):
        self.tmux("send-keys", "-t", self.pane, *keys)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-t", self.pane, "-x", str(columns), "-y", str(rows))

    def wait_for(self, text, seconds=15):
        """The screen that has it."""
        try:
            return until(text, lambda: (screen := self.screen()) and re.search(text, screen) and screen, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.screen()}") from error

    def keep(self, name):
        (FOLDER / f"{name}.txt").write_text(self.screen())

    def watch_pid(self):
        shell = self.tmux("list-panes", "-F", "#{pane_pid}").strip()
        return int(subprocess.run(["ps", "-o", "pid=", "--ppid", shell], capture_output=True, text=True,
                                  check=True).stdout.split()[0])

    def is_as_before(self):
        """Whether the settings of the terminal are those from before the program."""
        def read(name):
            return pathlib.Path(self.folder.name, name).read_text()
        return read("before") == read("after")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.tmux("kill-server")
        self.folder.cleanup()


class Process:
    """A feed process and the exchange that feeds it."""

    def __init__(self, folder):
        self.port = free_port(socket.SOCK_STREAM)
        self.lines = free_port(socket.SOCK_DGRAM)
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = pathlib.Path(folder) / "config.yaml"
        self.config.write_text(CONFIG.format(folder=folder, port=self.port, lines=self.lines))
        self.process = self.exchange = None
        self.run()

    def run(self):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([PROGRAM, "run", self.config], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

        def answers():
            with contextlib.suppress(OSError):
                return self.status() is not None
        until("answer", answers)

    def simulate(self, session, rate=5000, seconds=300, lines="AB"):
        self.quiet()
        to = [word for line, group in (("A", 1), ("B", 2)) if line in lines
              for word in (f"--to-{line.lower()}", f"239.192.77.{group}:{self.lines}")]
        # pylint: disable=consider-using-with
        self.exchange = subprocess.Popen(
            [PROGRAM, "simulate", "--rate", str(rate), "--duration", str(seconds), "--instruments", "50",
             "--session", session, *to], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def quiet(self):
        if self.exchange is not None:
            self.exchange.terminate()
            self.exchange.wait()
            self.exchange = None

    def status(self):
        with urllib.request.urlopen(self.url + "/status", timeout=10) as answer:
            return json.load(answer)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.quiet()
        if self.process.poll() is None:
            self.end()


def cells(screen, row):
    """The words of the row that begins with this text."""
    found = [line for line in screen.splitlines() if line.startswith(row + " ")]
    return found[0][len(row):].split() if found else []


def number_below(screen, title, row):
    """What stands in the column of that title, in the row that begins with this text; else nothing."""
    end = None
    for line in screen.splitlines():
        found = re.search(rf"(?<=  ){re.escape(title)}(?= |$)", line)
        if found:
            end = found.end()
        elif end is not None and line.startswith(row + " "):
            return line[:end].split()[-1]
    return ""


def names(screen):
    """Of the rows of a table below its title."""
    return [line.split()[0] for line in screen.splitlines()[5:-1] if line.strip()]


class Live(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="tapeline-watch-"))
        self.process = self.enterContext(Process(self.folder))

    def watch(self, columns=80, rows=24):
        return self.enterContext(Terminal([self.process.url, "--interval", "0.2"], columns, rows))

    def test_values_move_and_equal_the_status_document(self):
        self.process.simulate("FIRST")
        terminal = self.watch()
        terminal.wait_for(" READY ")
        terminal.press("2")
        first = number_below(terminal.wait_for(r"NEXT"), "NEXT", "nasdaq/totalview")
        self.assertRegex(first, r"^[0-9,]+$")
        until("another sequence", lambda: number_below(terminal.screen(), "NEXT", "nasdaq/totalview") != first)
        until("archived packet", lambda: self.process.status()["archives"][0]["packets"])
        self.process.quiet()
        until("rest", lambda: self.process.status()["feeds"][0]["channels"][0]["messages_per_second"] == 0)
        time.sleep(0.5)  # the last batches are on their way to the archive
        for size in ((80, 24), (200, 50)):
            terminal.resize(*size)
            self.equals_status(terminal)

    def equals_status(self, terminal):
        def shown_and_told():
            status = self.process.status()
            channel, pool = status["feeds"][0]["channels"][0], status["pools"]["serialization"]
            top = status["markets"][0]["top"][0]
            screens = {}
            for key, title in (("2", "CHANNEL"), ("3", "LINE "), ("4", "served by"), ("7", "SYMBOL")):
                terminal.press(key)
                screens[key] = terminal.wait_for(title)
            lines = [line for line in screens["3"].splitlines() if line.startswith("nasdaq/totalview")]
            return ([number_below(screens["2"], "NEXT", "nasdaq/totalview"),
                     number_below(screens["2"], "LOST", "nasdaq/totalview"),
                     [f"{line['share_won'] * 100:.1f}%" in shown for line, shown in zip(channel["lines"], lines)],
                     f"{pool['in_use']:,} of {pool['buffers']:,}, peak {pool['peak_in_use']:,}" in screens["4"],
                     f"acquires   {pool['acquires']:,} " in screens["4"],
                     cells(screens["7"], top["symbol"])[:3]],
                    [f"{channel['expected_sequence']:,}", f"{channel['lost_messages']:,}",
                     [True, True], True, True,
                     [f"{top['volume']:,}", f"{top['trades']:,}", f"{top['vwap']:,.4f}"]])
        last = []

        def agree():
            last[:] = shown_and_told()
            return last[0] == last[1]
        try:
            until("screen that equals /status", agree)
        except AssertionError:
            self.assertEqual(*last, terminal.screen())

    def test_overview_is_filled_at_both_sizes_and_after_a_resize(self):
        self.process.simulate("SECOND")
        for columns, rows in ((80, 24), (200, 50)):
            terminal = self.watch(columns, rows)
            terminal.wait_for(" READY ")
            screen = terminal.wait_for("SYMBOL")
            self.assertEqual(len(screen.splitlines()), rows)
            for title in ("POOL", "CHANNEL", "LINE", "LATENCY", "ARCHIVE", "SYMBOL"):
                self.assertRegex(screen, rf"(?m)^{title} ")
            self.assertRegex(screen, r"(?m)^ q end .*every 0.2 s$")
            until("rates of lines", lambda: re.search(r"(?m)^nasdaq/totalview A +alive +[1-9]", terminal.screen()))
            terminal.keep(f"overview-{columns}x{rows}")
            terminal.resize(100, 30)
            until("smaller screen", lambda: len((s := terminal.screen()).splitlines()) == 30
                  and s.splitlines()[-1].startswith(" q end"))

    def test_tells_a_dead_line_a_stopped_process_and_its_return(self):
        self.process.simulate("THIRD", seconds=2)
        terminal = self.watch()
        terminal.wait_for(r"READY")
        self.process.simulate("FOURTH", lines="A")
        screen = terminal.wait_for(r"! nasdaq/totalview: line B is dead")
        self.assertIn(" READY, DEGRADED ", screen)
        self.assertEqual(cells(screen, "nasdaq/totalview B")[0], "dead")
        terminal.keep("dead-line")
        self.assertEqual(self.process.end(), 0)
        screen = terminal.wait_for(r"Lost for \d+ s: nothing answers there")
        self.assertIn(" CONNECTION LOST ", screen)
        self.assertIn("nasdaq/totalview B", screen)  # the last state stays, and says of when it is
        self.assertRegex(screen, r"What is below is as of \d\d:\d\d:\d\d UTC")
        terminal.keep("connection-lost")
        self.process.run()
        screen = terminal.wait_for(r"Connected again, after \d+ s without an answer")
        self.assertNotIn("CONNECTION LOST", screen)
        terminal.press("q")
        terminal.wait_for(r"(?m)^ended with 0$")
        self.assertTrue(terminal.is_as_before())

    def test_keys(self):
        self.process.simulate("FIFTH")
        terminal = self.watch()
        terminal.wait_for(" READY ")
        terminal.press("7")
        terminal.wait_for(r"(?m)^SYMBOL")
        symbols = until("ten symbols", lambda: len(found := names(terminal.screen())) > 10 and found)
        terminal.press(">")  # by symbol
        until("symbols from A on", lambda: (found := names(terminal.screen())) and found == sorted(found))
        terminal.press("/", symbols[0], "Enter")
        self.assertEqual(names(terminal.wait_for(rf"only '{symbols[0]}' \(Esc: all\)")), [symbols[0]])
        terminal.press("Escape")
        terminal.wait_for(rf"(?m)^{symbols[1]} ")
        terminal.press("p")
        paused = terminal.wait_for("Paused: p goes on")
        seen = self.process.status()["time_seconds"]
        until("time", lambda: self.process.status()["time_seconds"] > seen + 1)
        self.assertEqual(terminal.screen(), paused)
        terminal.press("p")
        until("values", lambda: "Paused" not in terminal.screen())
        terminal.press("F1")
        terminal.wait_for("sort by the column to the left")
        terminal.press("Tab")
        terminal.wait_for(r"(?m)^POOL ")  # from the last view to the first

    def test_signals_end_it_and_leave_the_terminal_as_it_was(self):
        for stop in (lambda t: t.press("C-c"), lambda t: os.kill(t.watch_pid(), signal.SIGTERM),
                     lambda t: t.press("F10")):
            terminal = self.watch()
            terminal.wait_for("Overview")
            stop(terminal)
            screen = terminal.wait_for(r"(?m)^ended with 0$")
            self.assertNotIn("Overview", screen)
            self.assertTrue(terminal.is_as_before())

    def test_ends_when_its_terminal_goes(self):
        terminal = self.watch()
        terminal.wait_for("Overview")
        pid = terminal.watch_pid()
        terminal.tmux("kill-server")
        until("end", lambda: not pathlib.Path(f"/proc/{pid}").exists())


class Others(unittest.TestCase):
    def test_a_leak_is_told_as_what_it_is(self):
        with subprocess.Popen([LEAKY], stdout=subprocess.PIPE, text=True) as leaky:
            try:
                url = leaky.stdout.readline().strip()
                with Terminal([url, "--interval", "0.2"]) as terminal:
                    screen = terminal.wait_for(r"(?m)^serialization +may leak: \+\d+ ", 30)
                    self.assertIn(" READY, DEGRADED ", screen)
                    text = " ".join(line.strip() for line in screen.splitlines()[3:6])
                    self.assertRegex(text, r"! pool serialization: at least \d+ buffers in use all the time, \d+ more"
                                     r" than \d+ s ago and never fewer since: a leak, or a reader that falls behind")
                    self.assertRegex(screen, r"(?m)^compression +fits ")
                    terminal.keep("leak")
                with urllib.request.urlopen(url + "metrics", timeout=10) as answer:
                    metrics = answer.read().decode()
                self.assertIn('tapeline_pool_leak_suspected{pool="serialization"} 1\n', metrics)
                self.assertIn('tapeline_pool_leak_suspected{pool="compression"} 0\n', metrics)
            finally:
                leaky.terminate()

    def test_says_that_nothing_answers_yet(self):
        url = f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}"
        with Terminal([url]) as terminal:
            terminal.wait_for("No answer: nothing answers there; asked again every 1 s")
            terminal.press("q")
            terminal.wait_for(r"(?m)^ended with 0$")

    def test_ends_at_once_while_a_server_is_silent(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            with Terminal([f"http://127.0.0.1:{server.getsockname()[1]}"]) as terminal:
                server.settimeout(10)
                connection, _ = server.accept()
                with connection:
                    terminal.wait_for("NO ANSWER YET")
                    started = time.monotonic()
                    terminal.press("q")
                    terminal.wait_for(r"(?m)^ended with 0$")
                    self.assertLess(time.monotonic() - started, 3)  # an answer may take 5 s

    def test_a_terminal_that_is_not_known(self):
        for name in ("nonsense", "dumb", ""):
            with Terminal(["http://127.0.0.1:9"], 200, 24, f"TERM={name}") as terminal:
                screen = terminal.wait_for(r"(?m)^ended with 2$")
                self.assertRegex(screen, rf"(?m)^tapeline: a screen can not be shown on the terminal type '{name}'")
                self.assertTrue(terminal.is_as_before())


def main():
    global PROGRAM, LEAKY, FOLDER
    if shutil.which("tmux") is None:
        print("skipped: there is no tmux (Debian package tmux)", file=sys.stderr)
        return 77
    PROGRAM, LEAKY = (str(pathlib.Path(name).resolve()) for name in sys.argv[1:3])
    FOLDER = pathlib.Path(sys.argv[3])
    del sys.argv[1:4]
    return not unittest.main(exit=False).result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
