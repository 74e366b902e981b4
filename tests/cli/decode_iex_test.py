#!/usr/bin/env python3
"""`tapeline decode` of IEX captures from outside, and held against iex_reference.py.

usage: decode_iex_test.py PATH_OF_TAPELINE [unittest arguments]
Reads the captures in the folder TAPELINE_CAPTURES as well, if it is set.
"""

import csv
import io
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
from decimal import Decimal

import decode_case
from decode_case import DATA, ROOT, SESSION, DecodeTest

sys.path.insert(0, str(ROOT / "tests/support"))
import iex_ledger  # noqa: E402
import iex_reference as reference  # noqa: E402

FEEDS = {0x8003: ("iex-tops", "TOPS"), 0x8004: ("iex-deep", "DEEP"),
         0x8005: ("iex-deep-plus", "DEEP+")}
# Columns that are named after what they are of, where the reference says only what they are.
RENAMED = {"D": {"flags": "security_flags"}, "Q": {"flags": "quote_flags"},
           "8": {"flags": "event_flags"}, "5": {"flags": "event_flags"},
           "M": {"flags": "modify_flags"}, "H": {"status": "trading_status"},
           "I": {"interest": "retail_interest"}, "O": {"status": "halt_status"},
           "P": {"status": "short_sale_test", "detail": "short_sale_test_detail"},
           "E": {"event": "security_event"},
           "T": {"conditions": "sale_conditions"}, "B": {"conditions": "sale_conditions"},
           "L": {"conditions": "sale_conditions"}, "A": {"scheduled_time_s": "scheduled_time"}}
CHARACTERS = {"event", "interest", "detail", "side", "price_type", "auction_type",
              "imbalance_side"}
PRICES = {"price", "bid_price", "ask_price", "adjusted_close", "reference_price",
          "indicative_clearing_price", "auction_book_clearing_price", "collar_reference_price",
          "lower_collar", "upper_collar"}


def as_row(line, head, receive_time):
    """What `decode` says of a message that the reference has read."""
    kind = line["type"]
    row = {"feed": FEEDS[head["protocol"]][0],
           "channel": f"{FEEDS[head['protocol']][1]} {head['channel']}/{head['session']:08x}",
           "receive_time": receive_time, "type": kind}
    if line["sequence"]:
        row["sequence"] = line["sequence"]
    for name, value in line.items():
        if name in ("sequence", "type", "decoded", "reserved"):
            continue
        if name == "timestamp_ns":
            row["timestamp"] = value
            if value:
                row["exchange_time"] = value
            continue
        if name in PRICES:
            value = Decimal(value).scaleb(-4)
        elif name in CHARACTERS or (name == "status" and kind in "HO"):
            value = chr(value).rstrip(" ")
        elif isinstance(value, str):
            value = bytes.fromhex(value).decode("latin-1").rstrip(" ")
        if name != "symbol" or value:
            row[RENAMED.get(kind, {}).get(name, name)] = value
    return row


def reference_rows(file):
    """The first copy of every message that can be decoded, in the order of the capture."""
    seen = set()
    for number, (when, payload) in enumerate(reference.payloads(file)):
        lines = list(reference.segment(payload, number))
        if lines[-1]["end"] not in ("ok", "heartbeat"):
            raise ValueError(f"{file}: a segment is {lines[-1]['end']}")
        head = lines[0]
        session = (head["protocol"], head["channel"], head["session"])
        for line in lines[1:-1]:
            if (session, line["sequence"]) in seen:
                continue
            if line["sequence"]:
                seen.add((session, line["sequence"]))
            if line["decoded"] in ("ok", "ok_longer"):
                yield as_row(line, head, when)


def segment(protocol, sequence, offset, messages, session=77):
    blocks = b"".join(struct.pack("<H", len(message)) + message for message in messages)
    return struct.pack("<BBHIIHHqqq", 1, 0, protocol, 1, session, len(blocks), len(messages),
                       offset, sequence, 10**18) + blocks


def message(kind, timestamp, symbol="ABC", **fields):
    """A message of the reference's layout; what is not told is 0."""
    length, table = reference.MESSAGES[kind]
    data = bytearray(kind.encode() + bytes(length - 1))
    fields = {"timestamp_ns": timestamp, "symbol": symbol.ljust(8).encode(), **fields}
    for name, (offset, form) in table.items():
        if name in fields:
            struct.pack_into(form, data, offset, fields[name])
    return bytes(data)


