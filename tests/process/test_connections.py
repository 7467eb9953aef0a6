"""The real server and clients that keep it waiting: counted, and no reason not to stop."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from tests.process.server import NOTES, start, write_project

UPGRADE = (
    "GET /realtime/v1/websocket?apikey={key} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def test_open_connections_are_counted_and_hold_up_no_stop(tmp_path: Path) -> None:
    """A silent one, half a head, half a body, a socket that reads nothing; then one too many."""
    project = write_project(tmp_path, {"notes": NOTES})
    served = start(project, env={"JOTBASE_MAX_CONNECTIONS_PER_ADDRESS": "4"})
    address = urlsplit(served.url)
    lines = []
    for sent in (
        "",
        "GET /health HTTP/1.1\r\nHo",
        "POST /rest/v1/notes HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
        UPGRADE.format(key=served.keys["publishable_key"]),
    ):
        line = socket.create_connection((address.hostname, address.port or 0), 20)
        line.sendall(sent.encode())
        lines.append(line)
    assert lines[-1].recv(12) == b"HTTP/1.1 101"

    with closing(socket.create_connection((address.hostname, address.port or 0), 20)) as more:
        more.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert more.recv(12) == b"HTTP/1.1 503"

    served.process.terminate()
    assert served.process.wait(20) == 0
    assert served.process.stdout is not None
    served.process.stdout.close()
    for line in lines:
        line.close()
