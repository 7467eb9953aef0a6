"""Pages of other origins that open WebSockets and event streams, which no preflight guards."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from tests.process.server import NOTES, Served, start, write_project

UPGRADE = (
    "GET /realtime/v1/websocket?apikey={key} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{origin}\r\n"
)
STREAM = (
    "GET /rest/v1/notes HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n"
    "apikey: {key}\r\n{origin}\r\n"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    project = write_project(tmp_path_factory.mktemp("p"), {"notes": NOTES | {"realtime": True}})
    served = start(project, env={"JOTBASE_CORS_ORIGINS": "https://app.example"})
    yield served
    served.kill()


def answer(served: Served, head: str, origin: str | None) -> str:
    """Return what a raw client is answered, up to the end of a refusal or of the head."""
    address = urlsplit(served.url)
    line = "" if origin is None else f"Origin: {origin}\r\n"
    sent = head.format(key=served.keys["publishable_key"], host=address.netloc, origin=line)
    told = b""
    with closing(socket.create_connection((address.hostname, address.port or 0), 20)) as raw:
        raw.settimeout(20)
        raw.sendall(sent.encode())
        while b"\r\n\r\n" not in told or (b" 403 " in told and not told.endswith(b"}")):
            piece = raw.recv(4096)
            if not piece:
                break
            told += piece
    return told.decode()


@pytest.mark.parametrize("origin", [None, "https://app.example", "own"])
def test_pages_of_allowed_origins_and_native_clients_may_follow(
    served: Served, origin: str | None
) -> None:
    """Native clients name none; the server's own pages name its host."""
    origin = served.url if origin == "own" else origin

    assert answer(served, UPGRADE, origin).startswith("HTTP/1.1 101 ")
    assert answer(served, STREAM, origin).startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example.evil.example",
        "null",
        "",
    ],
)
def test_pages_of_other_origins_may_not(served: Served, origin: str) -> None:
    """The refusal says what to do; it comes before the key is looked at."""
    socket_told = answer(served, UPGRADE, origin)
    stream_told = answer(served, STREAM, origin)

    assert socket_told.startswith("HTTP/1.1 403 ")
    assert socket_told.endswith('{"error":"Pages of this origin may not follow changes"}')
    assert stream_told.startswith("HTTP/1.1 403 ")
    assert '"code":"42501"' in stream_told
    assert "Add the origin to JOTBASE_CORS_ORIGINS." in stream_told