class IexTest(DecodeTest):
    def capture(self, name, payloads, start=1_700_000_000):
        """A pcap of one datagram a second."""
        file = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
        for index, payload in enumerate(payloads):
            udp = struct.pack(">HHHH", 10000, 10378, 8 + len(payload), 0) + payload
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                             bytes([10, 0, 0, 1]), bytes([233, 215, 21, 4])) + udp
            frame = bytes(12) + b"\x08\x00" + ip
            file += struct.pack("<4I", start + index, 0, len(frame), len(frame)) + frame
        return self.write(name, file)

    def stream(self, name, messages, protocol=0x8004, per_segment=5, **arguments):
        """A capture of a session with these messages."""
        payloads, offset = [], 0
        for first in range(0, len(messages), per_segment):
            some = messages[first:first + per_segment]
            payloads.append(segment(protocol, first + 1, offset, some))
            offset += len(payloads[-1]) - reference.HEADER_BYTES
        return self.capture(name, payloads, **arguments)

    def simulate(self, *arguments):
        file = self.folder / "deep.pcap"
        subprocess.run([self.program, "simulate", "--venue", "iex", "--write", file, "--ledger",
                        self.folder / "deep.jsonl", "--messages", "20000", "--instruments", "60",
                        "--seed", "11", *arguments], check=True, capture_output=True,
                       timeout=decode_case.TIMEOUT_S)
        lines = (self.folder / "deep.jsonl").read_text().splitlines()
        ledger = [json.loads(line) for line in lines]
        return file, {entry["symbol"]: entry for entry in ledger}


class Reference(IexTest):
    def compare(self, file):
        """Field by field, with an independent decoder; returns the rows."""
        expected = list(reference_rows(file))
        result = self.run_decode(file, "--format", "json", "--time", "ns")
        self.assertEqual(result.returncode, 0)
        got = [json.loads(line, parse_float=Decimal) for line in result.stdout.split("\n")[:-1]]
        self.assertEqual(len(got), len(expected), file)
        for mine, theirs in zip(got, expected):
            self.assertEqual(mine, theirs, file)
        return got

    def test_recorded_captures(self):
        folder = os.environ.get("TAPELINE_CAPTURES")
        if not folder:
            self.skipTest("TAPELINE_CAPTURES is not set")
        files = sorted(file for file in pathlib.Path(folder, "iex").rglob("*") if file.is_file())
        counts = [len(self.compare(file)) for file in files]
        print(f"reference: {len(files)} recorded files, {sum(counts)} messages, every field equal",
              file=sys.stderr)
        self.assertGreaterEqual(len(files), 14)
        self.assertGreaterEqual(sum(counts), 50_000)

    def test_generated_session_on_two_lines(self):
        file, _ = self.simulate()
        rows = self.compare(file)
        self.assertGreater(len(rows), 20_000)
        self.assertEqual([row["sequence"] for row in rows], list(range(1, len(rows) + 1)))

    def test_every_type_with_random_fields(self):
        source = random.Random(20170710)
        messages = []
        for index in range(3000):
            kind = source.choice(sorted(reference.MESSAGES))
            length, table = reference.MESSAGES[kind]
            data = bytearray(kind.encode() + source.randbytes(length - 1 + index % 3))
            for offset in (offset + i for offset, form in table.values() if form in ("4s", "8s")
                           for i in range(int(form[0]))):
                data[offset] &= 0x7F  # what is UTF-8 would be shown as such
            messages.append(bytes(data))
        rows = self.compare(self.stream("random.pcap", messages))
        self.assertEqual((len(rows), {row["type"] for row in rows}),
                         (3000, set(reference.MESSAGES)))


