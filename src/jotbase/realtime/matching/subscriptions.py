"""Resolving a binding of `postgres_changes`: tables, events, a filter, columns.

In charge of bindings, their ids, and the messages that refuse them. Must not know the caller's
rules (`matching`) nor other subscribers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from jotbase.errors import ChannelError
from jotbase.expression.expr import Context, Field, walk
from jotbase.expression.judge import Judge, judge
from jotbase.realtime.matching.equalities import OneOf, needs
from jotbase.realtime.matching.filters import parse_filter, refusal
from jotbase.realtime.messages.joining import BINDING_KEYS
from jotbase.schema.model.tables import Model, Table

KINDS = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One binding on one table. `fits` judges the filter, which `text` identifies; `needed` are the
    values without which no row fits, and `filtered` the columns that the filter names.

    `select` names the columns to be told besides the primary key, None all of them. `marks_left`
    has a row that has left told with `LEFT` among its errors.
    """

    id: int
    table: Table
    kinds: frozenset[str]
    text: str
    fits: Judge
    select: frozenset[str] | None
    needed: tuple[OneOf, ...] = ()
    filtered: frozenset[str] = frozenset()
    marks_left: bool = False


def binding_id(binding: Mapping[str, Any]) -> int:
    """Return the id of a binding: never 0, equal for equal parameters, below 2^31."""
    known = {key: binding[key] for key in BINDING_KEYS if binding.get(key) is not None}
    digest = hashlib.sha256(orjson.dumps(known, option=orjson.OPT_SORT_KEYS)).digest()
    return int.from_bytes(digest[:4]) % (2**31 - 1) + 1


def echo(binding: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of the join's reply: the id, and the parameters as sent."""
    return {"id": binding_id(binding)} | {
        key: binding[key] for key in BINDING_KEYS if key in binding
    }


def subscriptions(
    binding: Mapping[str, Any], model: Model, sees: Callable[[str], bool] = bool
) -> tuple[Subscription, ...]:
    """Return what a binding follows, one for each table that the caller may see rows of.

    For another table nothing is kept, and its filter not even read: what is wrong with it is told
    when a token comes that may see it. Raises ChannelError with the text of the `system` message.
    """
    schema, name = binding.get("schema"), binding.get("table")
    if not schema and not name:
        raise refusal(
            "No subscription params provided. Please provide at least a `schema` or `table`"
            f" to subscribe to: {_shown(binding)}"
        )
    tables = _tables(schema or "public", name or "*", model)
    event = binding.get("event") or "*"
    if not tables or event not in ("*", *KINDS):
        raise _unknown(binding)
    if binding.get("select") is not None and (not name or name == "*"):
        raise refusal(
            "Column selection is not supported for wildcard subscriptions."
            " Provide an explicit schema and table name."
        )
    return tuple(_subscription(binding, event, table) for table in tables if sees(table.name))


def _tables(schema: Any, name: Any, model: Model) -> list[Table]:
    if schema not in ("public", "*") or not isinstance(name, str):
        return []
    return [table for table in model if table.realtime and name in ("*", table.name)]


def _subscription(binding: Mapping[str, Any], event: str, table: Table) -> Subscription:
    text = binding.get("filter")
    if text is not None and not isinstance(text, str):
        raise refusal(f"Error parsing `filter` params: {text!r}")
    kinds = frozenset(KINDS if event == "*" else (event,))
    wanted = parse_filter(text, table)
    fits, needed = judge(wanted), needs(wanted, Context())
    select = _select(binding.get("select"), table)
    filtered = frozenset(one.name for one in walk(wanted) if isinstance(one, Field))
    number = binding_id(binding)
    return Subscription(number, table, kinds, text or "", fits, select, needed, filtered)


def _select(names: Any, table: Table) -> frozenset[str] | None:
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refusal(f"Error parsing `select` params: expected a list, got {names!r}")
    readable = {column.name for column in table.readable}
    for name in names:
        if name not in readable:
            raise refusal(f"invalid column for select {name}")
    return frozenset(names) | frozenset(table.primary_key)


def _unknown(binding: Mapping[str, Any]) -> ChannelError:
    return refusal(
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled"
        f" for the given connect parameters: {_shown(binding)}"
    )


def _shown(binding: Mapping[str, Any]) -> str:
    names = {"event": "event", "schema": "schema", "table": "table", "filter": "filters"}
    shown = (f"{label}: {binding.get(key, '')}" for key, label in names.items())
    return f"[{', '.join(shown)}, select: {binding.get('select', '')}]"
