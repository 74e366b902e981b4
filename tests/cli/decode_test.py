#!/usr/bin/env python3
"""`tapeline decode` from outside, and held against a decoder of its own (itch_reference.py).

usage: decode_test.py PATH_OF_TAPELINE [unittest arguments]
Reads the captures in the folder TAPELINE_CAPTURES as well, if it is set.
"""

import csv
import datetime
import gzip
import io
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
from decimal import Decimal

import decode_case
import itch_reference
from decode_case import DATA, SESSION, TIMEOUT_S, DecodeTest, nanoseconds


def framed(*messages):
    """A file of messages."""
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


class Reference(DecodeTest):
    def compare(self, file):
        """Field by field, with an independent decoder; returns how many messages there were."""
        expected = list(itch_reference.rows(itch_reference.read(file)))
        result = self.run_decode(file, "--format", "json", "--time", "ns")
        got = [json.loads(line, parse_float=Decimal) for line in result.stdout.splitlines()]
        self.assertEqual(len(got), len(expected), file)
        for mine, theirs in zip(got, expected):
            mine.pop("exchange_time")
            self.assertEqual(mine, theirs, file)
        return len(expected)

    def test_bundled_session(self):
        self.assertEqual(self.compare(SESSION), 15000)
        self.assertEqual(self.compare(DATA / "session.itch"), 15000)

    def test_every_layout_is_met_in_the_bundled_session(self):
        types = {row["type"] for row in itch_reference.rows(SESSION.read_bytes())}
        self.assertEqual(types, set(itch_reference.LAYOUTS))

    def test_recorded_captures(self):
        folder = os.environ.get("TAPELINE_CAPTURES")
        if not folder:
            self.skipTest("TAPELINE_CAPTURES is not set")
        files = sorted(file for file in pathlib.Path(folder, "nasdaq").rglob("*")
                       if file.suffix in (".pcap", ".itch"))
        messages = sum(self.compare(file) for file in files)
        print(f"reference: {len(files)} recorded files, {messages} messages, every field equal",
              file=sys.stderr)
        self.assertGreaterEqual(len(files), 25)
        self.assertGreaterEqual(messages, 1200)

    def test_pcapng_with_a_tag_and_another_resolution(self):
        records = list(itch_reference.pcap_records(SESSION.read_bytes()))[:200]
        order = ">"

        def block(kind, body):
            body += bytes(-len(body) % 4)
            size = struct.pack(order + "I", len(body) + 12)
            return struct.pack(order + "I", kind) + size + body + size

        file = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
        file += block(1, struct.pack(order + "HHI", 1, 0, 0)
                      + struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0))
        for when, _, frame in records:
            tagged = frame[:12] + b"\x81\x00\x00\x07" + frame[12:]
            file += block(6, struct.pack(order + "5I", 0, when >> 32, when & 0xFFFFFFFF,
                                         len(tagged), len(tagged)) + tagged)
        self.assertGreater(self.compare(self.write("tagged.pcapng", file)), 200)


