#!/usr/bin/env python3
"""`tapeline simulate --venue iex`: its capture, read by an independent decoder, against its ledger.

Usage: deep_ledger.py TAPELINE

Books are kept as DEEP says: the size told for a price is the new size, 0 removes the level, and a
book may be looked at after an update that completes its event. Held against the ledger, for every
symbol: the book after each event (as a digest), the last book, trades, breaks, volume, notional.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import iex_reference as reference  # noqa: E402

START, FACTOR, WORD = 0xCBF29CE484222325, 0x100000001B3, 2 ** 64


class Book:
    def __init__(self):
        self.sides = {"8": {}, "5": {}}
        self.events, self.digest = 0, START
        self.trades = self.broken = self.volume = self.notional = 0

    def levels(self, side):
        """Best level first."""
        return sorted(self.sides[side].items(), reverse=side == "8")

    def update(self, line):
        side = self.sides[line["type"]]
        if line["size"]:
            side[line["price"]] = line["size"]
        else:
            side.pop(line["price"], None)
        if not line["flags"] & 1:
            return
        self.events += 1
        for name in ("8", "5"):
            words = [word for level in self.levels(name) for word in level]
            for word in words + [0]:
                self.digest = (self.digest ^ word) * FACTOR % WORD

    def trade(self, line, sign):
        self.trades += sign
        self.volume += sign * line["size"]
        self.notional += sign * line["size"] * line["price"]
        self.broken += sign < 0


def read(capture):
    books, expected = {}, (1, 0)
    for line in reference.lines(capture):
        if "segment" in line:
            assert line["protocol"] == 0x8004, line
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
            elif line["type"] in "TB":
                book.trade(line, 1 if line["type"] == "T" else -1)
    return books, expected[0] - 1


def main():
    tapeline = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        capture, ledger = (str(pathlib.Path(folder) / name) for name in ("deep.pcap", "deep.jsonl"))
        subprocess.run([tapeline, "simulate", "--venue", "iex", "--write", capture, "--ledger",
                        ledger, "--messages", "20000", "--instruments", "60", "--seed", "11",
                        "--lines", "A"], check=True, capture_output=True)
        books, messages = read(capture)
        truths = [json.loads(line) for line in open(ledger, encoding="ascii")]
    assert len(truths) == 60 and {t["symbol"] for t in truths} == set(books)
    for truth in truths:
        book = books[truth["symbol"]]
        assert book.events == truth["events"], truth
        assert f"{book.digest:016x}" == truth["books"], truth
        assert [list(level) for level in book.levels("8")] == [b[:2] for b in truth["bids"]], truth
        assert [list(level) for level in book.levels("5")] == [a[:2] for a in truth["asks"]], truth
        for name in ("trades", "broken", "volume"):
            assert getattr(book, name) == truth[name], (name, truth)
        assert book.notional == int(truth["notional"]), truth
    events = sum(book.events for book in books.values())
    assert events > 5_000 and sum(book.broken for book in books.values()) > 0
    print(f"{messages} messages, {events} events of {len(books)} symbols agree with the ledger")
    return 0


if __name__ == "__main__":
    sys.exit(main())
