#!/usr/bin/env python3
"""An ITCH 5.0 decoder of its own, small and table-driven, to hold `tapeline decode` against.

Written from the published layouts alone and sharing nothing with the program: own reading of pcap
and pcapng, of VLAN tags, IPv4, IPv6 and UDP, of MoldUDP64 and of files of messages.

usage: itch_reference.py FILE...    prints one JSON object per message
"""

import gzip
import json
import pathlib
import struct
import sys
from decimal import Decimal

# What every message has behind its type byte, then the fields of each type, in order: name and
# kind. a<n>: text of n bytes; u<n>: unsigned of n bytes; p4, p8: price with 4 or 8 decimals.
PREFIX = "stock_locate:u2 tracking_number:u2 timestamp:u6"
LAYOUTS = {
    "S": "event:a1",
    "R": "stock:a8 market_category:a1 financial_status:a1 round_lot_size:u4 round_lots_only:a1 "
         "issue_classification:a1 issue_sub_type:a2 authenticity:a1 short_sale_threshold:a1 "
         "ipo_flag:a1 luld_tier:a1 etp_flag:a1 etp_leverage_factor:u4 inverse_indicator:a1",
    "H": "stock:a8 trading_state:a1 reserved:a1 reason:a4",
    "Y": "stock:a8 reg_sho_action:a1",
    "L": "mpid:a4 stock:a8 primary_market_maker:a1 market_maker_mode:a1 participant_state:a1",
    "V": "level_1:p8 level_2:p8 level_3:p8",
    "W": "breached_level:a1",
    "K": "stock:a8 release_time:u4 release_qualifier:a1 ipo_price:p4",
    "J": "stock:a8 reference_price:p4 upper_price:p4 lower_price:p4 extension_count:u4",
    "h": "stock:a8 market_code:a1 halt_action:a1",
    "A": "order_ref:u8 side:a1 shares:u4 stock:a8 price:p4",
    "F": "order_ref:u8 side:a1 shares:u4 stock:a8 price:p4 mpid:a4",
    "E": "order_ref:u8 shares:u4 match_number:u8",
    "C": "order_ref:u8 shares:u4 match_number:u8 printable:a1 price:p4",
    "X": "order_ref:u8 shares:u4",
    "D": "order_ref:u8",
    "U": "order_ref:u8 new_order_ref:u8 shares:u4 price:p4",
    "P": "order_ref:u8 side:a1 shares:u4 stock:a8 price:p4 match_number:u8",
    "Q": "shares:u8 stock:a8 price:p4 match_number:u8 cross_type:a1",
    "B": "match_number:u8",
    "I": "paired_shares:u8 imbalance_shares:u8 imbalance_direction:a1 stock:a8 far_price:p4 "
         "near_price:p4 reference_price:p4 cross_type:a1 price_variation:a1",
    "N": "stock:a8 interest:a1",
    "O": "stock:a8 open_eligible:a1 minimum_price:p4 maximum_price:p4 near_execution_price:p4 "
         "near_execution_time:u8 lower_collar:p4 upper_collar:p4",
}


def layout(kind):
    fields = [part.split(":") for part in f"{PREFIX} {LAYOUTS[kind]}".split()]
    return [(name, code[0], int(code[1:])) for name, code in fields]


TABLE = {kind: layout(kind) for kind in LAYOUTS}


def value(code, raw):
    if code == "a":
        return raw.decode("ascii").rstrip(" ")
    number = int.from_bytes(raw, "big")
    return number if code == "u" else Decimal(number).scaleb(-len(raw))


def message(raw):
    """The fields of one message, or None if its type is not known or it is too short."""
    kind = chr(raw[0]) if raw else ""
    fields = TABLE.get(kind)
    if fields is None or len(raw) < 1 + sum(width for _, _, width in fields):
        return None
    row, at = {"type": kind}, 1
    for name, code, width in fields:
        row[name] = value(code, raw[at:at + width])
        at += width
    return row


