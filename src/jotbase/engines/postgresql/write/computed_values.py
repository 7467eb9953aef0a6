"""Computed fields in statements: values of project functions, which PostgreSQL cannot call.

The database function `jotbase.computed` looks a value up in what the statement is given, and asks
for what is not there by an INFO. The statement is run, the code is called for what was asked, and
the statement is run again in the same snapshot until nothing is asked. In charge of what is known
and asked. Must not know the code, nor who runs the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import md5
from typing import Any

import asyncpg

from jotbase.errors import RequestError
from jotbase.sql.units import ComputedFor, Rows

#: `schema.ddl.postgres.functions` asks by this message.
ASKED = "jotbase.computed"
#: Values that one statement may ask for, and characters of rows and values that are held for it.
MOST_ASKED, MOST_CHARACTERS = 100_000, 64 << 20

#: Runs a statement on the connection that asks.
Read = Callable[[str, Sequence[Any]], Rows]
#: Returns what the project's code makes of a row, as JSON text: the key, the row, the caller.
Compute = Callable[[Read, str, str, str], Any]


class ComputedFieldsNeeded(Exception):
    """A statement needs computed fields: the unit has to run in a thread where code may run."""


def caller_of(values: Sequence[Any]) -> str | None:
    """Return the caller for whom the parameters ask for computed fields, None if there are none."""
    return next((str(one) for one in values if type(one) is ComputedFor), None)


class KnownValues:
    """The computed fields of one statement: known values, and those that it has asked for."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._asked: dict[tuple[str, str], None] = {}
        self._characters = 0

    def given(self, values: Sequence[Any]) -> list[Any]:
        """Return the parameters, with the known values for those that ask for them."""
        known = "{" + ",".join(f'"{name}":{text}' for name, text in self._known.items()) + "}"
        return [known if type(one) is ComputedFor else one for one in values]

    @contextmanager
    def listening(self, connection: asyncpg.Connection) -> Iterator[None]:
        """Collect what the connection asks for, by its log messages (INFO)."""
        connection.add_log_listener(self._hear)
        try:
            yield
        finally:
            connection.remove_log_listener(self._hear)

    def _hear(self, _: Any, message: asyncpg.PostgresLogMessage) -> None:
        if message.message != ASKED or len(self._asked) > MOST_ASKED:
            return
        self._characters += len(message.detail)
        if self._characters <= MOST_CHARACTERS:
            self._asked[message.hint, message.detail] = None

    def asked(self) -> list[tuple[str, str]]:
        """Return the fields' keys and rows that are asked for, and forget them. Raises RequestError
        54000 where these are too many, with what is known already.
        """
        found = list(self._asked)
        self._refuse_too_many(len(self._known) + len(found))
        self._asked.clear()
        return found

    def learn(self, key: str, row: str, text: str) -> None:
        """Keep what a field of a row is: JSON text. Raises RequestError 54000 if it is too much."""
        self._characters += len(text)
        self._refuse_too_many(len(self._known))
        name = md5((key + row).encode(), usedforsecurity=False).hexdigest()
        self._known[name] = text

    def _refuse_too_many(self, count: int) -> None:
        if count <= MOST_ASKED and self._characters <= MOST_CHARACTERS:
            return
        raise RequestError(
            "54000",
            "too many rows are computed in one statement",
            details=f"The limit is {MOST_ASKED} rows, or {MOST_CHARACTERS} characters of them"
            " and of what is computed.",
            hint="Choose fewer rows by columns that are stored.",
        )