class Formats(DecodeTest):
    def test_csv_says_the_same_as_json(self):
        table = list(csv.DictReader(io.StringIO(self.decode(SESSION))))
        rows = self.rows(SESSION)
        self.assertEqual(len(table), len(rows))
        self.assertEqual(set(table[0]), {name for row in rows for name in row})
        for cells, row in zip(table, rows):
            self.assertEqual({name: text for name, text in cells.items() if text},
                             {name: str(value) for name, value in row.items() if value != ""})

    def test_text_says_the_same_as_json(self):
        lines = self.decode(SESSION, "--format", "text", "--limit", "300").splitlines()
        for line, row in zip(lines, self.rows(SESSION, "--limit", "300")):
            self.assertEqual([part.split("=")[0] for part in line.split(" ")], list(row))

    def test_times_as_nanoseconds(self):
        iso, plain = self.rows(SESSION), self.rows(SESSION, "--time", "ns")
        for one, other in zip(iso, plain):
            for name in ("receive_time", "exchange_time"):
                self.assertEqual(nanoseconds(one[name]), other[name])

    def test_fields_are_chosen_and_ordered(self):
        text = self.decode(SESSION, "--fields", "price,symbol,type", "--type", "A", "--limit", "3")
        self.assertEqual(text.splitlines()[0], "price,symbol,type")
        for line in text.splitlines()[1:]:
            self.assertRegex(line, r"^\d+\.\d{4},[A-Z-]+,A$")

    def test_output_by_extension(self):
        expected = {"csv": self.decode(SESSION), "json": self.decode(SESSION, "--format", "json"),
                    "txt": self.decode(SESSION, "--format", "text")}
        expected["jsonl"] = expected["json"]
        for extension, content in expected.items():
            self.assertEqual(self.decode(SESSION, "-o", f"rows.{extension}"), "")
            self.assertEqual((self.folder / f"rows.{extension}").read_text(), content)
        self.decode(SESSION, "-o", "rows.csv.gz")
        self.assertEqual(gzip.decompress((self.folder / "rows.csv.gz").read_bytes()).decode(),
                         expected["csv"])
        self.decode(SESSION, "-o", "rows.json.zst")
        unpacked = subprocess.run(["zstd", "-dc", self.folder / "rows.json.zst"],
                                  capture_output=True, text=True, check=True)
        self.assertEqual(unpacked.stdout, expected["json"])

    def test_output_is_not_overwritten(self):
        file = self.write("rows.csv", b"precious")
        self.assertIn("exists already; --force", self.refuse(2, SESSION, "-o", "rows.csv"))
        self.assertEqual(file.read_bytes(), b"precious")
        self.decode(SESSION, "-o", "rows.csv", "--force", "--limit", "1")
        self.assertEqual(len(file.read_text().splitlines()), 2)
        shutil.copy(SESSION, self.folder / "in.csv")
        self.assertIn("is a file to be read",
                      self.refuse(2, "in.csv", "-o", "in.csv", "--force"))
        self.assertIn("does not say the format", self.refuse(2, SESSION, "-o", "rows.xml"))

    def test_a_name_that_is_wrong_makes_no_output(self):
        self.refuse(2, "absent.pcap", "-o", "rows.csv")
        self.refuse(2, SESSION, "-o", "rows.csv", "--fields", "prize")
        self.assertFalse((self.folder / "rows.csv").exists())


