#!/usr/bin/env python3
"""The archive of a SoupBinTCP session as Wireshark's reader sees it.

Usage: tcp_archive.py TAPELINE

A simulated exchange sends a session over TCP; `tapeline run` archives what it received. tshark has to
put the stream together again, byte for byte: no segment lost, none sent again, none out of order,
and in it every message that was sent, in order.
"""
import collections
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

from live_session import check, free_port, get, wait_until

MESSAGES = 200_000
CONFIG = """
feeds:
  - name: nasdaq
    channels:
      - name: totalview
        transport: soupbintcp
        soupbintcp:
          servers: ['127.0.0.1:{soup}']
          credentials_env: TAPELINE_LAB
archive: {{enabled: true, directory: {archive}, roll_seconds: 0}}
status: {{port: {status}}}
"""


def tshark(pcap, *arguments):
    return subprocess.run(["tshark", "-r", pcap, *arguments], check=True, capture_output=True, text=True).stdout


def sequenced(stream):
    """Numbers and texts of the sequenced packets of a SoupBinTCP stream."""
    number, found, offset = None, [], 0
    while offset + 2 <= len(stream):
        length, = struct.unpack_from(">H", stream, offset)
        packet = stream[offset + 2:offset + 2 + length]
        check(len(packet) == length, "the stream ends inside a packet")
        offset += 2 + length
        if packet[:1] == b"A":
            number = int(packet[11:31])
        elif packet[:1] == b"S":
            found.append((number, packet[1:]))
            number += 1
    return found


def record(tapeline, folder):
    """Plays the session; returns the messages that the process says it had."""
    soup, status = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    config = folder / "run.yaml"
    config.write_text(CONFIG.format(soup=soup, status=status, archive=folder / "archive"))
    exchange = subprocess.Popen(
        [tapeline, "simulate", "--lines", "none", "--messages", str(MESSAGES), "--rate", "100000",
         "--soup-server", f"127.0.0.1:{soup}", "--linger", "60"], stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL)
    run = subprocess.Popen([tapeline, "run", str(config), "--format", "json"], stdout=subprocess.PIPE,
                           env={**os.environ, "TAPELINE_LAB_USERNAME": "lab", "TAPELINE_LAB_PASSWORD": "lab"})
    try:
        wait_until("whole session", lambda: json.loads(get(status, "/status"))["feeds"][0]["channels"][0]
                   ["messages"] >= MESSAGES, run, 60)
        run.send_signal(signal.SIGTERM)
        summary = json.loads(run.communicate(timeout=30)[0])
        check(run.returncode == 0, f"tapeline run ended with {run.returncode}")
        return summary
    finally:
        for process in (exchange, run):
            if process.poll() is None:
                process.kill()
            process.wait()


def main():
    if shutil.which("tshark") is None or shutil.which("zstd") is None:
        print("skipped: tshark or zstd is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        summary = record(sys.argv[1], folder)
        file, = (folder / "archive").glob("*.pcap.zst")
        pcap = folder / "archive.pcap"
        with pcap.open("wb") as out:
            subprocess.run(["zstd", "-q", "-d", "-c", file], check=True, stdout=out)
        flags = tshark(pcap, "-Y", "tcp.analysis.lost_segment || tcp.analysis.retransmission || "
                                   "tcp.analysis.out_of_order || tcp.analysis.fast_retransmission")
        check(not flags, f"tshark finds fault with the segments:\n{flags[:2000]}")
        streams = set(tshark(pcap, "-T", "fields", "-e", "tcp.stream").split())
        check(len(streams) == 1, f"streams {streams}, expected one connection")
        followed = tshark(pcap, "-q", "-z", "follow,tcp,raw,0")
        lines = [line.strip() for line in followed.splitlines()]
        stream = bytes.fromhex("".join(line for line in lines if line and all(c in "0123456789abcdef" for c in line)))
        payload = sum(int(length) for length in tshark(pcap, "-T", "fields", "-e", "tcp.len").split())
        check(len(stream) == payload, f"{len(stream)} bytes put together of {payload}")
        messages = sequenced(stream)
        check([number for number, _ in messages] == list(range(1, len(messages) + 1)), "numbers are not in order")
        check(len(messages) == summary["feeds"][0]["channels"][0]["messages"],
              f"{len(messages)} messages in the archive, {summary['feeds'][0]['channels'][0]['messages']} received")
        kinds = collections.Counter(text[:1] for _, text in messages)
        print(f"{summary['archives'][0]['packets']} segments, {len(stream)} bytes put together by tshark, "
              f"{len(messages)} messages of {len(kinds)} types in order")


if __name__ == "__main__":
    main()
