"""Messages that were inserted into a table of broadcasts: as they are told, and told again.

In charge of reading a row as a message, and of the statements that find and prune such rows. Must
not know who may hear, nor who runs the statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jotbase.expression.expr import Apply, Expr, Field, Literal, all_of
from jotbase.expression.predicate import predicate
from jotbase.realtime.matching.filters import SCOPE
from jotbase.realtime.rooms.http_messages import Message, name_faults
from jotbase.schema.ddl.changelog import row_json
from jotbase.schema.model.tables import Table, Type
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, sql
from jotbase.values import Row

#: The most messages that a join has told again, and how many where it names no number
#: (supabase/realtime).
MOST_REPLAYED, REPLAYED = 25, 10
#: Messages that are pruned at a time.
BITE = 500


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What a join wants to be told again: the newest messages since a time, in epoch seconds."""

    since: float = 0.0
    limit: int = REPLAYED


def read_replay(asked: Mapping[str, Any]) -> ReplayRequest | None:
    """Return the request of `config.broadcast.replay`, its numbers clamped; None if it has other
    values than integers.
    """
    since, limit = asked.get("since"), asked.get("limit")
    numbers = [0 if since is None else since, REPLAYED if limit is None else limit]
    if any(not isinstance(one, int) or isinstance(one, bool) for one in numbers):
        return None
    # RFC 3339 has four digits for the year
    milliseconds = min(max(numbers[0], 0), 253_402_300_799_000)
    return ReplayRequest(milliseconds / 1000, min(max(numbers[1], 1), MOST_REPLAYED))


def stored_message(table: Table, row: Row) -> Message | None:
    """Return the message that a row is, None where its names are too long to be told."""
    topic, event, payload = row.get("topic"), row.get("event"), row.get("payload")
    if not isinstance(topic, str) or not isinstance(event, str) or name_faults(topic, event):
        return None
    told = payload if isinstance(payload, Mapping) else {"_json": payload}
    private = row.get("private") is not False
    return Message(topic, event, told, private=private, id=str(row.get(table.primary_key[0])))


def replay_query(table: Table, topic: str, since: str, limit: int, dialect: Dialect) -> Fragment:
    """Return the query of the newest private messages of a topic: the JSON of each row."""
    wanted: list[Expr] = [
        Apply("eq", (Field(SCOPE, "topic", Type.TEXT), Literal(topic, Type.TEXT))),
        Apply("gte", (Field(SCOPE, "inserted_at", Type.TIMESTAMP), Literal(since, Type.TIMESTAMP))),
    ]
    if "private" in table.by_name:
        private = Field(SCOPE, "private", Type.BOOLEAN)
        wanted.append(Apply("eq", (private, Literal(value=True, type=Type.BOOLEAN))))
    alias = dialect.identifier(SCOPE)
    found = sql(
        f"SELECT {row_json(table, alias, dialect)} FROM {dialect.identifier(table.name)} AS {alias}"
    )
    return found + " WHERE " + predicate(all_of(*wanted), dialect) + _newest(table, dialect, limit)


def prune_by_age(table: Table, before: str, dialect: Dialect) -> Fragment:
    """Return the DELETE of a bite of the messages that were inserted before a time."""
    at = Field(SCOPE, "inserted_at", Type.TIMESTAMP)
    old = predicate(Apply("lt", (at, Literal(before, Type.TIMESTAMP))), dialect)
    return _prune(table, sql(" WHERE ") + old + sql(f" LIMIT {BITE}"), dialect)


def prune_by_number(table: Table, keep: int, dialect: Dialect) -> Fragment:
    """Return the DELETE of a bite of the messages but the newest."""
    return _prune(table, _newest(table, dialect, BITE) + sql(f" OFFSET {int(keep)}"), dialect)


def _newest(table: Table, dialect: Dialect, limit: int) -> Fragment:
    alias = dialect.identifier(SCOPE)
    order = (f"{alias}.{dialect.identifier(name)} DESC" for name in _ordering(table))
    return sql(f" ORDER BY {', '.join(order)} LIMIT {int(limit)}")


def _ordering(table: Table) -> tuple[str, ...]:
    return "inserted_at", *table.primary_key


def _prune(table: Table, which: Fragment, dialect: Dialect) -> Fragment:
    name, alias = dialect.identifier(table.name), dialect.identifier(SCOPE)
    key = dialect.identifier(table.primary_key[0])
    chosen = sql(f"DELETE FROM {name} WHERE {key} IN (SELECT {alias}.{key} FROM {name} AS {alias}")
    return chosen + which + f") RETURNING {key}"