class Choices(DecodeTest):
    def test_symbols(self):
        every = self.rows(SESSION)
        wanted = [row for row in every if row.get("symbol") in ("COLL", "NGL")]
        self.assertGreater(len(wanted), 10)
        self.assertEqual(self.rows(SESSION, "--symbol", "COLL,NGL"), wanted)
        self.assertEqual(self.rows(SESSION, "--symbol", "COLL", "--symbol", "NGL"), wanted)
        result = self.run_decode(SESSION, "--symbol", "NOSUCH")
        self.assertEqual((result.returncode, len(result.stdout.splitlines())), (0, 1))
        self.assertEqual(result.stderr, "tapeline: no row is of the symbol 'NOSUCH'\n")

    def test_types_by_letter_and_name(self):
        every = self.rows(SESSION)
        wanted = [row for row in every if row["type"] in "AF"]
        self.assertEqual(self.rows(SESSION, "--type", "A,F"), wanted)
        self.assertEqual(self.rows(SESSION, "--type", "add_order", "--type", "add_order_mpid"),
                         wanted)
        halts = [row for row in every if row["type"] == "h"]
        self.assertEqual(self.rows(SESSION, "--type", "h"), halts)

    def test_limit(self):
        every = self.rows(SESSION)
        for limit in (0, 1, 7, 14999, 15000, 15001):
            self.assertEqual(self.rows(SESSION, "--limit", limit), every[:limit])
        for schema in ("trades", "bbo", "bars:1m", "vwap"):
            whole = self.rows(SESSION, "--schema", schema)
            self.assertEqual(self.rows(SESSION, "--schema", schema, "--limit", 5), whole[:5])

    def test_from_and_to(self):
        every = self.rows(SESSION, "--time", "ns")
        low, high = every[3000]["exchange_time"], every[9000]["exchange_time"]
        wanted = [row for row in every if low <= row["exchange_time"] < high]
        self.assertGreater(len(wanted), 1000)
        self.assertEqual(self.rows(SESSION, "--time", "ns", "--from", low, "--to", high), wanted)
        iso = [str(self.rows(SESSION)[i]["exchange_time"]) for i in (3000, 9000)]
        self.assertEqual(self.rows(SESSION, "--time", "ns", "--from", iso[0], "--to", iso[1]),
                         wanted)
        morning = [row for row in every
                   if 10 * 3600 * 10**9 <= row["timestamp"] < 11 * 3600 * 10**9]
        self.assertGreater(len(morning), 100)
        self.assertEqual(self.rows(SESSION, "--time", "ns", "--from", "10:00", "--to", "11:00"),
                         morning)

    def test_a_later_start_shows_the_same_books(self):
        every = self.rows(SESSION, "--schema", "bbo")
        later = self.rows(SESSION, "--schema", "bbo", "--from", "11:00")
        self.assertGreater(len(later), 50)
        self.assertEqual(later, every[-len(later):])

    def test_mistakes_are_explained(self):
        for arguments, words in (
                (["--fields", "prcie"], "no column 'prcie'; did you mean 'price'?"),
                (["--fields", "price,price"], "'price' comes twice"),
                (["--type", "add_ordr"], "did you mean 'add_order'?"),
                (["--type", "Z"], "no message has the type 'Z'; there is S R H"),
                (["--type", "A", "--schema", "bbo"], "--type chooses messages"),
                (["--schema", "mesages"], "did you mean 'messages'?"),
                (["--schema", "levels"], "wants a number of levels"),
                (["--schema", "bars:7s"], "wants an interval that divides a day"),
                (["--schema", "trades:1"], "has nothing behind a colon"),
                (["--from", "yesterday"], "--from: 'yesterday' is no time"),
                (["--date", "2026-02-30"], "'2026-02-30' is no date"),
                (["--format", "xml"], "is none of csv, json, text"),
                (["--limit", "-1"], "is not a whole number"),
                (["--symbl", "X"], "did you mean '--symbol'?"),
                (["--symbol", ""], "an empty value is no value")):
            with self.subTest(arguments):
                self.assertIn(words, self.refuse(2, SESSION, *arguments))
        self.assertIn("FILE is required", self.refuse(2))
        self.assertIn("has none: give a time of day",
                      self.refuse(2, DATA / "session.itch", "--from", "2026-01-05"))
        self.assertIn("at most 128 files", self.refuse(2, *[SESSION] * 129))


