"""What sqlmap does not try: bytes on a connection, and messages on a socket, with what must come.

In charge of sending each and of the verdict. Must not know how the server is started (`attack`).
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

#: Seconds that one answer may take; the longest deadline of the server and some more.
PATIENCE = 35.0
#: Seconds in which an honest request must be answered after and beside all of this.
SWIFT = 1.0


@dataclass(frozen=True)
class Raw:
    """Bytes that are sent as they are. `answer` begins what comes; empty, the connection ends."""

    name: str
    sent: bytes
    answer: bytes = b"HTTP/1.1 400 "


def get(*lines: bytes, path: bytes = b"/health") -> bytes:
    """Return a request with these lines."""
    return b"\r\n".join((b"GET " + path + b" HTTP/1.1", *lines, b"", b""))


def post(*lines: bytes, body: bytes = b"", path: bytes = b"/rest/v1/jobs") -> bytes:
    """Return a request of the data API with these lines and a body."""
    return b"\r\n".join((b"POST " + path + b" HTTP/1.1", b"Host: a", *lines, b"", body))


CHUNKED = b"Transfer-Encoding: chunked"
LATE = b"HTTP/1.1 408 "
#: 30 MB of JSON in 130 KB.
BOMB = gzip.compress(b'{"title": "' + b"a" * 30_000_000 + b'"}', 1)
SIZED = b"Content-Length: %d" % len(BOMB)
DEFLATED = zlib.compress(b"a" * 9_000_000)
RAW = (
    Raw("no host", get()),
    Raw("two hosts", get(b"Host: a", b"Host: a")),
    Raw("a host that is no name", get(b"Host: a/b")),
    Raw("two lengths", post(b"Content-Length: 1", b"Content-Length: 2", body=b"ab")),
    Raw("length and coding", post(b"Content-Length: 4", CHUNKED, body=b"0\r\n\r\n")),
    Raw("signed length", post(b"Content-Length: +1", body=b"a")),
    Raw("coding in 1.0", post(CHUNKED, body=b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    Raw("another coding", post(b"Transfer-Encoding: gzip, chunked"), b"HTTP/1.1 501 "),
    Raw("folded header", get(b"Host: a", b"X: a", b" b")),
    Raw("bare line ends", b"GET /health HTTP/1.1\nHost: a\n\n"),
    Raw("a NUL", get(b"Host: a", b"X: a\0b")),
    Raw("a space before the colon", get(b"Host : a")),
    Raw("many headers", get(b"Host: a", *[b"X: a"] * 5000), b"HTTP/1.1 431 "),
    Raw("a long head", get(b"Host: a", b"X: " + b"a" * 1_000_000)),
    Raw("no http", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    Raw(
        "a key in a trailer",
        post(CHUNKED, b"Connection: close", body=b"2\r\n{}\r\n0\r\napikey: <key>\r\n\r\n"),
        b"HTTP/1.1 401 ",
    ),
    Raw("endless trailers", post(CHUNKED, body=b"2\r\n{}\r\n0\r\n" + b"x: y\r\n" * 500_000)),
    Raw(
        "a socket behind a request",
        get(b"Host: a") + get(b"Host: a", b"X: \0")[:-2],
        b"HTTP/1.1 200 ",
    ),
    Raw("a compressed body", post(b"Content-Encoding: gzip", SIZED, b"apikey: <key>", body=BOMB)),
    Raw(
        "an endless result",
        post(b"Content-Length: 2", b"apikey: <key>", body=b"{}", path=b"/rest/v1/rpc/endless"),
        b"HTTP/1.1 413 ",
    ),
    Raw("nothing", b"", b""),
    Raw("half a head", b"GET /health HTTP/1.1\r\nHo", LATE),
    Raw("half a body", post(b"Content-Length: 9", body=b"{"), LATE),
    Raw("half a chunk", post(CHUNKED, body=b"9\r\n{"), LATE),
)


def answer_to(host: str, sent: bytes) -> bytes:
    """Return what comes for those bytes, to the end of the connection or of the patience."""
    name, _, port = host.rpartition(":")
    said = b""
    with closing(socket.create_connection((name, int(port)), PATIENCE)) as line:
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            line.sendall(sent)
        with suppress(ConnectionResetError):
            while (part := line.recv(65_536)) and len(said) < 4096:
                said += part
    return said


def raw_fault(one: Raw, host: str, key: str) -> str | None:
    """Return what is wrong with the answer to an attack, or None."""
    try:
        said = answer_to(host, one.sent.replace(b"<key>", key.encode()))
    except TimeoutError:
        return f"nothing within {PATIENCE:.0f} s"
    if one.answer:
        # What is refused in the midst of its sending may be reset before it is heard.
        heard = said.startswith(one.answer) or (not said and len(one.sent) > 65_536)
    else:
        heard = not said
    return None if heard else f"answered {said[:40]!r}, not {one.answer!r}"


class Socket:
    """A WebSocket of vsn 2.0.0, by hand; `hear` gives the next message, and a close as its code."""

    def __init__(self, host: str, key: str) -> None:
        name, _, port = host.rpartition(":")
        self.line = socket.create_connection((name, int(port)), PATIENCE)
        path = f"/realtime/v1/websocket?vsn=2.0.0&apikey={key}"
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n\r\n".encode()
        )
        self.file = self.line.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b"\r\n", b""):
            """Pass the head over."""

    def frame(self, opcode: int, payload: bytes = b"", *, last: bool = True) -> None:
        """Send a frame under the mask of zeros."""
        size = len(payload)
        short = bytes((128 | size,)) if size < 126 else b"\xff" + size.to_bytes(8)
        first = bytes((opcode | (128 if last else 0),))
        with suppress(BrokenPipeError, ConnectionResetError):
            self.line.sendall(first + short + b"\0\0\0\0" + payload)

    def say(self, topic: str, event: str, payload: object = None) -> None:
        """Send a message."""
        self.frame(1, json.dumps(["1", "1", topic, event, payload or {}]).encode())

    def hear(self) -> str | int:
        """Return the next message's text, or the code of a close; 0 for an end without."""
        while True:
            try:
                kind, payload = self._frame()
            except (ConnectionResetError, TimeoutError, EOFError):
                return 0
            if kind == 0x88:
                return int.from_bytes(payload[:2])
            if kind == 0x81:
                return payload.decode(errors="replace")

    def _frame(self) -> tuple[int, bytes]:
        head = self.file.read(2)
        if len(head) < 2:
            raise EOFError
        size = head[1]
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8))
        return head[0], self.file.read(size)

    def hear_until(self, *parts: str) -> str | int:
        """Return the first message with one of these in it, or the close."""
        while isinstance(said := self.hear(), str):
            if any(part in said for part in parts):
                return said
        return said