def pcap_records(data):
    """(time in ns, link type, bytes) of each record of a pcap."""
    order, unit = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),
                   b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1)}[data[:4]]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, kept, _ = struct.unpack_from(order + "4I", data, at)
        at += 16
        if at + kept > len(data):
            return
        yield seconds * 10**9 + fraction * unit, link, data[at:at + kept]
        at += kept


def options(order, data):
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from(order + "2H", data, at)
        if code == 0:
            return
        yield code, data[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def pcapng_records(data):
    order, at, interfaces = "<", 0, []
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, length = struct.unpack_from(order + "2I", data, at)
        body = data[at + 8:at + length - 4]
        if kind == 1:
            link, unit, offset = struct.unpack_from(order + "H", body)[0], 10**6, 0
            for code, text in options(order, body[8:]):
                if code == 9:
                    unit = 2 ** (text[0] & 0x7F) if text[0] & 0x80 else 10 ** text[0]
                if code == 14:
                    offset = struct.unpack(order + "q", text)[0]
            interfaces.append((link, unit, offset))
        if kind == 6:
            which, high, low, kept, _ = struct.unpack_from(order + "5I", body)
            link, unit, offset = interfaces[which]
            time = offset * 10**9 + ((high << 32) | low) * 10**9 // unit
            yield time, link, body[20:20 + kept]
        at += length


def udp_payload(link, frame):
    """The payload of a UDP datagram, or None."""
    if link == 1:
        at = 12
        while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8", b"\x91\x00"):
            at += 4
        packet = frame[at + 2:] if frame[at:at + 2] in (b"\x08\x00", b"\x86\xdd") else b""
    elif link == 113:
        packet = frame[16:]
    else:
        packet = frame
    if not packet:
        return None
    if packet[0] >> 4 == 4:
        header, total, protocol = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big"), packet[9]
        segment = packet[header:total or None]
    else:
        protocol, segment = packet[6], packet[40:40 + int.from_bytes(packet[4:6], "big")]
    if protocol != 17:
        return None
    return segment[8:int.from_bytes(segment[4:6], "big")]


def mold_messages(payload):
    """(session, sequence, message) of each block of a MoldUDP64 packet."""
    session, sequence, count = struct.unpack_from(">10sQH", payload)
    if count == 0xFFFF:
        return
    at = 20
    for i in range(count):
        length = int.from_bytes(payload[at:at + 2], "big")
        yield session, sequence + i if sequence else 0, payload[at + 2:at + 2 + length]
        at += 2 + length


def read(path):
    data = pathlib.Path(path).read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def rows(data):
    """A row for each message: its fields, sequence and receive time; the first copy of each."""
    magic, symbols, seen = data[:4], {}, set()
    is_pcapng = magic == b"\x0a\x0d\x0d\x0a"
    if is_pcapng or magic[:2] in (b"\xd4\xc3", b"\xa1\xb2", b"\x4d\x3c"):
        records = pcapng_records(data) if is_pcapng else pcap_records(data)
        stream = ((time, *block) for time, link, frame in records
                  for block in mold_messages(udp_payload(link, frame) or bytes(20)))
    else:
        stream = ((None, b"FILE", *block) for block in file_messages(data))
    for time, session, sequence, raw in stream:
        if sequence and (session, sequence) in seen:
            continue
        seen.add((session, sequence))
        row = message(raw)
        if row is None:
            continue
        locate = row["stock_locate"]
        if "stock" in row and locate:
            symbols[session, locate] = row["stock"]
        symbol = row.get("stock", symbols.get((session, locate)))
        row.update(feed="itch50", channel=session.rstrip(b" \0").decode("ascii"))
        row.update({key: what for key, what in (("sequence", sequence), ("receive_time", time),
                                                ("symbol", symbol)) if what})
        yield row


def file_messages(data):
    at, sequence = 0, 0
    while at + 2 <= len(data):
        length = int.from_bytes(data[at:at + 2], "big")
        if at + 2 + length > len(data):
            return
        sequence += 1
        yield sequence, data[at + 2:at + 2 + length]
        at += 2 + length


if __name__ == "__main__":
    for file in sys.argv[1:]:
        for each in rows(read(file)):
            print(json.dumps(each, default=str))
