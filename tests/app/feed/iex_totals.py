#!/usr/bin/env python3
"""Volume, VWAP, prices, bars and quotes of IEX captures, held against exact integers.

Usage: iex_totals.py IEX_TOTALS. Reads the folder TAPELINE_CAPTURES; exits 77 (skip) without it.

The expected values come from the independent decoder and IEX's rule: every trade counts in volume
and VWAP until it is broken; one of the extended hours or of an odd lot sets no price. Prices of a
bar stay as they traded. A second or a minute belongs to the time of the latest message so far. A
VWAP has to be the double nearest to the exact fraction, or one beside it: a quotient of two
doubles may round once more.
"""
import fractions
import json
import math
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import iex_reference as reference  # noqa: E402

EXTENDED_HOURS, ODD_LOT = 0x40, 0x20
STATES = {"H": 1, "P": 2, "O": 3, "T": 4}
SECOND = 10 ** 9


def text(symbol):
    return bytes.fromhex(symbol).decode().rstrip(" ")


class Sums:
    """What a session or a bar adds up."""

    def __init__(self):
        self.volume = self.trades = self.notional = 0
        self.prices = []  # of the trades that may set one

    def add(self, trade):
        self.volume += trade["size"]
        self.trades += 1
        self.notional += trade["size"] * trade["price"]
        if not trade["conditions"] & (EXTENDED_HOURS | ODD_LOT):
            self.prices.append(trade["price"])

    def take_back(self, trade):
        self.volume -= trade["size"]
        self.trades -= 1
        self.notional -= trade["size"] * trade["price"]

    def four_prices(self):
        p = self.prices
        return [p[0], max(p), min(p), p[-1]] if p else None


class Expected:
    """The tape by the rules above."""

    def __init__(self):
        self.sessions, self.bars, self.states, self.quotes = {}, {}, {}, {}
        self.broken, self.tests, self.halts, self.types = {}, {}, {}, {}
        self.prints = {}
        self.now = 0

    def apply(self, line):
        kind = line["type"]
        self.types[kind] = self.types.get(kind, 0) + 1
        self.now = max(self.now, line["timestamp_ns"])
        if kind == "S":
            return
        symbol = text(line["symbol"])
        session = self.sessions.setdefault(symbol, Sums())
        if kind == "Q":
            self.quotes[symbol] = line
        elif kind == "H":
            self.states[symbol] = STATES[chr(line["status"])]
        elif kind == "P":
            self.tests[symbol] = 0 if line["status"] == 0 else (
                2 if chr(line["detail"]) == "C" else 1)
        elif kind == "O":
            self.halts[symbol] = int(chr(line["status"]) == "O")
        elif kind == "T":
            self.print(symbol, session, line)
        elif kind == "B":
            self.take_back(symbol, session, line)

    def print(self, symbol, session, trade):
        session.add(trade)
        starts = {1: self.now // SECOND, 60: self.now // SECOND // 60 * 60}
        for period, start in starts.items():
            self.bars.setdefault((period, start, symbol), Sums()).add(trade)
        self.prints[trade["trade_id"]] = (trade, starts)

    def take_back(self, symbol, session, line):
        trade, starts = self.prints.pop(line["trade_id"])
        assert text(trade["symbol"]) == symbol
        session.take_back(trade)
        self.broken[symbol] = self.broken.get(symbol, 0) + 1
        now = {1: self.now // SECOND, 60: self.now // SECOND // 60 * 60}
        for period, start in starts.items():
            if start == now[period]:  # bars that are closed stay as they were told
                self.bars[(period, start, symbol)].take_back(trade)


def near(got, notional, volume):
    """Whether a double is the nearest to the exact VWAP, or beside it."""
    exact = fractions.Fraction(notional, volume)
    return abs(fractions.Fraction(got) - exact) <= fractions.Fraction(math.ulp(got))


def check_bars(lines, expected):
    wanted = {key: bar for key, bar in expected.bars.items() if bar.trades}
    got = {(bar["bar"], bar["start"], bar["symbol"]): bar for bar in lines if "bar" in bar}
    assert len(got) == sum("bar" in line for line in lines), "a bar was told twice"
    assert got.keys() == wanted.keys(), set(got) ^ set(wanted)
    for key, bar in got.items():
        want = wanted[key]
        assert (bar["volume"], bar["trades"]) == (want.volume, want.trades), key
        assert near(bar["vwap"], want.notional, want.volume), key
        assert bar["complete"], key
        assert (bar["prices"] if bar["priced"] else None) == want.four_prices(), (key, bar)
    return len(got), sum(not bar["priced"] for bar in got.values())


def check_instruments(lines, expected):
    got = {line["symbol"]: line for line in lines if "bar" not in line}
    assert got.keys() == expected.sessions.keys(), set(got) ^ set(expected.sessions)
    for symbol, line in got.items():
        want = expected.sessions[symbol]
        assert (line["volume"], line["trades"], line["notional"]) == (
            want.volume, want.trades, want.notional), (symbol, line)
        assert line["prices"] == want.four_prices(), (symbol, line, want.four_prices())
        if want.volume:
            assert near(line["vwap"], want.notional, want.volume), symbol
        assert line["broken"] == expected.broken.get(symbol, 0), symbol
        assert line["whole"] and not line["incomplete"], symbol
        quote = expected.quotes.get(symbol)
        sides = {side: [quote[f"{side}_price"], quote[f"{side}_size"]]
                 if quote and quote[f"{side}_size"] else None for side in ("bid", "ask")}
        assert {side: line[side] for side in sides} == sides, (symbol, line, quote)
        assert (line["state"], line["short_sale"], line["halted"]) == (
            expected.states.get(symbol, 0), expected.tests.get(symbol, 0),
            expected.halts.get(symbol, 0)), (symbol, line)
    return len(got), sum(bool(want.volume) for want in expected.sessions.values())


def main():
    program, folder = sys.argv[1], os.environ.get("TAPELINE_CAPTURES")
    if not folder:
        print("TAPELINE_CAPTURES is not set")
        return 77
    path = pathlib.Path(folder) / "iex" / "TOPS16.pcapng.gz"
    expected = Expected()
    for line in reference.lines(path):
        if "decoded" in line:
            expected.apply(line)
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    instruments, traded = check_instruments(lines, expected)
    bars, unpriced = check_bars(lines, expected)
    assert expected.broken, "the capture has lost its trade breaks"
    print(f"{instruments} symbols, {traded} with volume {sum(s.volume for s in expected.sessions.values())}, "
          f"{sum(expected.broken.values())} breaks, {bars} bars ({unpriced} without a price) agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
