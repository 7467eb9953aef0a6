"""Seeds: rows that refer to each other, dumps of a part of a database, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.api.data_world import Schema, table

from jotbase.errors import ProjectError
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
