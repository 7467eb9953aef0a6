"""Databases of each engine brought from one model to another."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.engines.base import Engine
from jotbase.errors import ProjectError
from jotbase.project.migration import history, migrate, plan
from jotbase.schema.model.tables import Model
from jotbase.sql.units import Statement, UnitOfWork

pytestmark = pytest.mark.anyio

NOTES = table_file(
    {"id": ID, "text": {**TEXT, "maxLength": 9}, "n": NUMBER},
    primaryKey=["id"],
    unique=[["text"]],
    indexes=[["n"], {"columns": ["text"], "kind": "fulltext"}],
    realtime=True,
)
PARTS = table_file({"id": ID, "note": {**NUMBER, "references": "notes.id"}}, primaryKey=["id"])
MEMOS = table_file(
    {"id": ID, "body": {**TEXT, "maxLength": 9, "renamedFrom": "text"}, "n": NUMBER},
    primaryKey=["id"],
    unique=[["body"]],
    indexes=[["n"], {"columns": ["body"], "kind": "fulltext"}],
    realtime=True,
    renamedFrom="notes",
)
LATER = table_file({"id": ID, "note": {**NUMBER, "references": "memos.id"}}, primaryKey=["id"])


def unit(text: str, *values: Any) -> Callable[[], UnitOfWork[None]]:
    """Return a unit of one statement."""

    def work() -> UnitOfWork[None]:
        yield Statement(text, values)

    return work


async def filled(make_engine: Any, old: Model, *texts: str) -> Engine:
    """Return an engine with the old model and what the statements put in."""
    engine: Engine = await make_engine()
    await migrate(engine, old)
    for text in texts:
        await engine.write(unit(text))
    return engine


async def test_renamed_tables_and_columns_keep_their_rows(make_engine: Any) -> None:
    """Keys, references and the log of changes follow, and a second look finds nothing to do."""
    engine = await filled(
        make_engine,
        model(notes=NOTES, parts=PARTS),
        "INSERT INTO notes (text, n) VALUES ('kept', 1)",
        "INSERT INTO parts (note) VALUES (1)",
    )
    new = model(memos=MEMOS, parts=LATER)
    planned = await plan(engine, new)
    await migrate(engine, new, started=False)
    await engine.write(unit("UPDATE memos SET body = 'new' WHERE n = 1"))

    assert planned.changes[:2] == (
        "memos: renamed from notes", "memos: column body renamed from text",
    )  # fmt: skip
    assert not any(step.effect.loses for step in planned.steps)
    assert await engine.read_internal("SELECT id, body, n FROM memos", ()) == [(1, "new", 1)]
    change = (await engine.changes(0))[-1]
    assert (change.table, change.new) == ("memos", {"id": 1, "body": "new", "n": 1})
    assert not (await plan(engine, new)).is_pending
    assert (await history(engine))[-1]["statements"][-1:] == [planned.steps[-1].statement]


async def test_a_rename_that_is_not_declared_is_asked_for(make_engine: Any) -> None:
    """The new column of the same type is named as what may be meant."""
    engine = await filled(make_engine, model(t=table_file({"id": ID, "a": TEXT})))
    planned = await plan(engine, model(t=table_file({"id": ID, "b": TEXT, "n": NUMBER})))

    (fault,) = planned.faults
    assert fault.reason.startswith('the column "a" is gone')
    assert 'write "renamedFrom": "a" in the new column (b?)' in str(fault.hint)


async def test_a_refused_rename_changes_nothing(make_engine: Any) -> None:
    """Its transaction holds the checks of rows as well."""
    engine = await filled(
        make_engine, model(t=table_file({"id": ID, "a": TEXT})), "INSERT INTO t (a) VALUES ('long')"
    )
    stricter = {**TEXT, "maxLength": 2, "renamedFrom": "a"}
    with pytest.raises(ProjectError):
        await migrate(engine, model(t=table_file({"id": ID, "b": stricter})), started=False)

    assert await engine.read_internal("SELECT a FROM t", ()) == [("long",)]