class Files(DecodeTest):
    def pcap(self, name, records):
        """A pcap of (time, frame)."""
        head = SESSION.read_bytes()[:24]
        body = b"".join(struct.pack("<4I", when // 10**9, when % 10**9, len(frame), len(frame))
                        + frame for when, frame in records)
        return self.write(name, head + body)

    def records(self):
        return [(when, frame) for when, _, frame
                in itch_reference.pcap_records(SESSION.read_bytes())]

    def test_several_files_are_merged_by_time(self):
        records = self.records()
        whole = self.decode(SESSION)
        odd = self.pcap("odd.pcap", records[1::2])
        even = self.pcap("even.pcap", records[0::2])
        first = self.pcap("first.pcap", records[:3000])
        second = self.pcap("second.pcap", records[3000:])
        for files in ((odd, even), (even, odd), (first, second), (second, first), (SESSION, odd)):
            self.assertEqual(self.decode(*files), whole)

    def test_two_sessions_are_two_channels(self):
        records = self.records()[:400]
        renamed = [(when + 1, frame.replace(b"TAPELINE01", b"OTHERDAY  "))
                   for when, frame in records]
        one = self.pcap("one.pcap", records)
        other = self.pcap("other.pcap", renamed)
        rows = self.rows(one, other)
        for channel, file in (("TAPELINE01", one), ("OTHERDAY", other)):
            self.assertEqual([row for row in rows if row["channel"] == channel], self.rows(file))
        self.assertEqual(rows, self.rows(other, one))
        times = [row["receive_time"] for row in rows]
        self.assertEqual(times, sorted(times))

    def test_files_of_messages_are_channels_of_their_own(self):
        itch = DATA / "session.itch"
        rows = self.rows(itch, itch)
        self.assertEqual([row["channel"] for row in rows], ["FILE"] * 15000 + ["FILE2"] * 15000)
        dated = self.rows(itch, itch, "--date", "2026-01-05")
        self.assertEqual(len(dated), 30000)
        times = [row["exchange_time"] for row in dated]
        for earlier, later in zip(times, times[1:]):
            self.assertLessEqual(nanoseconds(earlier), nanoseconds(later) + 1)
        self.assertNotIn("receive_time", dated[0])

    def test_midnight_is_that_of_new_york_or_utc(self):
        def first(*arguments):
            return self.rows(DATA / "session.itch", "--limit", 1, *arguments)[0]["exchange_time"]
        self.assertEqual(first(), "03:02:00.000755069")
        self.assertEqual(first("--date", "2026-01-05"), "2026-01-05T08:02:00.000755069Z")
        self.assertEqual(first("--date", "2026-07-06"), "2026-07-06T07:02:00.000755069Z")
        self.assertEqual(first("--date", "2026-01-05", "--zone", "utc"),
                         "2026-01-05T03:02:00.000755069Z")

    def test_compressed_and_standard_input(self):
        whole = self.decode(SESSION)
        packed = self.write("s.pcap.gz", gzip.compress(SESSION.read_bytes(), 1))
        subprocess.run(["zstd", "-q", SESSION, "-o", self.folder / "s.pcap.zst"], check=True)
        self.assertEqual(self.decode(packed), whole)
        self.assertEqual(self.decode("s.pcap.zst"), whole)
        with open(packed, "rb") as stdin:
            self.assertEqual(self.run_decode("-", stdin=stdin).stdout, whole)

    def test_our_archive(self):
        subprocess.run([self.program, "replay", SESSION, "--archive", self.folder / "archive",
                        "--quiet"], capture_output=True, check=True)
        archive, = (self.folder / "archive").glob("*.pcap.zst")
        self.assertEqual(self.decode(archive), self.decode(SESSION))

    def test_gaps_are_told_and_are_no_failure(self):
        records = [record for i, record in enumerate(self.records()) if not 2000 <= i < 2004]
        result = self.run_decode(self.pcap("gap.pcap", records))
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stderr,
                         r"^tapeline: itch50/TAPELINE01: \d+ messages? missing in \d gaps?\n$")
        rows = self.rows_of_bbo_after_gap(self.folder / "gap.pcap")
        self.assertEqual({row["stale"] for row in rows}, {False, True})

    def rows_of_bbo_after_gap(self, file):
        result = self.run_decode(file, "--schema", "bbo", "--format", "json")
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_damage_shows_the_rows_in_front_of_it(self):
        data = SESSION.read_bytes()
        whole = self.decode(SESSION).splitlines()
        file = self.write("torn.pcap", data[:200_001])
        result = self.run_decode(file)
        lines = result.stdout.splitlines()
        self.assertEqual(result.returncode, 1)
        self.assertGreater(len(lines), 100)
        self.assertEqual(lines, whole[:len(lines)])
        self.assertRegex(result.stderr, r"^tapeline: .*torn\.pcap: .*byte \d+")
        # The others are read to their ends.
        result = self.run_decode(file, SESSION)
        self.assertEqual((result.returncode, result.stdout.splitlines()), (1, whole))

    def test_strange_packets_are_counted(self):
        records = self.records()[:100]
        frame = records[0][1]
        noise = frame[:42] + bytes(len(frame) - 42 - 2) + b"\xff\xff"
        result = self.run_decode(self.pcap("noise.pcap", [(records[0][0], noise), *records]))
        self.assertEqual(result.returncode, 0)
        self.assertIn("1 packet not of MoldUDP64 left out", result.stderr)

    def test_no_truncation_of_a_message_makes_a_row(self):
        first = {}
        for _, message in itch_reference.file_messages((DATA / "session.itch").read_bytes()):
            first.setdefault(message[:1], message)
        # No packet at all would be told for a file that begins with an empty message.
        pieces = [first[b"S"]]
        pieces += [message[:size] for message in first.values() for size in range(len(message))]
        pieces += list(first.values())
        result = self.run_decode(self.write("cut.itch", framed(*pieces)), "--format", "json")
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([row["type"] for row in rows], ["S", *(kind.decode() for kind in first)])
        cut = sum(len(message) - 1 for message in first.values())
        self.assertIn(f"{cut} messages too short for the type left out", result.stderr)

    def test_messages_that_can_not_be_decoded_are_counted(self):
        add = bytes.fromhex("41159800001f1aced85306000000000166b53e420000064049564f4f20202020000d55ac")
        file = self.write("bad.itch", framed(add, b"Z" + bytes(20), add[:30], add + b"more"))
        result = self.run_decode(file, "--format", "json")
        rows = [json.loads(line, parse_float=Decimal) for line in result.stdout.splitlines()]
        self.assertEqual([row["sequence"] for row in rows], [1, 4])
        self.assertEqual(rows[0]["price"], Decimal("87.3900"))
        self.assertIn("1 message of unknown types left out", result.stderr)
        self.assertIn("1 message too short for the type left out", result.stderr)


