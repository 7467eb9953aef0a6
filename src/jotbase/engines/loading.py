"""Rows into PostgreSQL by COPY, all of them in one transaction or none.

In charge of the connection and of COPY's text format. Must not know where rows come from.
Source: PostgreSQL manual, COPY, "Text Format".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from jotbase.engines.postgresql.database import codecs
from jotbase.engines.postgresql.database.address import driver_url, shown
from jotbase.engines.postgresql.database.pool import session_settings
from jotbase.errors import Fault, ProjectError
from jotbase.sql.dialect import POSTGRES

#: Characters handed to the driver at a time.
_CHUNK = 1 << 18
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def copy_field(value: Any) -> str:
    """Return a value as a field of COPY's text format."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return (value if isinstance(value, str) else repr(value)).translate(_ESCAPES)


async def _chunks(rows: Iterable[Sequence[Any]]) -> AsyncIterator[bytes]:
    lines: list[str] = []
    size = 0
    for row in rows:
        line = "\t".join(map(copy_field, row))
        lines.append(line)
        size += len(line)
        if size > _CHUNK:
            yield ("\n".join(lines) + "\n").encode()
            lines, size = [], 0
    if lines:
        yield ("\n".join(lines) + "\n").encode()


class Loading:
    """An open transaction that rows are loaded in."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def run(self, text: str) -> None:
        """Run a statement."""
        await self._connection.execute(text)

    async def value(self, text: str) -> Any:
        """Return the first value that a statement gives."""
        return await self._connection.fetchval(text)

    async def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Load rows into a table's columns, each value in a text that PostgreSQL reads."""
        schema, _, name = table.rpartition(".")
        await self._connection.copy_to_table(
            name,
            source=_chunks(rows),
            columns=list(columns),
            schema_name=schema or "public",
            format="text",
        )

    async def rows(self, table: str, columns: Sequence[str]) -> AsyncIterator[tuple[Any, ...]]:
        """Yield a table's rows, a few at a time in memory."""
        names = ", ".join(map(POSTGRES.identifier, columns))
        text = f"SELECT {names} FROM {POSTGRES.identifier(table)}"
        async for row in self._connection.cursor(text, prefetch=1000):
            yield tuple(row)


@asynccontextmanager
async def loading(url: str) -> AsyncIterator[Loading]:
    """Open a transaction; it is committed unless something is raised.

    Raises ProjectError for what the database refuses, with nothing changed.
    """
    try:
        connection = await asyncpg.connect(driver_url(url), server_settings=session_settings(0, 0))
    except (OSError, asyncpg.PostgresError) as error:
        raise _refused(url, error) from error
    try:
        await codecs.install(connection)
        async with connection.transaction():
            yield Loading(connection)
    except asyncpg.PostgresError as error:
        raise _refused(url, error) from error
    finally:
        await connection.close()


def _refused(url: str, error: Exception) -> ProjectError:
    where = getattr(error, "context", None) or ""
    return ProjectError([Fault(shown(url), "", f"the database refuses: {error}", where or None)])
