"""Seeds: rows that refer to each other, dumps of a part of a database, and what is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.api.data_world import Schema, table

from jotbase.errors import ProjectError
from jotbase.sql.units import Statement, UnitOfWork
from jotbase.startup.loading import load, load_settings
from jotbase.testing.backend import TestBackend, make_template
from jotbase.testing.wire import LoopThread

TEAMS = table({"head": {"type": ["integer", "null"], "references": "people.id"}})
PEOPLE = table({"team": {"type": "integer", "references": "teams.id"}}, required=["team"])

Seeded = Callable[[Mapping[str, Schema], Mapping[str, Any]], TestBackend]


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[Seeded]:
    """Return what makes a backend of schemas and seeds."""
    threads = LoopThread()
    opened: list[TestBackend] = []

    def make(tables: Mapping[str, Schema], seeds: Mapping[str, Any]) -> TestBackend:
        for folder, files in (("schemas", tables), ("seeds", seeds)):
            (tmp_path / folder).mkdir()
            for name, content in files.items():
                (tmp_path / folder / f"{name}.json").write_bytes(orjson.dumps(content))
        opened.append(TestBackend(make_template(tmp_path, threads), threads, seeds=True))
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()
    threads.stop()


def test_rows_may_refer_to_each_other_in_a_ring(seeded: Seeded) -> None:
    """References are looked at when all rows are there."""
    tables = {"teams": TEAMS, "people": PEOPLE}
    seeds = {"teams": [{"id": 1, "head": 7}], "people": [{"id": 7, "team": 1}]}

    assert seeded(tables, seeds).anonymous.get("/teams", {"select": "head:people!head(id)"}).json()


def test_rows_that_refer_to_nothing_are_told_of(
    seeded: Seeded, caplog: pytest.LogCaptureFixture
) -> None:
    """They stand: a part of a larger database may refer to what was left out."""
    with caplog.at_level(logging.WARNING):
        backend = seeded({"teams": TEAMS, "people": PEOPLE}, {"people": [{"id": 7, "team": 9}]})

    assert backend.anonymous.get("/people").json() == [{"id": 7, "team": 9}]
    assert "seeds/people.json: 1 rows refer to rows that teams lacks" in caplog.text


def test_quoted_numbers_are_read(seeded: Seeded) -> None:
    """Dumps write large numbers as text."""
    backend = seeded({"t": table({"n": {"type": "integer"}})}, {"t": [{"id": "3", "n": "12"}]})
    assert backend.anonymous.get("/t").json() == [{"id": 3, "n": 12}]


def test_other_text_is_no_number(seeded: Seeded) -> None:
    """The start is refused, with the file's name."""
    with pytest.raises(ProjectError) as refused:
        seeded({"t": table({"n": {"type": "integer"}})}, {"t": [{"n": "many"}]})
    assert [fault.file for fault in refused.value.faults] == ["seeds/t.json"]


def test_seeds_that_failed_at_the_first_start_are_loaded_at_the_next(tmp_path: Path) -> None:
    """The tables are there by then; once loaded, rows that are deleted stay away."""
    notes = table({"text": {"type": "string", "minLength": 1}})
    write(tmp_path, "schemas/notes.json", notes)
    write(tmp_path, "seeds/notes.json", [{"text": ""}])
    with pytest.raises(ProjectError, match=r"seeds/notes\.json#/0/text"):
        asyncio.run(started(tmp_path))

    write(tmp_path, "seeds/notes.json", [{"text": "mended"}])
    assert asyncio.run(started(tmp_path)) == [("mended",)]
    assert asyncio.run(started(tmp_path, "DELETE FROM notes")) == []
    assert asyncio.run(started(tmp_path)) == []


def write(root: Path, name: str, content: Any) -> None:
    """Write one of a project's files."""
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orjson.dumps(content))


async def started(root: Path, statement: str = "") -> list[Any]:
    """Start the project once, run a statement, and return the notes that it then holds."""
    project, settings = load_settings(str(root))
    backend = load(project, settings, "http://localhost")
    await backend.start()
    try:
        if statement:
            await backend.engine.write(lambda: run(statement))
        return [tuple(row) for row in await backend.engine.read("SELECT text FROM notes", ())]
    finally:
        await backend.stop()


def run(statement: str) -> UnitOfWork[None]:
    """Run one statement as a unit of work."""
    yield Statement(statement)


def test_more_seeds_than_a_request_may_hold_are_loaded(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a fault in the last of them is told with its place in the file."""
    monkeypatch.setattr("jotbase.query.request.body.MAX_ROWS", 10_000)
    rows = [{"n": number} for number in range(10_001)]
    kept = table({"n": {"type": "integer", "minimum": 0}})
    with pytest.raises(ProjectError) as refused:
        seeded({"t": kept}, {"t": [*rows, {"n": -1}]})
    assert [fault.pointer for fault in refused.value.faults] == ["/10001/n"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.csv", b"n\n1\n", "seeds are JSON files"),
        ("v.json", b"[]", '"v" is a view, which holds no rows of its own'),
        ("tt.json", b"[]", "there is no table of that name in schemas/"),
        ("t.json", b"[1]", "a row is a JSON object"),
        ("t.json", b'"x"', "a row is a JSON object"),
        ("t.json", b"[", "no JSON: "),
    ],
)
def test_what_would_seed_nothing_is_said_so(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    """With the file that it is about."""
    write(tmp_path, "schemas/t.json", table({"n": {"type": "integer"}}))
    write(tmp_path, "schemas/v.json", table({}, view="select id from t", primaryKey=[]))
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / name).write_bytes(content)
    with pytest.raises(ProjectError) as refused:
        asyncio.run(started(tmp_path))
    (fault,) = refused.value.faults
    assert (fault.file, fault.reason[: len(reason)]) == (f"seeds/{name}", reason)
