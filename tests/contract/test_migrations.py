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


MOMENT = {"type": "string", "format": "date-time"}
TIMED = model(t=table_file({"id": ID, "at": MOMENT, "n": NUMBER}, primaryKey=["id"]))
WIDER = model(
    t=table_file(
        {"id": ID, "at": {**TEXT, "default": "x"}, "n": {"type": "number"}}, primaryKey=["id"]
    )
)


async def test_a_type_that_holds_all_values_takes_them_along(make_engine: Any) -> None:
    """Times become the text that JSON has of them; rows without a value take a new default."""
    engine = await filled(
        make_engine,
        TIMED,
        "INSERT INTO t (at, n) VALUES ('2026-01-31T12:00:00+00:00', 7)",
        "INSERT INTO t (at, n) VALUES (NULL, NULL)",
    )
    await migrate(engine, WIDER, started=False)

    assert await engine.read_internal("SELECT at, n FROM t ORDER BY id", ()) == [
        ("2026-01-31T12:00:00+00:00", 7.0), ("x", None),
    ]  # fmt: skip


async def test_a_decimal_column_is_added_to_a_table_without_one(make_engine: Any) -> None:
    """SQLite's STRICT tables cannot have it: the rows move to a table that is not."""
    engine = await filled(
        make_engine, model(t=table_file({"id": ID, "a": TEXT})), "INSERT INTO t (a) VALUES ('kept')"
    )
    price = {"type": "string", "format": "decimal"}
    await migrate(engine, model(t=table_file({"id": ID, "a": TEXT, "price": price})))
    await engine.write(unit("UPDATE t SET price = 2"))

    assert await engine.read_internal("SELECT a, CAST(price AS text) FROM t", ()) == [("kept", "2")]


async def test_a_null_that_was_a_value_does_not_take_a_default(make_engine: Any) -> None:
    """JSON null is a value where the schema allowed it: the migration would lose it."""
    old = model(t=table_file({"id": ID, "a": {"type": ["string", "null"]}}))
    engine = await filled(make_engine, old, "INSERT INTO t (a) VALUES (NULL)")
    new = table_file({"id": ID, "a": {**TEXT, "default": "x"}}, required=["a"])
    with pytest.raises(ProjectError):
        await migrate(engine, model(t=new), started=False)

    assert await engine.read_internal("SELECT a FROM t", ()) == [(None,)]


async def test_integers_that_a_double_would_round_are_refused(make_engine: Any) -> None:
    """Nothing is changed then."""
    engine = await filled(make_engine, TIMED, f"INSERT INTO t (n) VALUES ({2**53 + 1})")
    with pytest.raises(ProjectError):
        await migrate(engine, WIDER, started=False)

    assert await engine.read_internal("SELECT n FROM t", ()) == [(2**53 + 1,)]


async def test_another_primary_key_is_taken(make_engine: Any) -> None:
    """It holds from then on, and the numbering column stays unique."""
    old = model(t=table_file({"id": ID, "a": TEXT, "b": TEXT}, primaryKey=["id"]))
    new = model(t=table_file({"id": ID, "a": TEXT, "b": TEXT}, primaryKey=["a"]))
    engine = await filled(make_engine, old, "INSERT INTO t (a) VALUES ('x')")
    for wanted in (new, old, new):
        await migrate(engine, wanted, started=False)
    for text in ("INSERT INTO t (a) VALUES ('x')", "INSERT INTO t (id, a) VALUES (1, 'y')"):
        with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
            await engine.write(unit(text))


@pytest.mark.parametrize(
    "keywords",
    [
        {"properties": {"id": ID, "a": {**TEXT, "pattern": "^(?!z)"}, "at": MOMENT}},
        {"if": {"properties": {"a": {"const": "zoo"}}}, "then": {"required": ["at"]}},
    ],
)
async def test_rows_are_held_against_what_only_json_schema_says(
    make_engine: Any, keywords: dict[str, Any]
) -> None:
    """A row that does not fit refuses the migration, and is named."""
    columns = {"id": ID, "a": TEXT, "at": MOMENT}
    texts = ["INSERT INTO t (a, at) VALUES ('fits', '2026-01-31T12:00:00+00:00')"]
    texts.append("INSERT INTO t (a) VALUES ('zoo')")
    engine = await filled(make_engine, model(t=table_file(columns, primaryKey=["id"])), *texts)
    stricter = table_file(**{"properties": columns, "primaryKey": ["id"], **keywords})
    with pytest.raises(ProjectError, match=r"1 row\(s\) do not fit .* the first: id 2"):
        await migrate(engine, model(t=stricter), started=False)

    await engine.write(unit("DELETE FROM t WHERE a = 'zoo'"))
    await migrate(engine, model(t=stricter), started=False)


