#!/usr/bin/env python3
"""A simulated session over loopback multicast through `tapeline run`, both lines.

Usage: live_session.py TAPELINE [--seconds N] [--rate N] [--interrupt]

Passes when every message sent was decoded, the kernel dropped nothing, the archive holds exactly
the packets that were sent, and the process ends with 0 within 2 s of SIGTERM. With --interrupt
the process gets SIGINT in the middle of the session instead: then the archive must hold exactly
what the process says it received, which must be a prefix of what was sent on each line.
"""
import argparse
import contextlib
import json
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

GROUPS = ("239.192.71.1", "239.192.71.2")

CONFIG = """
feeds:
  - name: nasdaq
    protocol: itch50-moldudp64
    channels:
      - name: totalview
        lines:
          - {{name: A, group: {a}, port: {port}, interface: lo}}
          - {{name: B, group: {b}, port: {port}, interface: lo}}
archive:
  enabled: true
  directory: {archive}
  roll_bytes: 0
  roll_seconds: 0 # one file, at whatever time the test runs
status:
  address: 127.0.0.1
  port: {status}
"""


def free_port(kind):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read()


def wait_until(what, condition, process, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        if process.poll() is not None:
            sys.exit(f"FAIL: tapeline run ended with {process.returncode} while waiting for {what}")
        if time.monotonic() > deadline:
            sys.exit(f"FAIL: no {what} within {seconds} s")
        time.sleep(0.05)


def payloads_by_group(pcap_bytes):
    """{destination address: [UDP payload, ...]} of a little-endian nanosecond pcap."""
    magic, link = struct.unpack_from("<I", pcap_bytes)[0], struct.unpack_from("<I", pcap_bytes, 20)[0]
    assert magic == 0xA1B23C4D, hex(magic)
    skip = {1: 14, 101: 0}[link]
    found, offset = {}, 24
    while offset < len(pcap_bytes):
        length = struct.unpack_from("<I", pcap_bytes, offset + 8)[0]
        packet = pcap_bytes[offset + 16 + skip:offset + 16 + length]
        assert len(packet) == length - skip, "record cut short"
        header = (packet[0] & 15) * 4
        udp_length = struct.unpack_from(">H", packet, header + 4)[0]
        group = socket.inet_ntoa(packet[16:20])
        found.setdefault(group, []).append(packet[header + 8:header + udp_length])
        offset += 16 + length
    return found


def archived(folder):
    files = sorted(pathlib.Path(folder).glob("*.pcap.zst"))
    assert len(files) == 1, f"expected one finished archive, found {files}"
    plain = subprocess.run(["zstd", "-dc", str(files[0])], check=True, capture_output=True).stdout
    return payloads_by_group(plain)


def check(condition, message):
    if not condition:
        sys.exit(f"FAIL: {message}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tapeline")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rate", type=int, default=200_000)
    parser.add_argument("--interrupt", action="store_true")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        port, status = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        config = folder / "run.yaml"
        config.write_text(CONFIG.format(a=GROUPS[0], b=GROUPS[1], port=port, status=status,
                                        archive=folder / "archive"))
        run = subprocess.Popen([arguments.tapeline, "run", str(config), "--format", "json"],
                               stdout=subprocess.PIPE, text=True)
        wait_until("health", lambda: b"ok" in get(status, "/healthz"), run)

        got = min(line["receive_buffer_got_bytes"]
                  for line in channel(json.loads(get(status, "/status")))["lines"])
        if got < 4 << 20 and not arguments.interrupt:
            run.terminate()
            run.communicate(timeout=30)
            print(f"SKIP: the kernel gives {got} bytes of receive buffer; without loss this needs "
                  "4 MiB: sysctl net.core.rmem_max=8388608, or run as root")
            sys.exit(77)
        simulate = subprocess.Popen(
            [arguments.tapeline, "simulate", "--to-a", f"{GROUPS[0]}:{port}",
             "--to-b", f"{GROUPS[1]}:{port}", "--interface", "lo", "--rate", str(arguments.rate),
             "--duration", str(arguments.seconds), "--record", str(folder / "sent.pcap")])
        if arguments.interrupt:
            wait_until("first half second of messages",
                       lambda: channel(json.loads(get(status, "/status")))["messages"]
                       > arguments.rate // 2, run)
            stopped = time.monotonic()
            run.send_signal(signal.SIGINT)
        else:
            check(simulate.wait() == 0, "tapeline simulate failed")
            stopped = time.monotonic()
            run.send_signal(signal.SIGTERM)
        output = run.communicate(timeout=30)[0]
        took = time.monotonic() - stopped
        check(simulate.wait() == 0, "tapeline simulate failed")
        check(run.returncode == 0, f"tapeline run ended with {run.returncode}")
        check(took < 2.0, f"the process took {took:.2f} s to end")

        summary = channel(json.loads(output))
        sent = payloads_by_group((folder / "sent.pcap").read_bytes())
        kept = archived(folder / "archive")
        messages = sum(count for count in (struct.unpack_from(">H", p, 18)[0]
                                           for p in sent[GROUPS[0]]) if count != 0xFFFF)
        drops = sum(line["kernel_drops"] for line in summary["lines"])
        check(drops == 0, f"the kernel dropped {drops} packets")
        check(summary["lost_messages"] == 0, f"{summary['lost_messages']} messages lost")
        for line, group in zip(summary["lines"], GROUPS):
            check(line["packets"] == len(kept[group]),
                  f"line {line['name']}: received {line['packets']}, archived {len(kept[group])}")
            expected = sent[group][:len(kept[group])] if arguments.interrupt else sent[group]
            check(kept[group] == expected, f"line {line['name']}: archive differs from what was sent")
        if arguments.interrupt:
            check(0 < summary["messages"] < messages, "was not interrupted in the middle")
        else:
            check(summary["messages"] == messages,
                  f"sent {messages} messages, decoded {summary['messages']}")
        print(f"PASS: {summary['messages']} messages, "
              f"{sum(len(p) for p in kept.values())} packets archived as sent, 0 kernel drops, "
              f"ended in {took:.2f} s")


def channel(status):
    return status["feeds"][0]["channels"][0]


if __name__ == "__main__":
    main()