def join(text: str = "id=eq.1", count: int = 1, **more: object) -> dict[str, object]:
    """Return the payload of a join with so many bindings."""
    binding = {"event": "*", "schema": "public", "table": "jobs", "filter": text, **more}
    return {"config": {"postgres_changes": [binding] * count}}


def _refusal(topic: str, payload: object, part: str) -> Callable[[Socket], str | None]:
    def attack(one: Socket) -> str | None:
        one.say(topic, "phx_join", payload)
        said = one.hear_until("phx_reply")
        return None if isinstance(said, str) and part in said else f"said {str(said)[:80]!r}"

    return attack


def _closed(code: int, *sending: Callable[[Socket], None]) -> Callable[[Socket], str | None]:
    def attack(one: Socket) -> str | None:
        for send in sending:
            send(one)
        said = one.hear_until()
        return None if said in (code, 0) else f"closed with {said}, not {code}"

    return attack


def _ignored(*sending: Callable[[Socket], None]) -> Callable[[Socket], str | None]:
    """The socket lives on: a heartbeat behind it is answered, and nothing else."""

    def attack(one: Socket) -> str | None:
        for send in sending:
            send(one)
        one.say("phoenix", "heartbeat")
        said = one.hear()
        fine = isinstance(said, str) and "phoenix" in said
        return None if fine else f"said {str(said)[:80]!r}"

    return attack


