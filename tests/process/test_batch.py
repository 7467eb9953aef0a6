"""A batch on the real server: what fails leaves nothing behind, whoever writes beside it."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from urllib.error import HTTPError

from tests.api.data_world import table
from tests.process.server import Served, serving, write_project

ROUNDS = 20
PAIRS = {
    "lefts": table({"name": {"type": "string"}}, unique=[["name"]], realtime=True),
    "rights": table({"left": {"type": "integer", "references": "lefts.id"}}, realtime=True),
}
ECHO = {"Prefer": "return=representation"}


def pair(served: Served, name: str, *, broken: bool) -> int:
    """Send a batch of a row on the left and one on the right; return the status."""
    left = {"$ref": "left/0/id"}
    operations = [
        {"method": "POST", "path": "lefts", "headers": ECHO, "body": {"name": name}, "as": "left"},
        {"method": "POST", "path": "rights", "body": {"left": -1 if broken else left}},
    ]
    try:
        served.ask("POST", "/rest/v1/", operations)
    except HTTPError as error:
        told = json.load(error)
        assert (told["code"], told["operation"]) == ("23503", 1)
        return error.code
    return 200


def test_of_concurrent_batches_each_stands_or_falls_alone(tmp_path: Path) -> None:
    """Sound and broken ones share commits; only the sound ones are in the file and its log."""
    project = write_project(tmp_path, PAIRS)
    statuses: list[int] = []
    with serving(project) as served:

        def send(writer: int) -> None:
            for number in range(ROUNDS):
                name = f"{writer}-{number}"
                statuses.append(pair(served, name, broken=(writer + number) % 2 == 0))

        threads = [threading.Thread(target=send, args=(writer,)) for writer in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert sorted(statuses) == [200] * 2 * ROUNDS + [409] * 2 * ROUNDS
    database = sqlite3.connect(project / "data" / "jotbase.db")
    lefts = database.execute("SELECT name FROM lefts").fetchall()
    joined = database.execute('SELECT name FROM lefts JOIN rights ON "left" = lefts.id').fetchall()
    logged = database.execute('SELECT count(*) FROM "jotbase.changes"').fetchall()
    database.close()
    assert len(lefts) == len(joined) == 2 * ROUNDS
    assert all(sum(map(int, name.split("-"))) % 2 == 1 for (name,) in lefts)
    assert logged == [(4 * ROUNDS,)]
