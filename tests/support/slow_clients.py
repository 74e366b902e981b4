"""Peers that hold connections to a server and hardly say anything."""
import concurrent.futures
import contextlib
import selectors
import socket
import time


class SlowClients:
    """So many connections to (127.0.0.1, port) that each send one byte of a request in a second.

    One that the server closed is opened again: at once when `eager`, else with the next bytes.
    """

    def __init__(self, port, count, eager):
        self.port = port
        self.count = count
        self.eager = eager
        self.opened = 0
        self.to_open = 0
        self.stopped = False
        self.selector = selectors.DefaultSelector()
        self.thread = concurrent.futures.ThreadPoolExecutor(1)

    def connect(self):
        peer = socket.socket()
        peer.setblocking(False)
        peer.connect_ex(("127.0.0.1", self.port))
        self.selector.register(peer, selectors.EVENT_READ)
        self.opened += 1

    def drop_closed(self):
        for key, _ in self.selector.select(0.1):
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
            if self.eager:
                self.connect()
            else:
                self.to_open += 1

    def send_bytes(self):
        for key in list(self.selector.get_map().values()):
            with contextlib.suppress(OSError):
                key.fileobj.send(b"G")
        for _ in range(self.to_open):
            self.connect()
        self.to_open = 0

    def work(self):
        for _ in range(self.count):
            self.connect()
        next_bytes = time.monotonic()
        while not self.stopped:
            self.drop_closed()
            if time.monotonic() >= next_bytes:
                next_bytes += 1
                self.send_bytes()

    def __enter__(self):
        self.done = self.thread.submit(self.work)
        while self.opened < self.count and not self.done.done():
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.done.result()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.thread.shutdown()
