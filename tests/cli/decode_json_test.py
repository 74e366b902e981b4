#!/usr/bin/env python3
"""`tapeline decode` of lines of JSON documents, from outside.

usage: decode_json_test.py PATH_OF_TAPELINE [unittest arguments]
Reads the recordings in the folder TAPELINE_CAPTURES as well, if it is set.
"""

import csv
import io
import json
import os
import pathlib
import re
import sys
from decimal import Decimal

import decode_case
import itch_reference
from decode_case import SESSION, DecodeTest, nanoseconds


HEAD = ["feed", "channel", "sequence", "receive_time", "exchange_time", "symbol", "type", "kind"]


def members(document):
    """{column: value} of what a document has: the elements of an array by their place; the members
    of an envelope's "data" object in the place of "data"."""
    if isinstance(document, list):
        return {str(place): value for place, value in enumerate(document)}
    found = {}
    for name, value in document.items():
        found.update(value if name == "data" and isinstance(value, dict) else {name: value})
    return found


def column(name):
    return "venue_" + name if name in HEAD else name


class JsonLines(DecodeTest):
    def expect_members(self, row, document):
        """Every member is in its column or in `other_fields`, as it was spelled, and nothing else."""
        others = row.get("other_fields", {})
        shown = {name: value for name, value in row.items()
                 if name not in (*HEAD, "document", "other_fields")}
        expected = members(document)
        self.assertEqual({column(name): value for name, value in expected.items()
                          if name not in others}, shown)
        self.assertEqual(others, {name: expected[name] for name in others})

    LINE = re.compile(rb"^(?:(?:\S+ (?:<-|->) )?(\d+)(?:\.(\d+))?: |(\d{16,}) |)([\[{].*)$")

    def documents(self, data):
        """(receive time in ns, document) of each line that holds one."""
        for line in data.splitlines():
            found = self.LINE.match(line)
            if found:
                seconds, fraction, plain, text = found.groups()
                when = int(plain or 0)
                if seconds:
                    when = int(seconds) * 10**9 + int((fraction or b"").ljust(9, b"0")[:9])
                yield when, json.loads(text, parse_float=Decimal)

    def test_recorded_documents(self):
        folder = os.environ.get("TAPELINE_CAPTURES")
        if not folder:
            self.skipTest("TAPELINE_CAPTURES is not set")
        for file in sorted(pathlib.Path(folder, "json").iterdir()):
            expected = list(self.documents(itch_reference.read(file)))
            rows = self.rows(file, "--time", "ns")
            self.assertEqual([row["receive_time"] for row in rows], [when for when, _ in expected])
            others = 0
            for row, (_, document) in zip(rows, expected):
                self.assertNotIn("document", row)
                self.expect_members(row, document)
                others += len(row.get("other_fields", {}))
            whole = self.rows(file, "--fields", "document")
            self.assertEqual([row["document"] for row in whole], [doc for _, doc in expected])
            self.assertEqual(others, 0, "members without a column")
            print(f"json: {file.name}: {len(rows)} documents, none left out", file=sys.stderr)

    def trade(self, number, price, quantity, milliseconds):
        return (f'{{"e":"trade","E":{milliseconds},"s":"BTCUSDT","t":{number},"p":"{price}",'
                f'"q":"{quantity}","T":{milliseconds},"m":true,"M":true}}')

    def test_trades_bars_and_messages(self):
        start = 1_700_000_000_000
        trades = [(1, "100.50", "0.5", 0), (2, "101.00", "0.25", 400), (3, "99.00", "1", 1000)]
        lines = [self.trade(number, price, quantity, start + after)
                 for number, price, quantity, after in trades]
        file = self.write("day.jsonl", "\n".join(lines).encode())
        rows = self.rows(file)
        for row, line in zip(rows, lines, strict=True):
            self.expect_members(row, json.loads(line))
        self.assertEqual({(row["feed"], row["channel"], row["kind"], row["symbol"])
                          for row in rows}, {("binance", "FILE", "trades", "BTCUSDT")})
        self.assertNotIn("receive_time", rows[0])
        got = [(row["sequence"], row["match_number"], row["price"], row["shares"],
                row["exchange_time"]) for row in self.rows(file, "--schema", "trades",
                                                           "--time", "ns")]
        self.assertEqual(got, [(i + 1, number, Decimal(price), Decimal(quantity),
                                (start + after) * 10**6)
                               for i, (number, price, quantity, after) in enumerate(trades)])
        bars = self.rows(file, "--schema", "bars:1s")
        self.assertEqual([[str(bar[key].normalize()) for key in ("open", "high", "low", "close")]
                          for bar in bars], [["100.5", "101", "100.5", "101"], ["99"] * 4])
        self.assertEqual([bar["volume"] for bar in bars], [Decimal("0.75"), 1])

    def test_documents_that_are_no_message_are_counted(self):
        lines = [self.trade(1, "1.0", "1", 1_700_000_000_000), '{"no":"message"}', '{"broken":',
                 self.trade(2, "1.0", "1", 1_700_000_000_001)]
        result = self.run_decode(self.write("odd.jsonl", "\n".join(lines).encode()))
        self.assertEqual((result.returncode, len(result.stdout.splitlines())), (0, 3))
        self.assertEqual(result.stderr, "tapeline: binance/FILE: 2 documents that are no message "
                                        "of a known venue left out\n")

    def test_columns_are_those_of_the_files(self):
        file = self.write("one.jsonl", self.trade(1, "1.0", "1", 1_700_000_000_000).encode())
        of_json = self.decode(file, "--limit", 0).strip().split(",")
        of_itch = self.decode(SESSION, "--limit", 0).strip().split(",")
        both = self.decode(file, SESSION, "--limit", 0).strip().split(",")
        self.assertEqual(of_json[:len(HEAD)], HEAD)
        self.assertEqual(of_json[-1], "other_fields")
        self.assertTrue({"e", "E", "s", "t", "T", "p", "q", "m", "M"} <= set(of_json))
        self.assertNotIn("product_id", of_json)  # of another venue
        self.assertEqual(both, of_itch + [name for name in of_json if name not in of_itch])
        self.assertIn("no column 'document'", self.refuse(2, SESSION, "--fields", "document"))

    def test_lines_that_tell_no_venue_have_the_columns_of_all(self):
        file = self.write("none.jsonl", b'{"no":"message"}\n')
        names = self.decode_any(file, "--limit", 0).strip().split(",")
        self.assertTrue({"product_id", "lastUpdateId", "channelID", "other_fields"} <= set(names))

    def decode_any(self, *arguments):
        result = self.run_decode(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_members_that_are_in_no_list_are_kept_together(self):
        line = ('{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":1,"p":"1.0","q":"1",'
                '"T":1700000000000,"m":true,"M":true,"zz":"a \\"b\\" \\u0041","yy":[1, {"x":2}],'
                '"xx":1.50 }')
        file = self.write("more.jsonl", line.encode())
        row, = self.rows(file)
        self.expect_members(row, json.loads(line, parse_float=Decimal))
        self.assertEqual(row["other_fields"],
                         {"zz": 'a "b" A', "yy": [1, {"x": 2}], "xx": Decimal("1.50")})
        table = self.decode(file, "--fields", "other_fields")
        self.assertEqual(json.loads(list(csv.reader(io.StringIO(table)))[1][0],
                                    parse_float=Decimal), row["other_fields"])

    def test_strings_with_escapes_are_what_they_were(self):
        line = '{"type":"error","message":"a \\"quoted\\" \\\\ word","reason":"\\u00e9"}'
        row, = self.rows(self.write("error.jsonl", line.encode()))
        self.assertEqual((row["kind"], row["message"], row["reason"]),
                         ("venue_error", 'a "quoted" \\ word', "\u00e9"))

    def test_documents_are_quoted_in_csv(self):
        line = self.trade(1, "1.0", "1", 1_700_000_000_000)
        table = self.decode(self.write("one.jsonl", line.encode()), "--fields", "kind,document")
        self.assertEqual(list(csv.reader(io.StringIO(table)))[1], ["trades", line])

    def test_a_document_longer_than_a_buffer(self):
        levels = ",".join(f'["{price}.00","1.0"]' for price in range(1, 20001))
        lines = [self.trade(1, "1.0", "1", 1_700_000_000_000),
                 f'{{"lastUpdateId":7,"bids":[{levels}],"asks":[]}}',
                 self.trade(2, "1.0", "1", 1_700_000_000_001)]
        rows = self.rows(self.write("large.jsonl", "\n".join(lines).encode()))
        self.assertEqual([row["kind"] for row in rows], ["trades", "book_snapshot", "trades"])
        self.assertEqual(len(rows[1]["bids"]), 20000)

    def test_kinds_are_types(self):
        lines = [self.trade(1, "1.0", "1", 1_700_000_000_000),
                 '{"lastUpdateId":7,"bids":[["1.0","2.0"]],"asks":[]}']
        file = self.write("two.jsonl", "\n".join(lines).encode())
        self.assertEqual(len(self.rows(file, "--type", "book_snapshot")), 1)
        self.assertEqual(len(self.rows(file, "--type", "trades,A")), 1)

    def test_with_a_capture_in_the_order_of_times(self):
        start = nanoseconds("2026-01-05T09:00:00.0") // 10**6
        lines = [f"{(start + i * 1000) * 10**6 + 7} " + self.trade(i, "1.0", "1", start + i * 1000)
                 for i in range(3600)]
        file = self.write("day.jsonl", "\n".join(lines).encode())
        rows = self.rows(file, SESSION)
        self.assertEqual(len(rows), 3600 + 15000)
        times = [row["receive_time"] for row in rows]
        self.assertEqual(times, sorted(times))
        self.assertEqual(rows, self.rows(SESSION, file))


if __name__ == "__main__":
    decode_case.main()
