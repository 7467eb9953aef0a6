"""A project's files on PostgreSQL: SQL in its own words, which it judges itself, and seeds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.api.data_world import KEYED, OPEN, table
from tests.postgres_server import Server

from jotbase.errors import Fault, ProjectError
from jotbase.testing.backend import TestBackend, make_template
from jotbase.testing.wire import LoopThread

TEXT = {"type": "string"}
Begin = Callable[..., TestBackend]


@pytest.fixture
def begin(
    tmp_path: Path, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Begin]:
    """Begin a project of these tables on PostgreSQL."""
    monkeypatch.setenv("JOTBASE_DATABASE_URL", asyncio.run(postgres_server.create()))
    threads, begun = LoopThread(), list[TestBackend]()

    def started(**tables: dict[str, Any]) -> TestBackend:
        (tmp_path / "schemas").mkdir()
        for name, schema in tables.items():
            (tmp_path / "schemas" / f"{name}.json").write_bytes(orjson.dumps(schema))
        begun.append(TestBackend(make_template(tmp_path, threads), threads))
        return begun[-1]

    yield started
    for one in begun:
        one.close()
    threads.stop()


def view(text: str) -> dict[str, Any]:
    """Return a view's file."""
    return {"type": "object", "properties": KEYED | {"x": TEXT}, "view": text, "access": OPEN}


def test_views_and_computed_columns_are_in_its_words(begin: Begin) -> None:
    """Casts, its functions, DISTINCT ON, in views over one another."""
    first = {**TEXT, "generated": "split_part(name, ' ', 1)"}
    backend = begin(
        names=table({"name": TEXT, "first": first}),
        early=view("select id, x::text as x from late"),
        late=view("select distinct on (first) id, md5(first) as x from names order by first, id"),
    )
    made = backend.service.post("/names", [{"name": "Ada L"}, {"name": "Ada B"}]).json()

    assert [one["first"] for one in made] == ["Ada", "Ada"]
    assert backend.anonymous.get("/early").json() == [
        {"id": 1, "x": "1a382809b7c03f686e12dd15677c5497"}
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select id, name as x from nowhere", 'relation "nowhere" does not exist'),
        ("select id, nme as x from names", 'column "nme" does not exist'),
        ("select id, x from other", 'relation "other" does not exist'),
        (
            "with gone as (delete from names returning id) select id, '' as x from gone",
            "views must not contain data-modifying statements in WITH",
        ),
    ],
)
def test_what_it_refuses_is_told_with_the_file(begin: Begin, text: str, said: str) -> None:
    """A mistake in a view's text is one in its file."""
    with pytest.raises(ProjectError) as refused:
        begin(names=table({"name": TEXT}), other_=view(text))
    (fault,) = refused.value.faults
    assert isinstance(fault, Fault)

    assert (fault.file, fault.pointer) == ("schemas/other_.json", "/view")
    assert said in fault.reason


def test_seeds_that_refer_to_nothing_are_refused(begin: Begin, tmp_path: Path) -> None:
    """The file is named, and the value that is not there."""
    parts = table({"note": {"type": "integer", "references": "notes.id"}})
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "parts.json").write_bytes(orjson.dumps([{"note": 9}]))
    with pytest.raises(ProjectError) as refused:
        begin(notes=table({"name": TEXT}), parts=parts)
    (fault,) = refused.value.faults

    assert (fault.file, fault.hint) == (
        "seeds/parts.json",
        'Key (note)=(9) is not present in table "notes".',
    )
