#!/usr/bin/env python3
"""`tapeline simulate --venue iex`: its captures, read by an independent decoder, against its ledger.

Usage: iex_ledger.py TAPELINE

Books are kept as the protocols say. TOPS: a quote is the top of the book. DEEP: the size told for a
price is the new size, 0 removes the level, and a book may be looked at after an update that
completes its event. DEEP+: orders are added, modified, executed and deleted by their id, and an
event is what has one time. Held against the ledger, for every symbol: the book after each event (as
a digest), the last book, trades, breaks, volume, notional.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import iex_reference as reference  # noqa: E402

START, FACTOR, WORD = 0xCBF29CE484222325, 0x100000001B3, 2 ** 64


PROTOCOLS = {"tops": 0x8003, "deep": 0x8004, "deep-plus": 0x8005}


class Book:
    def __init__(self):
        self.sides = {"8": {}, "5": {}}
        self.orders = {}
        self.event_time = None  # of DEEP+, of the event that is under way
        self.events, self.digest = 0, START
        self.trades = self.broken = self.volume = self.notional = 0

    def levels(self, side):
        """Best level first."""
        return sorted(self.sides[side].items(), reverse=side == "8")

    def set(self, side, price, size):
        if size:
            self.sides[side][price] = size
        else:
            self.sides[side].pop(price, None)

    def end_event(self):
        self.events += 1
        for name in ("8", "5"):
            words = [word for level in self.levels(name) for word in level]
            for word in words + [0]:
                self.digest = (self.digest ^ word) * FACTOR % WORD

    def quote(self, line):
        self.sides = {"8": {}, "5": {}}
        self.set("8", line["bid_price"], line["bid_size"])
        self.set("5", line["ask_price"], line["ask_size"])
        self.end_event()

    def update(self, line):
        self.set(line["type"], line["price"], line["size"])
        if line["flags"] & 1:
            self.end_event()

    def add_shares(self, side, price, shares):
        self.set(side, price, self.sides[side].get(price, 0) + shares)

    def order(self, line):
        """Of DEEP+."""
        if self.event_time not in (None, line["timestamp_ns"]):
            self.end_event()
        self.event_time = line["timestamp_ns"]
        if line["type"] == "a":
            assert line["order_id"] not in self.orders, line
            side, price, size = chr(line["side"]), line["price"], line["size"]
        else:
            side, old_price, old_size = self.orders.pop(line["order_id"])
            self.add_shares(side, old_price, -old_size)
            if line["type"] == "R":
                return
            if line["type"] == "M":
                price, size = line["price"], line["size"]
            else:
                self.trade(line, 1)
                price, size = old_price, old_size - line["size"]
                assert size >= 0, line
        if size:
            self.orders[line["order_id"]] = (side, price, size)
            self.add_shares(side, price, size)

    def finish(self):
        if self.event_time is not None:
            self.end_event()

    def trade(self, line, sign):
        self.trades += sign
        self.volume += sign * line["size"]
        self.notional += sign * line["size"] * line["price"]
        self.broken += sign < 0


def read(capture, protocol):
    books, expected = {}, (1, 0)
    for line in reference.lines(capture):
        if "segment" in line:
            assert line["protocol"] == protocol, line
            assert (line["sequence"], line["stream_offset"]) == expected, line
            expected = (line["sequence"] + line["count"],
                        line["stream_offset"] + line["payload_bytes"])
        elif "end" in line:
            assert line["end"] in ("ok", "heartbeat"), line
        elif line["type"] != "S":
            assert line["decoded"] == "ok", line
            symbol = bytes.fromhex(line["symbol"]).decode().rstrip(" ")
            book = books.setdefault(symbol, Book())
            if line["type"] in "85":
                book.update(line)
            elif line["type"] == "Q":
                book.quote(line)
            elif line["type"] in "aMRL":
                book.order(line)
            elif line["type"] in "TB":
                book.trade(line, 1 if line["type"] == "T" else -1)
            elif line["type"] == "C":
                assert not book.orders, line
    for book in books.values():
        book.finish()
    return books, expected[0] - 1


def check(tapeline, feed):
    with tempfile.TemporaryDirectory() as folder:
        capture, ledger = (str(pathlib.Path(folder) / name) for name in ("day.pcap", "day.jsonl"))
        subprocess.run([tapeline, "simulate", "--venue", "iex", "--feed", feed, "--write", capture,
                        "--ledger", ledger, "--messages", "20000", "--instruments", "60", "--seed",
                        "11", "--lines", "A"], check=True, capture_output=True)
        books, messages = read(capture, PROTOCOLS[feed])
        truths = [json.loads(line) for line in open(ledger, encoding="ascii")]
    assert len(truths) == 60 and {t["symbol"] for t in truths} == set(books)
    for truth in truths:
        book = books[truth["symbol"]]
        assert book.events == truth["events"], truth
        assert f"{book.digest:016x}" == truth["books"], truth
        levels = 1 if feed == "tops" else None
        for side, name in (("8", "bids"), ("5", "asks")):
            expected = [level[:2] for level in truth[name][:levels]]
            assert [list(level) for level in book.levels(side)] == expected, truth
        for name in ("trades", "broken", "volume"):
            assert getattr(book, name) == truth[name], (name, truth)
        assert book.notional == int(truth["notional"]), truth
    events = sum(book.events for book in books.values())
    assert events > 5_000 and sum(book.broken for book in books.values()) > 0
    print(f"{feed}: {messages} messages, {events} events of {len(books)} symbols agree with the "
          "ledger")


def main():
    for feed in PROTOCOLS:
        check(sys.argv[1], feed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
