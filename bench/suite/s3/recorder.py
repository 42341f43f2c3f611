"""Stands between a tool and a server and notes each HTTP/1.1 request: what, how large, from when to when, with what answer.

It passes on what it gets and changes nothing. It costs every request some tenths of a millisecond, the bare ones too.
"""

import re
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body_bytes: int
    begin_ns: int  # its first byte was read; the clock of the programs (programs/clock.hpp)
    end_ns: int  # the last byte of its answer was passed on
    status: int


class Recorder:
    def __init__(self, endpoint):
        address = urlsplit(endpoint)
        self._server = (address.hostname, address.port)
        self._lock = threading.Lock()
        self._requests = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.endpoint = f"http://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def requests(self):
        """Those that have been answered, in the order of their answers."""
        with self._lock:
            return list(self._requests)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            with client, socket.create_connection(self._server) as server:
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                asks, answers = _Messages(client, server), _Messages(server, client)
                while self._one(asks, answers):
                    pass
        except OSError:
            pass  # either side has gone: the other sees it, as it would without us

    def _one(self, asks, answers):
        head = asks.pass_head()
        if head is None:
            return False
        begin_ns = asks.begin_ns
        method, path, _ = head.split("\r\n", 1)[0].split(" ", 2)
        status = 100
        if _field(head, "expect") is not None:
            status = _status(answers.pass_head())
        body_bytes = asks.pass_body(head) if status == 100 else 0
        while status == 100:
            answer = answers.pass_head()
            if answer is None:
                return False
            status = _status(answer)
        if method != "HEAD" and status not in (204, 304):
            answers.pass_body(answer)
        with self._lock:
            self._requests.append(Request(method, path, body_bytes, begin_ns, time.time_ns(), status))
        return True


def _field(head, name):
    match = re.search(rf"^{name}: *([^\r\n]*)", head, re.I | re.M)
    return match.group(1).strip() if match else None


def _status(head):
    return int(head.split(" ", 2)[1])


class _Messages:
    """What one side says, passed on to the other as it comes."""

    def __init__(self, source, target):
        self._source = source
        self._target = target
        self._kept = b""
        self.begin_ns = 0

    def pass_head(self):
        """A head as text, or None at the end of the connection."""
        while b"\r\n\r\n" not in self._kept:
            if not self._read():
                return None
        head, self._kept = self._kept.split(b"\r\n\r\n", 1)
        self._target.sendall(head + b"\r\n\r\n")
        return head.decode("latin-1")

    def pass_body(self, head):
        if "chunked" in (_field(head, "transfer-encoding") or "").lower():
            return self._pass_chunks()
        return self._pass(int(_field(head, "content-length") or 0))

    def _read(self):
        got = self._source.recv(1 << 16)
        if not self._kept:
            self.begin_ns = time.time_ns()
        self._kept += got
        return bool(got)

    def _pass(self, size):
        left = size
        while left > 0:
            if not self._kept and not self._read():
                raise ConnectionError
            part, self._kept = self._kept[:left], self._kept[left:]
            self._target.sendall(part)
            left -= len(part)
        return size

    def _pass_chunks(self):
        total = 0
        while True:
            while b"\r\n" not in self._kept:
                if not self._read():
                    raise ConnectionError
            size = int(self._kept.split(b"\r\n", 1)[0].split(b";")[0], 16)
            self._pass(len(self._kept.split(b"\r\n", 1)[0]) + 2 + size + 2)
            total += size
            if size == 0:
                return total