class Messages(IexTest):
    def test_prices_are_exact_and_signed(self):
        edge = [0, 1, -1, 2**63 - 1, -2**63, 999_999_999_999_9999]
        file = self.stream("edge.pcap", [message("8", 10**18 + i, price=price, size=2**32 - 1)
                                         for i, price in enumerate(edge)])
        rows = list(csv.DictReader(io.StringIO(self.decode(file, "--fields", "price,size"))))
        self.assertEqual([Decimal(row["price"]) for row in rows],
                         [Decimal(price).scaleb(-4) for price in edge])
        self.assertEqual({row["size"] for row in rows}, {str(2**32 - 1)})

    def test_times_of_day_are_those_of_new_york(self):
        hour = 3600 * 10**9
        july, january = 1_499_644_800 * 10**9, 1_484_524_800 * 10**9  # midnight in UTC, on Mondays
        times = [july + 13 * hour, july + 13 * hour + hour // 2, july + 20 * hour,
                 january + 14 * hour, january + 14 * hour + hour // 2, january + 21 * hour]
        file = self.stream("days.pcap", [message("O", when, status=79) for when in times])
        rows = self.rows(file, "--from", "09:30", "--to", "16:00", "--time", "ns")
        self.assertEqual([row["timestamp"] for row in rows], [times[1], times[4]])
        rows = self.rows(file, "--from", "20:00", "--zone", "utc", "--time", "ns")
        self.assertEqual([row["timestamp"] for row in rows], [times[2], times[5]])

    def test_types_by_character_and_name(self):
        file, _ = self.simulate("--lines", "A")
        every = self.rows(file)
        for names, types in (("8", "8"), ("buy_level_update,sell_level_update", "85"),
                             ("trade_report", "T"), ("T,B", "TB")):
            self.assertEqual(self.rows(file, "--type", names),
                             [row for row in every if row["type"] in types], names)

    def test_columns_are_those_of_the_files(self):
        iex = self.stream("one.pcap", [message("T", 10**18, size=100, price=1_0000)])

        def names(*files):
            return self.decode(*files, "--limit", 0).strip().split(",")
        self.assertIn("sale_conditions", names(iex))
        self.assertNotIn("stock_locate", names(iex))
        self.assertNotIn("document", names(iex))
        self.assertNotIn("sale_conditions", names(SESSION))
        self.assertEqual(set(names(iex, SESSION)), set(names(iex)) | set(names(SESSION)))
        self.assertEqual(len(names(iex, SESSION)), len(set(names(iex, SESSION))))
        self.assertIn("no column 'stock_locate'",
                      self.refuse(2, iex, "--fields", "stock_locate", "-o", "x.csv"))
        self.assertFalse((self.folder / "x.csv").exists())
        self.assertIn("did you mean 'trade_id'?", self.refuse(2, iex, "--fields", "trade_idd"))
        self.assertIn("did you mean 'quote_update'?", self.refuse(2, iex, "--type", "quote_updat"))

    def test_a_protocol_that_comes_late_is_told_where_it_has_no_columns(self):
        early = [message("O", 10**18 + i, status=79) for i in range(6000)]
        itch = b"TAPELINE01" + struct.pack(">QHH", 1, 1, 12)
        itch += b"S" + struct.pack(">HHHIc", 0, 0, 0, 1, b"O")
        payloads = [segment(0x8004, i + 1, i * 20, [one]) for i, one in enumerate(early)]
        file = self.capture("mixed.pcap", payloads + [itch])
        result = self.run_decode(file)
        self.assertEqual((result.returncode, result.stdout.count("\n")), (0, 6001))
        self.assertEqual(result.stderr, "tapeline: packets: 1 left out, of no protocol that the "
                                        "files begin with\n")
        rows = self.rows(file)
        self.assertEqual((len(rows), rows[-1]["feed"]), (6001, "itch50"))

    def test_gaps_and_what_can_not_be_decoded_are_told(self):
        messages = [message("O", 10**18 + i, status=79) for i in range(3)]
        messages += [b"z" + bytes(20), message("T", 10**18)[:37], b""]
        whole = segment(0x8004, 1, 0, messages)
        later = segment(0x8004, 10, len(whole) + 20, messages[:1])
        torn = segment(0x8004, 11, len(whole) + 40, messages[:2])[:-3]
        strange = segment(0x8004, 1, 0, messages[:1], session=5)[:-1]
        result = self.run_decode(self.capture("odd.pcap", [whole, later, torn, strange]))
        self.assertEqual((result.returncode, result.stdout.count("\n")), (0, 6))
        channel = "tapeline: iex-deep/DEEP 1/0000004d: "
        self.assertEqual(result.stderr.splitlines(), [
            channel + "3 messages missing in 1 gap",
            channel + "1 malformed packet",
            channel + "2 messages of unknown types left out",
            channel + "1 message too short for the type left out",
            "tapeline: 1 packet not of IEX-TP left out"])


class Schemas(IexTest):
    def test_a_session_agrees_with_its_ledger(self):
        file, ledger = self.simulate("--lines", "A")
        volumes, prints = {}, {}
        for row in self.rows(file, "--schema", "trades"):
            if row["kind"] == "break":
                symbol, shares = prints.pop(row["match_number"])
                volumes[symbol] -= shares
            else:
                volumes[row["symbol"]] = volumes.get(row["symbol"], 0) + row["shares"]
                prints[row["match_number"]] = (row["symbol"], row["shares"])
        expected = {symbol: entry["volume"] for symbol, entry in ledger.items()}
        self.assertGreater(sum(expected.values()), 100_000)
        self.assertEqual({symbol: volumes.get(symbol, 0) for symbol in ledger}, expected)

        ends = {row["symbol"]: row for row in self.rows(file, "--schema", "vwap")}
        for symbol, entry in ledger.items():
            if entry["volume"] == 0:
                continue
            row = ends[symbol]
            self.assertEqual((row["volume"], row["trades"], row["broken_trades"], row["complete"]),
                             (entry["volume"], entry["trades"], entry["broken"], True), symbol)
            exact = Decimal(entry["notional"]) / entry["volume"] / 10000
            self.assertLessEqual(abs(row["vwap"] - exact), Decimal("0.000000006"))

    def test_a_configuration_says_which_prints_count(self):
        """Those of the extended hours are left out, and odd lots set a price."""
        file, ledger = self.simulate("--lines", "A")
        config = self.write("run.yaml", b"""
feeds: [{name: iex, channels: [{name: c, lines: [{name: A, group: 239.1.1.1, port: 1000}]}]}]
market: {iex_not_in_volume: [extended_hours], iex_not_in_price: []}
""")
        kept = {}
        for line in reference.lines(file):
            if line.get("type") not in ("T", "B") or line["conditions"] & 0x40:
                continue
            symbol = bytes.fromhex(line["symbol"]).decode().rstrip(" ")
            sign = 1 if line["type"] == "T" else -1
            kept[symbol] = kept.get(symbol, 0) + sign * line["size"]
        rows = {row["symbol"]: row for row in self.rows(file, "--schema", "vwap", "--config", config)}
        self.assertEqual({symbol: row["volume"] for symbol, row in rows.items() if row["volume"]},
                         {symbol: volume for symbol, volume in kept.items() if volume})
        self.assertLess(sum(kept.values()), sum(entry["volume"] for entry in ledger.values()))
        self.assertIn("not/there", self.refuse(2, file, "--config", "not/there.yaml"))

    def test_books_are_shown_after_whole_events(self):
        """The rows are the changes of the books that the reference has after each event."""
        file, _ = self.simulate("--lines", "A")
        books, shown, expected = {}, {}, []
        for line in reference.lines(file):
            if line.get("type") not in ("8", "5"):
                continue
            symbol = bytes.fromhex(line["symbol"]).decode().rstrip(" ")
            book = books.setdefault(symbol, iex_ledger.Book())
            book.update(line)
            if not line["flags"] & 1:
                continue
            levels = tuple(tuple(book.levels(side)[:3]) for side in "85")
            if shown.get(symbol, ((), ())) != levels:
                expected.append((line["sequence"], symbol, levels))
            shown[symbol] = levels
        got = []
        for row in self.rows(file, "--schema", "levels:3"):
            self.assertFalse(row["stale"])
            levels = tuple(tuple((int(row[f"{side}_price_{n}"].scaleb(4)),
                                  row[f"{side}_shares_{n}"])
                                 for n in (1, 2, 3) if f"{side}_price_{n}" in row)
                           for side in ("bid", "ask"))
            got.append((row["sequence"], row["symbol"], levels))
        self.assertGreater(len(expected), 5_000)
        self.assertEqual(got, expected)

    def test_a_quote_is_both_sides(self):
        quotes = [(100, 10_0000, 10_0100, 200), (0, 0, 10_0100, 200), (0, 0, 0, 0)]
        file = self.stream("quotes.pcap",
                           [message("Q", 10**18 + i, bid_size=bid_size, bid_price=bid,
                                    ask_price=ask, ask_size=ask_size)
                            for i, (bid_size, bid, ask, ask_size) in enumerate(quotes)], 0x8003)
        rows = self.rows(file, "--schema", "bbo")
        self.assertEqual([(row.get("bid_price"), row.get("bid_shares"), row.get("ask_price"),
                           row.get("ask_shares")) for row in rows],
                         [(10, 100, Decimal("10.01"), 200), (None, None, Decimal("10.01"), 200),
                          (None,) * 4])
        self.assertEqual({row["feed"] for row in rows}, {"iex-tops"})

    def test_orders_make_books(self):
        file = self.stream("orders.pcap", [
            message("a", 10**18, side=ord("8"), order_id=1, size=300, price=10_0000),
            message("a", 10**18 + 1, side=ord("5"), order_id=2, size=100, price=10_0100),
            message("L", 10**18 + 2, order_id=1, size=100, price=10_0000, trade_id=9),
            message("M", 10**18 + 3, order_id=2, size=50, price=10_0200),
            message("R", 10**18 + 4, order_id=1), message("C", 10**18 + 5)], 0x8005)
        rows = [(row.get("bid_shares"), row.get("ask_price"), row.get("ask_shares"))
                for row in self.rows(file, "--schema", "bbo")]
        low, high = Decimal("10.01"), Decimal("10.02")
        self.assertEqual(rows, [(300, None, None), (300, low, 100), (200, low, 100),
                                (200, high, 50), (None, high, 50), (None, None, None)])
        trade, = self.rows(file, "--schema", "trades")
        self.assertEqual((trade["price"], trade["shares"], trade["match_number"]), (10, 100, 9))

    def test_a_bar_of_odd_lots_has_no_prices(self):
        start = 1_700_000_000 * 10**9
        trades = [(0, 60, 10_0000, 0x20), (1, 100, 11_0000, 0), (2, 30, 5_0000, 0x20),
                  (3, 100, 10_5000, 0), (60, 40, 9_0000, 0x20)]
        file = self.stream("odd.pcap", [
            message("T", start + second * 10**9, size=size, price=price, trade_id=i + 1,
                    conditions=flags)
            for i, (second, size, price, flags) in enumerate(trades)])
        short = self.rows(file, "--schema", "bars:1s")
        self.assertEqual([("open" in bar, bar["volume"]) for bar in short],
                         [(False, 60), (True, 100), (False, 30), (True, 100), (False, 40)])
        first, last = self.rows(file, "--schema", "bars:30s")
        self.assertEqual([first[name] for name in ("open", "high", "low", "close", "volume")],
                         [11, 11, Decimal("10.5"), Decimal("10.5"), 290])
        self.assertEqual([last.get(name) for name in ("open", "close", "volume", "trades")],
                         [None, None, 40, 1])

    def test_venues_are_merged_by_time(self):
        file, _ = self.simulate("--lines", "A")
        for schema in ("messages", "trades", "bbo"):
            alone = {"itch50": self.rows(SESSION, "--schema", schema, "--zone", "utc"),
                     "iex-deep": self.rows(file, "--schema", schema)}
            merged = self.rows(file, SESSION, "--schema", schema, "--zone", "utc")
            for feed, rows in alone.items():
                self.assertGreater(len(rows), 500)
                self.assertEqual([row for row in merged if row["feed"] == feed], rows)
            self.assertEqual(len(merged), sum(map(len, alone.values())))
            times = [row["receive_time"] for row in merged]
            self.assertEqual(times, sorted(times))
        table = list(csv.DictReader(io.StringIO(self.decode(file, SESSION))))
        self.assertEqual({row["feed"] for row in table}, {"itch50", "iex-deep"})
        self.assertTrue(all(row["stock_locate"] == "" for row in table if row["feed"] != "itch50"))

    def test_an_itch_file_goes_with_a_capture(self):
        file = self.stream("one.pcap", [message("O", 1_767_600_000 * 10**9 + i, status=79)
                                        for i in range(10)], start=1_767_600_000)
        rows = self.rows(DATA / "session.itch", file, "--date", "2026-01-05", "--zone", "utc")
        self.assertEqual([sum(row["feed"] == feed for row in rows)
                          for feed in ("itch50", "iex-deep")], [15000, 10])


if __name__ == "__main__":
    decode_case.main()
