"""A project's rows, accounts included, from its SQLite file into a PostgreSQL database.

In charge of one snapshot becoming one transaction, counted and summed on both sides before it is
committed: a copy is there whole, or nothing is. Must not know who asked for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import apsw
import orjson

from jotbase.auth.accounts.ddl import stored_columns
from jotbase.engines.loading import Loading, loading
from jotbase.errors import Fault, ProjectError, RequestError
from jotbase.project.seeding import in_order
from jotbase.schema.model.tables import Model, Table, Type
from jotbase.schema.values.convert import from_text, loaded, stored
from jotbase.sql.dialect import POSTGRES, SQLITE, Dialect, text_literal

_KINDS: Mapping[str, Type] = {
    "uuid": Type.UUID,
    "text": Type.TEXT,
    "time": Type.TIMESTAMP,
    "bytes": Type.BYTES,
    "number": Type.INTEGER,
    "flag": Type.BOOLEAN,
    "json": Type.JSON,
}
_SUMMED = 1 << 128


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that was copied: how many rows, and the sum of their hashes."""

    table: str
    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A table to copy, `order` its rows' order in SQLite; `identity` numbers go on from there."""

    table: str
    columns: tuple[tuple[str, Type], ...]
    order: tuple[str, ...]
    identity: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [name for name, _ in self.columns]


def parts(model: Model) -> list[_Part]:
    """Return all tables to copy, those of accounts first."""
    accounts = [
        _Part(table, tuple((name, _KINDS[kind]) for name, kind in columns), ("rowid",))
        for table, columns in stored_columns().items()
    ]
    return [*accounts, *map(_part, in_order(model))]


def _part(table: Table) -> _Part:
    columns = tuple((one.name, one.type) for one in table.columns if one.generated is None)
    identity = next((one.name for one in table.columns if one.identity), None)
    return _Part(table.name, columns, table.row_key, identity)


async def copy_rows(
    source: Path, url: str, model: Model, tell: Callable[[Copied], None]
) -> list[Copied]:
    """Copy all rows into the tables that a migration has made; `tell` is called after each table.

    Raises ProjectError, with nothing copied, where there are rows already or a value does not fit.
    """
    wanted = parts(model)
    with contextlib.closing(_snapshot(source)) as there:
        async with loading(url) as target:
            for part in wanted:
                await _make_ready(part, target)
            await target.run("SET CONSTRAINTS ALL DEFERRED")
            done = []
            for part in wanted:
                done.append(await _copy(part, there, target))
                tell(done[-1])
            await target.run("SET CONSTRAINTS ALL IMMEDIATE")
            for part in wanted:
                await target.run(f"ALTER TABLE {_name(part)} ENABLE TRIGGER USER")
            # Rows are there: the first start must not add those of seeds/.
            await target.run('DELETE FROM "jotbase"."meta" WHERE "key" = \'first seeds\'')
    return done


def _name(part: _Part) -> str:
    return POSTGRES.identifier(part.table)


def _snapshot(source: Path) -> apsw.Connection:
    if not source.is_file():
        raise ProjectError([Fault(str(source), "", "there is no such database to copy")])
    connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(5000)
    connection.execute("BEGIN")  # all tables are read as of one moment
    return connection


async def _make_ready(part: _Part, target: Loading) -> None:
    """Have a table take rows that no subscriber is told of. Raises ProjectError if it has any."""
    await target.run(f"ALTER TABLE {_name(part)} DISABLE TRIGGER USER")
    if await target.value(f"SELECT EXISTS (SELECT FROM {_name(part)})"):
        reason = "the database to copy to has rows of it already"
        raise ProjectError([Fault(part.table, "", reason, "name a new, empty database")])


async def _copy(part: _Part, there: apsw.Connection, target: Loading) -> Copied:
    if not there.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (part.table,)).fetchall():
        return Copied(part.table, 0, _hex(0))
    kinds = [kind for _, kind in part.columns]
    told = _Sum(kinds, SQLITE)
    await target.load(part.table, part.names, _rows(part, there, told))
    await _go_on(part, there, target)
    found = _Sum(kinds, POSTGRES)
    async for row in target.rows(part.table, part.names):
        found.add(row)
    if (told.rows, told.sum) != (found.rows, found.sum):
        reason = f"{found.rows} rows of {told.rows} arrived, or not as they were"
        raise ProjectError([Fault(part.table, "", reason, "nothing was copied")])
    return Copied(part.table, told.rows, _hex(told.sum))


def _rows(part: _Part, there: apsw.Connection, told: _Sum) -> Iterator[Sequence[Any]]:
    names = ", ".join(map(SQLITE.identifier, part.names))
    order = ", ".join(map(SQLITE.identifier, part.order))
    kinds = [kind for _, kind in part.columns]
    text = f"SELECT {names} FROM {SQLITE.identifier(part.table)} ORDER BY {order}"
    for row in there.execute(text):
        told.add(row)
        yield [_written(kind, value) for kind, value in zip(kinds, row, strict=True)]


def _written(kind: Type, value: Any) -> Any:
    """Return a stored value in the form that PostgreSQL reads; a document keeps its spelling."""
    if kind in (Type.JSON, Type.ARRAY):
        return value
    return stored(kind, loaded(kind, value, SQLITE), POSTGRES)


async def _go_on(part: _Part, there: apsw.Connection, target: Loading) -> None:
    """Have an identity column count on from the last number that it has given."""
    if part.identity is None:
        return
    text = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    given = next((int(number) for (number,) in there.execute(text, (part.table,))), 0)
    if given > 0:
        sequence = f"{text_literal(_name(part))}, {text_literal(part.identity)}"
        await target.value(f"SELECT setval(pg_get_serial_sequence({sequence}), {given})")


class _Sum:
    """Counts rows and adds their hashes, in whatever order they come."""

    def __init__(self, kinds: Sequence[Type], dialect: Dialect) -> None:
        self._kinds, self._dialect = kinds, dialect
        self.rows = self.sum = 0

    def add(self, row: Sequence[Any]) -> None:
        """Add a row as a database gives it."""
        values = [_plain(kind, value, self._dialect)
                  for kind, value in zip(self._kinds, row, strict=True)]  # fmt: skip
        digest = blake2b(orjson.dumps(values, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
        self.rows += 1
        self.sum = (self.sum + int.from_bytes(digest)) % _SUMMED


def _plain(kind: Type, value: Any, dialect: Dialect) -> Any:
    """Return a value as it is in either database: moments in one form, whole numbers as such."""
    found = loaded(kind, value, dialect)
    if kind is Type.TIMESTAMP and isinstance(found, str):
        with contextlib.suppress(RequestError):
            return from_text(kind, found)
    return _whole(found)


def _whole(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value) if abs(value) < 2**63 else repr(value)
        case list():
            return [_whole(one) for one in value]
        case dict():
            return {key: _whole(one) for key, one in value.items()}
    return value


def _hex(number: int) -> str:
    return f"{number:032x}"
