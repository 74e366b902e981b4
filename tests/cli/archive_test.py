#!/usr/bin/env python3
"""Tests of `tapeline archive` from outside, and the round trip of packets through an archive.

usage: archive_test.py PATH_OF_TAPELINE [unittest arguments]
"""

import csv
import fcntl
import io
import json
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT_S = 120
NANOS = 10**9
ETHERNET = 14
FOOTER = struct.Struct("<IBI")


def packets_of(capture):
    """(nanoseconds, IP packet) of each record of a nanosecond pcap."""
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHIIII", capture)
    assert magic == 0xA1B23C4D, hex(magic)
    skip = {1: ETHERNET, 101: 0}[link]
    packets, at = [], 24
    while at < len(capture):
        seconds, fraction, captured, _ = struct.unpack_from("<IIII", capture, at)
        data = capture[at + 16 + skip:at + 16 + captured]
        packets.append((seconds * NANOS + fraction, data))
        at += 16 + captured
    assert at == len(capture)
    return packets


class ArchiveTest(unittest.TestCase):
    """Has a session of two lines, as a capture and as an archive, in folders that do not change."""

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="tapeline-archive-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, True)
        cls.session = cls.shared / "session.pcap"
        cls.simulate("--write", cls.session, "--messages", 30000, "--heartbeat", 0)
        cls.archive = cls.make_archive(cls.session, cls.shared / "archive")
        (cls.file,) = cls.archive.iterdir()
        cls.packets = packets_of(cls.session.read_bytes())

    @classmethod
    def simulate(cls, *arguments):
        subprocess.run([PROGRAM, "simulate", *map(str, arguments)], check=True,
                       capture_output=True, timeout=TIMEOUT_S)

    @classmethod
    def replay(cls, *arguments):
        return subprocess.run([PROGRAM, "replay", "--quiet", *map(str, arguments)], check=True,
                              capture_output=True, timeout=TIMEOUT_S).stdout

    @classmethod
    def make_archive(cls, capture, folder, roll_seconds=0):
        """One file, or one for each period."""
        config = cls.shared / f"{roll_seconds}.yaml"
        config.write_text((ROOT / "configs/minimal.yaml").read_text() + "\narchive:\n"
                          f"  directory: unused\n  roll_seconds: {roll_seconds}\n")
        cls.replay(capture, "--archive", folder, "--config", config)
        return folder

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tapeline-archive-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def copy(self, name=None):
        """A copy of the archive's file in a folder of its own."""
        path = self.folder / "copy" / (name or self.file.name)
        path.parent.mkdir(exist_ok=True)
        shutil.copy(self.file, path)
        return path

    def run_archive(self, *arguments, text=True):
        return subprocess.run([PROGRAM, "archive", *map(str, arguments)], capture_output=True,
                              stdin=subprocess.DEVNULL, text=text, timeout=TIMEOUT_S,
                              cwd=self.folder, check=False)

    def well(self, *arguments):
        """What it prints when all is well."""
        result = self.run_archive(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return result.stdout

    def refuse(self, exit_code, *arguments):
        """The one line on stderr of a command that does not do its work."""
        result = self.run_archive(*arguments)
        lines = result.stderr.splitlines()
        self.assertEqual((result.returncode, len(lines)), (exit_code, 1), result.stderr)
        self.assertTrue(lines[0].startswith("tapeline: "), lines[0])
        return lines[0]

    def cat(self, *arguments):
        result = self.run_archive("cat", *arguments, text=False)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return result.stdout

    def ls_json(self, *arguments):
        return json.loads(self.well("ls", "--format", "json", *arguments))

    def tables_at(self, path):
        """Where the frames end: the seek table's last entry says how long the index is."""
        data = path.read_bytes()
        entries, _, magic = FOOTER.unpack(data[-FOOTER.size:])
        self.assertEqual(magic, 0x8F92EAB1)
        seek_at = len(data) - FOOTER.size - 8 * entries - 8
        (index_bytes,) = struct.unpack_from("<I", data, len(data) - FOOTER.size - 8)
        return seek_at - index_bytes


class RoundTrip(ArchiveTest):
    def test_cat_gives_the_packets_and_nanoseconds_that_were_captured(self):
        self.assertEqual(packets_of(self.cat(self.archive)), self.packets)

    def test_files_of_a_day_are_one_row_of_packets(self):
        folder = self.make_archive(self.session, self.folder / "hours", 3600)
        self.assertGreater(len(list(folder.iterdir())), 10)
        self.assertEqual(packets_of(self.cat(folder)), self.packets)
        self.assertIn("; 0 faults", self.well("verify", folder))
        self.assertEqual(sum(told["packets"] for told in self.ls_json(folder)),
                         len(self.packets))
        next(iter(sorted(folder.iterdir())[5:])).unlink()
        result = self.run_archive("verify", folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn(" missing in front of this frame (session TAPELINE01)", result.stdout)

    def test_any_zstd_and_pcap_program_reads_the_file(self):
        subprocess.run(["zstd", "-tq", self.file], check=True, timeout=TIMEOUT_S)
        content = subprocess.run(["zstd", "-dcq", self.file], check=True, capture_output=True,
                                 timeout=TIMEOUT_S).stdout
        self.assertEqual(packets_of(content), self.packets)
        self.assertEqual(content, self.cat(self.file))

    def test_same_input_gives_same_bytes(self):
        again = self.make_archive(self.session, self.folder / "again")
        (file,) = again.iterdir()
        self.assertEqual((file.name, file.read_bytes()),
                         (self.file.name, self.file.read_bytes()))

    def test_replay_of_the_archive_gives_the_same_books_bars_and_vwaps(self):
        def results(source, name):
            bars = self.folder / name
            told = json.loads(self.replay(source, "--format", "json", "--top", 32,
                                          "--bars", bars))
            tables = [subprocess.run([PROGRAM, "decode", source, "--schema", schema], check=True,
                                     capture_output=True, timeout=TIMEOUT_S).stdout
                      for schema in ("levels:5", "vwap")]
            return told["markets"], bars.read_bytes(), tables

        from_capture = results(self.session, "capture.csv")
        from_archive = results(self.file, "archive.csv")
        for archived, captured in zip(from_archive, from_capture):
            self.assertTrue(archived == captured)
        self.assertGreater(len(from_capture[1].splitlines()), 100)
        self.assertGreater(len(from_capture[2][0].splitlines()), 10000)

    def test_tshark_reads_the_same_packets_and_payloads(self):
        if shutil.which("tshark") is None:
            self.skipTest("tshark is not installed")

        def read(path):
            command = ["tshark", "-n", "-r", path, "-d", "udp.port==26400,data", "-T", "fields",
                       "-e", "frame.time_epoch", "-e", "udp.dstport", "-e", "udp.payload"]
            return subprocess.run(command, check=True, capture_output=True, text=True,
                                  timeout=TIMEOUT_S).stdout

        piped = self.folder / "cat.pcap"
        piped.write_bytes(self.cat(self.archive))
        rows = read(piped)
        self.assertEqual(rows.count("\n"), len(self.packets))
        self.assertEqual(rows, read(self.session))

    def test_export_writes_the_messages_that_the_session_has(self):
        itch = self.folder / "session.itch"
        self.simulate("--write", itch, "--messages", 30000)
        out = self.folder / "out.itch"
        self.well("export", self.archive, "-o", out)
        self.assertEqual(out.read_bytes(), itch.read_bytes())

    def test_export_writes_pcap_files(self):
        out = self.folder / "out.pcap.zst"
        self.well("export", self.archive, "-o", out)
        content = subprocess.run(["zstd", "-dcq", out], check=True, capture_output=True,
                                 timeout=TIMEOUT_S).stdout
        self.assertEqual(packets_of(content), self.packets)


class Ls(ArchiveTest):
    def test_tells_what_a_file_holds(self):
        (told,) = self.ls_json(self.archive)
        self.assertEqual(told["file"], str(self.file))
        self.assertEqual((told["feed"], told["channel"]), ("replay", "capture"))
        self.assertEqual((told["state"], told["scanned"]), ("finished", False))
        self.assertEqual(told["packets"], len(self.packets))
        self.assertEqual(told["messages"], 60000)  # of both lines
        self.assertEqual(told["file_bytes"], self.file.stat().st_size)
        self.assertEqual((told["gaps"], told["losses"], told["outages"]), ([], [], []))
        self.assertAlmostEqual(told["ratio"], told["content_bytes"] / told["file_bytes"])

    def test_prints_text_and_csv(self):
        head, row = self.well("ls", self.archive).splitlines()
        self.assertEqual(head.split()[:4], ["file", "state", "from", "to"])
        self.assertIn(f" {len(self.packets)} ", row)
        (row,) = csv.DictReader(io.StringIO(self.well("ls", self.file, "--format", "csv")))
        self.assertEqual((row["file"], row["feed"], row["channel"], row["packets"]),
                         (str(self.file), "replay", "capture", str(len(self.packets))))

    def test_says_when_it_had_to_read_the_file(self):
        path = self.copy()
        path.write_bytes(path.read_bytes()[:self.tables_at(path)])
        result = self.run_archive("ls", path, "--format", "json")
        self.assertEqual(result.returncode, 0)
        self.assertIn("has no index that can be used (no table), so all of it was read",
                      result.stderr)
        (told,), (whole,) = json.loads(result.stdout), self.ls_json(self.file)
        self.assertTrue(told["scanned"])
        for key in ("packets", "messages", "content_bytes", "from", "to", "frames"):
            self.assertEqual(told[key], whole[key])

    def test_tells_gaps(self):
        # Both lines miss a stretch that is longer than a frame.
        kept = self.packets[:2000] + self.packets[5000:]
        capture = self.folder / "gap.pcap"
        data = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)
        for time, packet in kept:
            data += struct.pack("<IIII", time // NANOS, time % NANOS, len(packet), len(packet))
            data += packet
        capture.write_bytes(data)
        folder = self.make_archive(capture, self.folder / "gap")
        (told,) = self.ls_json(folder)
        self.assertGreater(told["lost_messages"], 1000)  # the channel has declared them lost
        self.assertEqual(sum(n["last"] - n["first"] + 1 for n in told["losses"]),
                         told["lost_messages"])
        summary = self.well("verify", folder)
        self.assertIn(f"{told['lost_messages']} messages missing with a note of it; 0 faults",
                      summary)
        out = self.folder / "gap.itch"
        result = self.run_archive("export", folder, "-o", out)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{told['lost_messages']} messages are missing, in 1 gaps", result.stderr)
        result = self.run_archive("export", folder, "-o", out, "--force", "--allow-gaps")
        self.assertEqual(result.returncode, 0)

    def test_refuses_what_is_no_archive(self):
        self.assertIn("no such file or folder", self.refuse(2, "ls", "none"))
        self.assertIn("holds no archives", self.refuse(2, "ls", "."))
        (self.folder / "x.pcap.zst").write_bytes(b"x" * 100)
        result = self.run_archive("ls", "x.pcap.zst")
        self.assertEqual(result.returncode, 1)
        self.assertIn("x.pcap.zst: is no archive", result.stderr)


class Cat(ArchiveTest):
    def test_from_and_to_give_the_packets_between_them(self):
        times = [time for time, _ in self.packets]
        low, high = times[len(times) // 3], times[len(times) // 2]
        wanted = [p for p in self.packets if low <= p[0] < high]
        self.assertEqual(packets_of(self.cat(self.file, "--from", low, "--to", high)), wanted)
        self.assertEqual(packets_of(self.cat(self.file, "--to", low)),
                         [p for p in self.packets if p[0] < low])
        self.assertEqual(packets_of(self.cat(self.file, "--from", times[-1] + 1)), [])

    def test_times_of_day_are_of_the_day_of_the_first_packet(self):
        midnight = self.packets[0][0] // (86400 * NANOS) * 86400 * NANOS
        low, high = midnight + 15 * 3600 * NANOS, midnight + 15 * 3600 * NANOS + 900 * NANOS
        wanted = [p for p in self.packets if low <= p[0] < high]
        self.assertTrue(wanted)
        got = self.cat(self.file, "--from", "15:00", "--to", "15:15", "--zone", "utc")
        self.assertEqual(packets_of(got), wanted)
        # The session begins at 03:02 UTC, when it is the evening before in New York.
        low, high = midnight + 7200 * NANOS * 2, midnight + 7200 * NANOS * 3
        wanted = [p for p in self.packets if low <= p[0] < high]
        got = self.cat(self.file, "--from", "23:00", "--to", "2026-01-05T06:00:00Z")
        self.assertTrue(wanted)
        self.assertEqual(packets_of(got), wanted)

    def test_several_files_are_merged_by_time(self):
        half = len(self.packets) // 2
        paths = []
        for name, some in (("a", self.packets[0:half:2]), ("b", self.packets[1:half:2]),
                           ("c", self.packets[half:])):
            data = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)
            for time, packet in some:
                data += struct.pack("<IIII", time // NANOS, time % NANOS, len(packet),
                                    len(packet)) + packet
            (self.folder / name).write_bytes(data)
            paths += self.make_archive(self.folder / name, self.folder / f"{name}.d").iterdir()
        merged = packets_of(self.cat(*reversed(paths)))
        self.assertEqual([time for time, _ in merged], sorted(t for t, _ in self.packets))
        self.assertEqual(sorted(merged), sorted(self.packets))

    def test_channel_chooses_files_by_name(self):
        other = self.copy(self.file.name.replace("replay-capture", "itch-2"))
        both = [self.file, other]
        self.assertEqual(packets_of(self.cat(*both, "--channel", "2")), self.packets)
        self.assertEqual(packets_of(self.cat(*both, "--channel", "itch-2")), self.packets)
        self.assertEqual(len(packets_of(self.cat(*both))), 2 * len(self.packets))
        self.assertIn("no archive has such a name",
                      self.refuse(2, "cat", *both, "--channel", "3"))

    def test_reader_that_goes_away_ends_it_quietly(self):
        with subprocess.Popen([PROGRAM, "archive", "cat", self.file, self.file, self.file],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(len(process.stdout.read(1000)), 1000)
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            self.assertEqual(process.wait(TIMEOUT_S), 0)

    def test_refuses_a_terminal(self):
        control, terminal = pty.openpty()
        self.addCleanup(os.close, control)
        result = subprocess.run([PROGRAM, "archive", "cat", self.file], stdout=terminal,
                                stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False)
        os.close(terminal)
        self.assertEqual(result.returncode, 2)
        self.assertIn("the standard output is a terminal", result.stderr)

    def test_writes_what_is_in_front_of_damage(self):
        path = self.copy()
        data = bytearray(path.read_bytes())
        data[self.tables_at(path) // 2] ^= 4
        path.write_bytes(data)
        result = self.run_archive("cat", path, text=False)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr.decode(), f"{path}: byte [0-9]+: damaged archive")
        some = packets_of(result.stdout)
        self.assertTrue(0 < len(some) < len(self.packets))
        self.assertEqual(some, self.packets[:len(some)])


class Verify(ArchiveTest):
    def test_finds_no_fault_in_what_was_written(self):
        self.assertRegex(self.well("verify", self.archive), r"1 file, \d+ frames, .*; 0 faults\n")

    def test_names_file_and_byte_of_damage(self):
        path = self.copy()
        place = self.tables_at(path) // 2
        data = bytearray(path.read_bytes())
        data[place] ^= 4
        path.write_bytes(data)
        result = self.run_archive("verify", path, "--format", "json")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        told = json.loads(result.stdout)
        first = told["faults"][0]
        self.assertEqual((first["file"], first["fault"]),
                         (str(path), "a frame is damaged: its content or checksum is wrong"))
        self.assertTrue(0 < first["offset"] <= place)
        text = self.run_archive("verify", path).stdout
        self.assertIn(f"{path}: byte {first['offset']}: a frame is damaged", text)

    def test_compares_index_and_seek_table_with_the_frames(self):
        path = self.copy()
        whole, tables = path.read_bytes(), self.tables_at(path)
        path.write_bytes(whole[:tables])
        self.assertIn("no index or no seek table", self.run_archive("verify", path).stdout)
        data = bytearray(whole)
        data[tables + 200] ^= 1
        path.write_bytes(data)
        result = self.run_archive("verify", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("index is corrupt", result.stdout)


class Repair(ArchiveTest):
    def test_cuts_a_torn_end_and_writes_the_tables(self):
        path = self.copy(self.file.name + ".open")
        path.write_bytes(path.read_bytes()[:self.tables_at(path) - 5000])
        (told,) = json.loads(self.run_archive("ls", path, "--format", "json").stdout)
        self.assertEqual(told["state"], "torn")
        in_front = packets_of(self.cat(path))
        self.assertRegex(self.well("repair", path), r"repaired: .* bytes cut off; now .*\.zst\n")
        self.assertFalse(path.exists())
        repaired = path.with_suffix("")
        (told,) = self.ls_json(repaired)
        self.assertEqual((told["state"], told["packets"]), ("finished", len(in_front)))
        self.assertEqual(packets_of(self.cat(repaired)), in_front)
        self.assertEqual(in_front, self.packets[:len(in_front)])
        self.assertIn("0 faults", self.well("verify", repaired))
        self.assertIn("whole", self.well("repair", repaired))

    def test_makes_the_tables_that_the_writer_made(self):
        path = self.copy()
        whole = path.read_bytes()
        path.write_bytes(whole[:self.tables_at(path)])
        self.assertIn("repaired", self.well("repair", path))
        self.assertEqual(path.read_bytes(), whole)

    def test_leaves_a_file_alone_that_a_process_writes(self):
        path = self.copy(self.file.name + ".open")
        before = path.read_bytes()
        with path.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            result = self.run_archive("repair", path)
            self.assertEqual(result.returncode, 1)
            self.assertIn("in use by another process", result.stdout)
            (told,) = json.loads(self.run_archive("ls", path, "--format", "json").stdout)
            self.assertEqual(told["state"], "open")
        self.assertEqual(path.read_bytes(), before)

    def test_leaves_what_is_no_archive(self):
        path = self.folder / "x.pcap.zst"
        path.write_bytes(b"something else, and long enough to be looked at")
        result = self.run_archive("repair", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("it is no archive", result.stdout)
        self.assertEqual(path.read_bytes(), b"something else, and long enough to be looked at")


class Usage(ArchiveTest):
    def test_mistakes_are_told_in_one_line(self):
        self.assertIn("needs a command: ls, verify, cat, export or repair", self.refuse(2))
        self.assertIn("unknown command 'lss'; did you mean 'ls'?", self.refuse(2, "lss"))
        self.assertIn("PATH is required; see 'tapeline archive ls --help'", self.refuse(2, "ls"))
        self.assertIn("did you mean '--from'?", self.refuse(2, "cat", self.file, "--form", "1"))
        self.assertIn("'noon' is no time such as",
                      self.refuse(2, "cat", self.file, "--from", "noon"))
        self.assertIn("is not after --from", self.refuse(2, "cat", self.file, "--from", "09:30",
                                                         "--to", "09:30"))
        self.assertIn("an empty value", self.refuse(2, "cat", self.file, "--from", ""))

    def test_outputs_are_not_overwritten(self):
        out = self.folder / "x.pcap"
        out.write_bytes(b"mine")
        self.assertIn("exists already; --force overwrites it",
                      self.refuse(2, "export", self.file, "-o", out))
        self.assertEqual(out.read_bytes(), b"mine")
        self.well("export", self.file, "-o", out, "--force")
        self.assertEqual(packets_of(out.read_bytes()), self.packets)
        self.assertIn("is a file to be read",
                      self.refuse(2, "export", self.file, "-o", self.file, "--format", "pcap"))
        self.assertIn("does not say the format",
                      self.refuse(2, "export", self.file, "-o", self.folder / "x.txt"))


def main():
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} PATH_OF_TAPELINE [unittest arguments]")
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=1)


if __name__ == "__main__":
    main()