LONG = "title=neq.x" + ",title=neq.x" * 330
SOCKETS: dict[str, Callable[[Socket], str | None]] = {
    "many bindings": _refusal("realtime:a", join(count=101), "ChannelRateLimitReached"),
    "long filters": _refusal("realtime:a", join(LONG, 50), "ChannelRateLimitReached"),
    "a long choice": _refusal("realtime:a", join(select=["id"] * 9000), "ChannelRateLimitReached"),
    "a long topic": _refusal("realtime:" + "a" * 300, join(), "TopicNameTooLong"),
    "no topic": _refusal("realtime:", join(), "TopicNameRequired"),
    "somebody else's token": _refusal("realtime:a", {"access_token": "a.b.c"}, "JWT"),
    "a private channel": _refusal("realtime:a", {"config": {"private": True}}, "Unauthorized"),
    "SQL in a filter": _refusal("realtime:a", join("id=eq.1' OR 1=1 --"), '"ok"'),
    "a topic of megabytes": _ignored(
        lambda one: one.say("realtime:" + "a" * 4_900_000, "phx_join")
    ),
    "no JSON": _ignored(lambda one: one.frame(1, b"[[[[")),
    "deep JSON": _ignored(lambda one: one.frame(1, b"[" * 100_000)),
    "half a push": _ignored(lambda one: one.frame(2, b"\x03\xff\xff\xff\xff\xff\x01abc")),
    "a flood of pings": _closed(1008, lambda one: one.line.sendall(b"\x89\x80\0\0\0\0" * 50_000)),
    "a message in crumbs": _closed(
        1008,
        lambda one: one.frame(1, b"[", last=False),
        lambda one: one.line.sendall(b"\x00\x80\0\0\0\0" * 5000),
    ),
    "a frame too large": _closed(1009, lambda one: one.frame(1, b"a" * 5_000_001)),
    "a frame without mask": _closed(1002, lambda one: one.line.sendall(b"\x81\x02{}")),
    "text that is none": _closed(1007, lambda one: one.frame(1, b"\xff\xfe")),
    "a compressed frame": _closed(1002, lambda one: one.frame(0x41, DEFLATED)),
    "a state that is too large": _refusal(
        "realtime:a", {"config": {"presence": {"key": "k" * 300}}}, "PresenceKeyTooLong"
    ),
    "half a message": _closed(1008, lambda one: one.frame(1, b"[", last=False)),
}


def socket_fault(name: str, host: str, key: str) -> str | None:
    """Return what is wrong with the outcome of an attack on a socket, or None."""
    one = Socket(host, key)
    with closing(one.line), closing(one.file):
        if one.status != 101:
            return f"the handshake was answered {one.status}"
        with suppress(BrokenPipeError, ConnectionResetError):
            return SOCKETS[name](one)
    return None


def strangers_fault(host: str) -> str | None:
    """Return what is wrong with the answer to a handshake without a key, or None."""
    one = Socket(host, "nobody")
    with closing(one.line), closing(one.file):
        return None if one.status == 401 else f"the handshake was answered {one.status}"


def swift_fault(host: str) -> str | None:
    """Return what is wrong with an honest request, or None."""
    began = time.monotonic()
    said = answer_to(host, get(b"Host: a", b"Connection: close"))
    took = time.monotonic() - began
    if not said.startswith(b"HTTP/1.1 200 "):
        return f"an honest request was answered {said[:40]!r}"
    return None if took < SWIFT else f"an honest request took {took:.1f} s"


def attacks(host: str, key: str, stranger: str) -> Iterator[tuple[str, Callable[[], str | None]]]:
    """Yield each attack's name and what makes it; `stranger` is a key that everybody has."""
    for one in RAW:
        yield one.name, lambda one=one: raw_fault(one, host, key)  # type: ignore[misc]
    for name in SOCKETS:
        yield name, lambda name=name: socket_fault(name, host, stranger)  # type: ignore[misc]
    yield "a socket without a key", lambda: strangers_fault(host)
    yield "an honest request after all this", lambda: swift_fault(host)