class Failing:
    """An engine whose units end with an error after so many statements."""

    def __init__(self, engine: Engine, statements: int) -> None:
        self._engine, self._left = engine, statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def write(self, work: Callable[[], UnitOfWork[Any]], *, timed: bool = True) -> Any:
        """Run the unit up to there."""

        def cut() -> UnitOfWork[Any]:
            unit_, rows = work(), None
            for _ in range(self._left):
                rows = yield (unit_.send(rows) if rows is not None else next(unit_))
            raise InterruptedError

        return await self._engine.write(cut, timed=timed)


@pytest.mark.parametrize("statements", [12, 16, 20, 24, 28])
async def test_a_migration_that_ends_halfway_has_done_nothing(
    make_engine: Any, statements: int
) -> None:
    """Run again it comes to the same."""
    rows = "INSERT INTO notes (text, n) VALUES ('kept', 1)"
    engine = await filled(make_engine, model(notes=NOTES, parts=PARTS), rows)
    new = model(memos=MEMOS, parts=LATER)
    before = await plan(engine, new)
    failing: Any = Failing(engine, statements)
    with pytest.raises(InterruptedError):
        await migrate(failing, new, started=False)

    assert await plan(engine, new) == before
    await migrate(engine, new, started=False)
    assert await engine.read_internal("SELECT id, body, n FROM memos", ()) == [(1, "kept", 1)]


async def test_stored_arrays_take_the_form_of_their_new_items(make_engine: Any) -> None:
    """What is stored is what a write would store now, so that filters find it."""

    def of(items: dict[str, Any]) -> Model:
        return model(t=table_file({"id": ID, "a": {"type": "array", "items": items}}))

    engine = await filled(
        make_engine, of(TEXT), "INSERT INTO t (a) VALUES ('[\"2026-01-01T01:00:00+01:00\"]')"
    )
    await migrate(engine, of({**TEXT, "format": "date-time"}), started=False)

    assert await engine.read_internal("SELECT a ->> 0 FROM t", ()) == [
        ("2026-01-01T00:00:00+00:00",)
    ]
    with pytest.raises(ProjectError, match="/a/0 the value is not a"):
        await migrate(engine, of({**TEXT, "format": "uuid"}), started=False)


async def test_computed_values_are_held_against_the_schema(make_engine: Any) -> None:
    """A pattern that no CHECK can say refuses the new column that computes another value."""
    engine = await filled(
        make_engine, model(t=table_file({"id": ID, "a": TEXT})), "INSERT INTO t (a) VALUES ('x')"
    )
    computed = {**TEXT, "pattern": "^f", "generated": "a || '!'"}

    with pytest.raises(ProjectError, match='/b the value does not match "\\^f"'):
        await migrate(engine, model(t=table_file({"id": ID, "a": TEXT, "b": computed})))


async def test_names_that_differ_by_case_alone_are_the_same(make_engine: Any) -> None:
    """Tables and columns keep their rows, keys and indexes, spelt as the file has it."""

    def of(note: str, text: str) -> Model:
        table = table_file(
            {"id": ID, text: {**TEXT, "maxLength": 9}},
            primaryKey=["id"],
            unique=[[text]],
            indexes=[[text], {"columns": [text], "kind": "fulltext"}],
            realtime=True,
        )
        part = table_file({"id": ID, "note": {**NUMBER, "references": f"{note}.id"}})
        return model(**{note: table, "parts": part})

    engine = await filled(
        make_engine,
        of("notes", "text"),
        "INSERT INTO notes (text) VALUES ('kept')",
        "INSERT INTO parts (note) VALUES (1)",
    )
    await migrate(engine, of("Notes", "Text"), started=False)
    await engine.write(unit('UPDATE "Notes" SET "Text" = \'new\''))

    assert await engine.read_internal('SELECT "id", "Text" FROM "Notes"', ()) == [(1, "new")]
    change = (await engine.changes(0))[-1]
    assert (change.table, change.new) == ("Notes", {"id": 1, "Text": "new"})
    assert not (await plan(engine, of("Notes", "Text"))).is_pending


async def test_letters_beyond_ascii_are_other_letters(make_engine: Any) -> None:
    """SQLite folds A to Z alone: a table is another one, whose rows are asked for."""
    engine = await filled(make_engine, model(ä=table_file({"id": ID})))
    if engine.dialect.is_postgres:
        await migrate(engine, model(Ä=table_file({"id": ID})), started=False)
        assert await engine.read_internal('SELECT * FROM "Ä"', ()) == []
    else:
        with pytest.raises(ProjectError, match="the file is gone"):
            await migrate(engine, model(Ä=table_file({"id": ID})), started=False)