class Endings(DecodeTest):
    def test_a_full_disk_is_one_clear_line(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = self.run_decode(SESSION, stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr,
                         "tapeline: standard output: can not write: No space left on device\n")
        line = self.refuse(1, SESSION, "-o", "/dev/full", "--force", "--format", "csv")
        self.assertIn("/dev/full: can not write: No space left on device", line)

    def test_a_reader_that_goes_away_is_no_error(self):
        process = subprocess.Popen([self.program, "decode", SESSION], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=self.folder)
        self.assertTrue(process.stdout.readline().startswith(b"feed,channel"))
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT_S), 0)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def test_an_interruption_leaves_whole_lines(self):
        data = SESSION.read_bytes()
        out = self.folder / "rows.csv"
        process = subprocess.Popen([self.program, "decode", "-", "-o", out], stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=self.folder)
        # Enough for a piece of output, and the rest does not come.
        process.stdin.write(data[:len(data) // 2])
        process.stdin.flush()
        limit = time.monotonic() + TIMEOUT_S
        while (not out.exists() or out.stat().st_size == 0) and time.monotonic() < limit:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual((process.returncode, errors), (0, b""))
        written = out.read_text()
        self.assertGreater(written.count("\n"), 100)
        self.assertTrue(self.decode(SESSION).startswith(written))
        self.assertTrue(written.endswith("\n"))


class Schemas(DecodeTest):
    """Held against the ledger of the bundled session, which its generator keeps."""

    @classmethod
    def setUpClass(cls):
        lines = (DATA / "session.jsonl").read_text().splitlines()
        cls.ledger = [json.loads(line) for line in lines]
        cls.instruments = {entry["symbol"]: entry for entry in cls.ledger if entry["locate"]}

    def books(self, *arguments):
        return self.rows(SESSION, "--zone", "utc", "--time", "ns", "--schema", *arguments)

    def test_vwap_at_the_end(self):
        rows = {row["symbol"]: row for row in self.books("vwap")}
        traded = {symbol: entry for symbol, entry in self.instruments.items() if entry["trades"]}
        self.assertGreater(len(traded), 50)
        self.assertEqual({symbol for symbol, row in rows.items() if row["trades"]}, set(traded))
        for symbol, entry in traded.items():
            row = rows[symbol]
            self.assertEqual((row["volume"], row["trades"], row["broken_trades"], row["complete"]),
                             (entry["volume"], entry["trades"], entry["broken"], True))
            exact = Decimal(entry["notional"]) / entry["volume"] / 10000
            self.assertLessEqual(abs(row["vwap"] - exact), Decimal("0.000000006"))

    def test_bars(self):
        midnight = int(datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc).timestamp())
        for schema, name, seconds in (("bars:1s", "seconds", 1), ("bars:1m", "minutes", 60)):
            expected = {}
            for symbol, entry in self.instruments.items():
                for start, opened, high, low, close, volume, _, trades in entry.get(name, []):
                    expected[symbol, (midnight + start * seconds) * 10**9] = [
                        Decimal(opened).scaleb(-4), Decimal(high).scaleb(-4),
                        Decimal(low).scaleb(-4), Decimal(close).scaleb(-4), volume, trades]
            got = {(row["symbol"], row["start"]):
                   [row[key] for key in ("open", "high", "low", "close", "volume", "trades")]
                   for row in self.books(schema)}
            self.assertGreater(len(expected), 100)
            self.assertEqual(got, expected)

    def test_longer_bars_are_made_of_shorter_ones(self):
        for short, long, seconds in (("bars:1m", "bars:5m", 300), ("bars:1s", "bars:30s", 30)):
            sums = {}
            for row in self.books(short):
                start = row["start"] // (seconds * 10**9) * seconds * 10**9
                bar = sums.setdefault((row["symbol"], start), [row["open"], row["high"], row["low"],
                                                               row["close"], 0, 0])
                bar[1], bar[2] = max(bar[1], row["high"]), min(bar[2], row["low"])
                bar[3], bar[4], bar[5] = row["close"], bar[4] + row["volume"], bar[5] + row["trades"]
            got = {(row["symbol"], row["start"]):
                   [row[key] for key in ("open", "high", "low", "close", "volume", "trades")]
                   for row in self.books(long)}
            self.assertEqual(got, sums)

    def test_trades_add_up(self):
        volumes, prints = {}, {}
        for row in self.books("trades"):
            if row["kind"] == "break":
                symbol, shares = prints.pop(row["match_number"])
                volumes[symbol] -= shares
            elif row["printable"]:
                volumes[row["symbol"]] = volumes.get(row["symbol"], 0) + row["shares"]
                prints[row["match_number"]] = (row["symbol"], row["shares"])
        self.assertEqual({symbol: volume for symbol, volume in volumes.items() if volume},
                         {symbol: entry["volume"] for symbol, entry in self.instruments.items()
                          if entry["volume"]})

    def test_last_levels_are_those_of_the_ledger(self):
        last = {row["symbol"]: row for row in self.books("levels:50")}
        levels = 0
        for symbol, entry in self.instruments.items():
            for side in ("bid", "ask"):
                row = last.get(symbol, {})
                got = []
                while f"{side}_price_{len(got) + 1}" in row:
                    got.append([row[f"{side}_{what}_{len(got) + 1}"]
                                for what in ("price", "shares", "orders")])
                expected = [[Decimal(price).scaleb(-4), shares, orders]
                            for price, shares, orders in entry[side + "s"]]
                self.assertEqual(got, expected, symbol)
                levels += len(expected)
        self.assertGreater(levels, 100)

    def test_bbo_rows_are_changes_and_the_best_of_the_levels(self):
        shown = {}
        for row in self.books("bbo"):
            book = {key: value for key, value in row.items() if key[:4] in ("bid_", "ask_")}
            self.assertNotEqual(shown.get(row["symbol"], {}), book)
            shown[row["symbol"]] = book
        best = self.books("levels:1")
        renamed = [{key.removesuffix("_1"): value for key, value in row.items()} for row in best]
        self.assertEqual(self.books("bbo"), renamed)

    def test_vwap_of_intervals(self):
        last = {}
        for row in self.books("vwap:1h"):
            self.assertEqual(row["exchange_time"] % (3600 * 10**9), 0)
            before = last.get(row["symbol"])
            if before and before["broken_trades"] == row["broken_trades"]:
                self.assertGreater(row["volume"], before["volume"])
            last[row["symbol"]] = row
        end = {row["symbol"]: row for row in self.books("vwap")}
        self.assertEqual({symbol: row["vwap"] for symbol, row in last.items() if "vwap" in row},
                         {symbol: row["vwap"] for symbol, row in end.items() if "vwap" in row})


if __name__ == "__main__":
    decode_case.main()
