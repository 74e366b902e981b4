#!/usr/bin/env python3
"""A second decoder of IEX captures, to hold ours against: written from the specifications alone.

Usage: iex_reference.py CAPTURE    prints what is in it as JSON lines

A capture is pcap or pcapng of Ethernet frames, plain or .gz. Slow and simple on purpose: tables of
offsets, no code shared with the product. The lines:

  {"segment": 0, "protocol": 32771, ...}       one per UDP payload with a whole IEX-TP header
  {"sequence": 1, "type": "T", "decoded": "ok", fields...}
                                               one per message; no fields when it is not delivered
  {"end": "ok"}                                what became of the segment

Text is told in hexadecimal digits, since it may hold any byte; characters are told as numbers.
"""
import gzip
import json
import struct
import sys

# name: (offset, struct format). Every message has the type at 0 and the time at 2.
TIME = {"timestamp_ns": (2, "<q")}
SYMBOL = {**TIME, "symbol": (10, "8s")}
LEVEL = {**SYMBOL, "flags": (1, "B"), "size": (18, "<I"), "price": (22, "<q")}
TRADE = {**SYMBOL, "conditions": (1, "B"), "size": (18, "<I"), "price": (22, "<q"),
         "trade_id": (30, "<Q")}
ORDER = {**SYMBOL, "order_id": (18, "<Q"), "size": (26, "<I"), "price": (30, "<q")}
MESSAGES = {
    "S": (10, {**TIME, "event": (1, "B")}),
    "D": (31, {**SYMBOL, "flags": (1, "B"), "round_lot_size": (18, "<I"),
               "adjusted_close": (22, "<q"), "luld_tier": (30, "B")}),
    "H": (22, {**SYMBOL, "status": (1, "B"), "reason": (18, "4s")}),
    "I": (18, {**SYMBOL, "interest": (1, "B")}),
    "O": (18, {**SYMBOL, "status": (1, "B")}),
    "P": (19, {**SYMBOL, "status": (1, "B"), "detail": (18, "B")}),
    "E": (18, {**SYMBOL, "event": (1, "B")}),
    "Q": (42, {**SYMBOL, "flags": (1, "B"), "bid_size": (18, "<I"), "bid_price": (22, "<q"),
               "ask_price": (30, "<q"), "ask_size": (38, "<I")}),
    "8": (30, LEVEL),
    "5": (30, LEVEL),
    "T": (38, TRADE),
    "B": (38, TRADE),
    "X": (26, {**SYMBOL, "price_type": (1, "B"), "price": (18, "<q")}),
    "A": (80, {**SYMBOL, "auction_type": (1, "B"), "paired_shares": (18, "<I"),
               "reference_price": (22, "<q"), "indicative_clearing_price": (30, "<q"),
               "imbalance_shares": (38, "<I"), "imbalance_side": (42, "B"),
               "extension_number": (43, "B"), "scheduled_time_s": (44, "<I"),
               "auction_book_clearing_price": (48, "<q"), "collar_reference_price": (56, "<q"),
               "lower_collar": (64, "<q"), "upper_collar": (72, "<q")}),
    "a": (38, {**ORDER, "side": (1, "B")}),
    "M": (38, {**ORDER, "flags": (1, "B")}),
    "R": (26, {**SYMBOL, "reserved": (1, "B"), "order_id": (18, "<Q")}),
    "L": (46, {**ORDER, "conditions": (1, "B"), "trade_id": (38, "<Q")}),
    "C": (18, {**SYMBOL, "reserved": (1, "B")}),
}
HEADER = {"version": (0, "B"), "protocol": (2, "<H"), "channel": (4, "<I"), "session": (8, "<I"),
          "payload_bytes": (12, "<H"), "count": (14, "<H"), "stream_offset": (16, "<q"),
          "sequence": (24, "<q"), "send_time_ns": (32, "<q")}
HEADER_BYTES = 40


