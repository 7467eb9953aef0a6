"""A power cut in the middle of concurrent writes loses nothing that was acknowledged."""

from __future__ import annotations

import sqlite3
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tests.process.server import NOTES, Served, serving, start, write_project

WRITERS = 8
ENOUGH = 200


def _write_until_it_dies(
    served: Served, token: str, writer: int, acknowledged: list[str], enough: threading.Event
) -> None:
    parts = urlsplit(served.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    headers = {
        "apikey": served.keys["publishable_key"],
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
    }
    number = 0
    while True:
        text = f"{writer}-{number}"
        try:
            connection.request("POST", "/rest/v1/notes", f'{{"text":"{text}"}}', headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            connection.close()
            return
        assert answer.status == 201
        acknowledged.append(text)
        number += 1
        if len(acknowledged) >= ENOUGH:
            enough.set()


def test_kill_9_loses_no_acknowledged_write(tmp_path: Path) -> None:
    """After SIGKILL amid eight writers, every acknowledged row and its change are there."""
    project = write_project(tmp_path, {"notes": NOTES})
    served = start(project)
    session = served.ask(
        "POST", "/auth/v1/signup", {"email": "ada@example.com", "password": "correct horse"}
    )
    acknowledged: list[str] = []
    enough = threading.Event()
    arguments = (served, session["access_token"])
    threads = [
        threading.Thread(
            target=_write_until_it_dies, args=(*arguments, writer, acknowledged, enough)
        )
        for writer in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    served.kill()
    for thread in threads:
        thread.join(60)

    with serving(project) as again:
        rows = again.ask("GET", "/rest/v1/notes?select=text", token=session["access_token"])
    database = sqlite3.connect(project / "data" / "jotbase.db")
    logged = {
        text
        for (text,) in database.execute(
            """SELECT new ->> 'text' FROM "jotbase.changes" WHERE kind = 'INSERT'"""
        )
    }
    database.close()

    stored = {row["text"] for row in rows}
    assert len(acknowledged) >= ENOUGH
    assert set(acknowledged) <= stored
    assert stored == logged