def fields(table, data):
    values = {}
    for name, (offset, form) in table.items():
        value = struct.unpack_from(form, data, offset)[0]
        values[name] = value.hex() if isinstance(value, bytes) else value
    return values


def message(data):
    """What is in one message: how it decoded, and its fields if it did."""
    if not data:
        return {"type": None, "decoded": "wrong_length"}
    kind = chr(data[0])
    told = {"type": kind}
    if kind not in MESSAGES:
        return {**told, "decoded": "unknown_type"}
    length, table = MESSAGES[kind]
    if len(data) < length:
        return {**told, "decoded": "wrong_length"}
    return {**told, "decoded": "ok" if len(data) == length else "ok_longer", **fields(table, data)}


def segment(payload, number):
    """The lines of one UDP payload."""
    if len(payload) < HEADER_BYTES:
        yield {"end": "too_short"}
        return
    head = fields(HEADER, payload)
    if head["version"] != 1:
        yield {"end": "wrong_version"}
        return
    yield {"segment": number, **head}
    most = 2 ** 63 - 1
    if (head["stream_offset"] < 0 or head["sequence"] < 0 or head["send_time_ns"] < 0
            or head["sequence"] + head["count"] > most
            or head["stream_offset"] + head["payload_bytes"] > most):
        yield {"end": "number_out_of_range"}
        return
    body = payload[HEADER_BYTES:]
    announced = head["payload_bytes"]
    if head["count"] == 0:
        yield {"end": "heartbeat" if announced == 0 and not body else "trailing_bytes"}
        return
    rest = body[:announced]
    for index in range(head["count"]):
        if len(rest) < 2:
            yield {"end": "truncated_length" if rest else "missing_blocks"}
            return
        length = struct.unpack_from("<H", rest)[0]
        if 2 + length > len(rest):
            yield {"end": "truncated_block"}
            return
        yield {"sequence": head["sequence"] + index, **message(rest[2:2 + length])}
        rest = rest[2 + length:]
    if rest:
        yield {"end": "trailing_bytes"}
    else:
        yield {"end": "ok" if len(body) == announced else "wrong_payload_length"}


def pcap_frames(data):
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    scale = 1000 if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4") else 1
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, captured, _ = struct.unpack_from(order + "IIII", data, at)
        if at + 16 + captured > len(data):
            return
        yield seconds * 10 ** 9 + fraction * scale, data[at + 16:at + 16 + captured]
        at += 16 + captured


def pcapng_frames(data):
    at, order, ticks = 0, "<", []
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            ticks = []
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or at + length > len(data):
            return
        body = data[at + 8:at + length - 4]
        if kind == 1:
            resolution, option = 6, 8
            while option + 4 <= len(body):
                code, size = struct.unpack_from(order + "HH", body, option)
                if code == 0:
                    break
                if code == 9:
                    resolution = body[option + 4]
                option += 4 + (size + 3) // 4 * 4
            assert resolution < 10, "only whole divisions of a second are needed here"
            ticks.append(10 ** (9 - resolution))
        elif kind == 6:
            interface, high, low, captured = struct.unpack_from(order + "IIII", body)
            yield ((high << 32) | low) * ticks[interface], body[20:20 + captured]
        at += length


def frames(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return pcapng_frames(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else pcap_frames(data)


def payload_of(frame):
    """The payload of a UDP datagram in an Ethernet frame, None for anything else."""
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    if frame[at:at + 2] != b"\x08\x00":
        return None
    ip = frame[at + 2:]
    start = (ip[0] & 15) * 4
    if ip[9] != 17:
        return None
    return ip[start + 8:start + struct.unpack_from(">H", ip, start + 4)[0]]


def payloads(path):
    """(time, payload) of every UDP datagram."""
    for time_ns, frame in frames(path):
        payload = payload_of(frame)
        if payload is not None:
            yield time_ns, payload


def lines(path):
    for number, (_, payload) in enumerate(payloads(path)):
        yield from segment(payload, number)


if __name__ == "__main__":
    for line in lines(sys.argv[1]):
        print(json.dumps(line))
