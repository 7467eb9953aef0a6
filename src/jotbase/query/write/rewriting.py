"""What the project's code may change of a write before it is stored: rows, changes, deletions.

In charge of what is shown to that code, and of the plan and payload that follow from what it
returned, which are validated and judged as any other. Must not know the code, nor run a statement
itself: the rows that are there are read by an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from jotbase.errors import RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import DeletePlan, InsertPlan, UpdatePlan
from jotbase.query.plan.row_keys import key_in
from jotbase.query.request.intent import Payload
from jotbase.query.write.payload_rows import named_columns, sent_rows
from jotbase.query.write.result import WriteContext
from jotbase.query.write.storing import load_returned, returning_list
from jotbase.query.write.targets import target_rows
from jotbase.query.write.units import rows_to_insert
from jotbase.records import dataclass
from jotbase.schema.model.tables import Table
from jotbase.schema.values.convert import stored
from jotbase.sql.fragment import Fragment, sql
from jotbase.sql.units import Rows
from jotbase.values import Row

Written = InsertPlan | UpdatePlan | DeletePlan

#: Runs a reading statement whose slots are filled.
Read = Callable[[Fragment], Rows]


class Rewrite(Protocol):
    """Returns what is to be written instead of a plan and its payload, in the table's columns."""

    def __call__(
        self, plan: Any, payload: Payload, context: Context, write_context: WriteContext
    ) -> tuple[Any, Payload]:
        """Return them. Raises JotError to refuse the write."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The code that is asked before a table is written.

    `insert` is asked about each new row and returns it; `update` about a change and the rows that
    it is for, and returns the change; `delete` about each row.
    """

    insert: Callable[[Row], Row] | None = None
    update: Callable[[Row, list[Row]], Row] | None = None
    delete: Callable[[Row], Row] | None = None

    def concern(self, plan: Written) -> bool:
        """Return whether a write is any of theirs."""
        if isinstance(plan, InsertPlan):
            merges = plan.resolution == "merge" and self.update is not None
            return self.insert is not None or merges
        wanted = self.delete if isinstance(plan, DeletePlan) else self.update
        return wanted is not None


def rewriting(hooks: Hooks, read: Read) -> Rewrite:
    """Return what asks the hooks about a write; `read` runs statements in its transaction."""

    def rewrite(
        plan: Written, payload: Payload, context: Context, write_context: WriteContext
    ) -> tuple[Written, Payload]:
        if isinstance(plan, InsertPlan):
            return _inserted(plan, payload, context, write_context, hooks, read)
        olds = _selected(plan, context, write_context, read)
        if isinstance(plan, DeletePlan):
            if hooks.delete is not None:
                for old in olds:
                    hooks.delete(old)
            return plan, payload
        if hooks.update is None or not olds or not payload.rows:
            return plan, payload
        named_columns(plan, payload)
        change = sent_rows(plan, payload)[0]
        return replace(plan, columns=None), Payload((hooks.update(change, olds),), single=True)

    return rewrite


def _selected(
    plan: UpdatePlan | DeletePlan, context: Context, write_context: WriteContext, read: Read
) -> list[Row]:
    """Read the rows that an update or a delete is for, as its own rules select them."""
    wanted = target_rows(plan, plan.target, write_context)
    found = read(
        wanted.mapped(lambda value: value.fill(context) if hasattr(value, "fill") else value)
    )
    return load_returned(plan.table, found, write_context.dialect)[1]


def _inserted(
    plan: InsertPlan,
    payload: Payload,
    context: Context,
    write_context: WriteContext,
    hooks: Hooks,
    read: Read,
) -> tuple[InsertPlan, Payload]:
    named_columns(plan, payload)
    rows = sent_rows(plan, payload)
    if hooks.insert is not None:
        rows = [hooks.insert(row) for row in rows]
    plan = replace(plan, columns=None, defaults=True)
    if hooks.update is not None and plan.resolution == "merge" and rows:
        made = rows_to_insert(plan, _payload(payload, rows), context, write_context)
        if made.missing is None:
            olds = _existing(plan, made.rows, write_context, read)
            rows = [
                row if old is None else hooks.update(row, [old])
                for row, old in zip(rows, olds, strict=True)
            ]
    return plan, _payload(payload, rows)


def _payload(sent: Payload, rows: Sequence[Row]) -> Payload:
    return Payload(tuple(rows), single=sent.single, lines=sent.lines)


def _existing(
    plan: InsertPlan, rows: Sequence[Row], write_context: WriteContext, read: Read
) -> list[Row | None]:
    """Return for each row the stored one that it would be merged with.

    Raises RequestError 0A000 where the database makes the key's values itself.
    """
    table, dialect = plan.table, write_context.dialect
    if any(table.by_name[name].generated is not None for name in plan.conflict):
        raise RequestError(
            "0A000",
            "rows are merged by a generated column, of which a hook cannot be told before",
            hint="Name other columns in on_conflict, or update the rows by their key.",
        )
    keys = [_key(table, plan.conflict, row) for row in rows]
    wanted = [_stored(table, plan.conflict, key, write_context) for key in keys if key is not None]
    if not wanted:
        return [None] * len(rows)
    found = read(
        sql(f"SELECT {returning_list(table, dialect)} FROM {dialect.identifier(table.name)} WHERE ")
        + key_in(plan.conflict, wanted, dialect)
    )
    olds = load_returned(table, found, dialect)[1]
    by_key = {_key(table, plan.conflict, old): old for old in olds}
    return [None if key is None else by_key.get(key) for key in keys]


def _key(table: Table, columns: Sequence[str], row: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return the values of a row's key, None if one is lacking: NULL is like nothing."""
    values = tuple(row.get(name) for name in columns)
    return None if any(value is None for value in values) else tuple(map(_hashable, values))


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, dict | list) else value


def _stored(
    table: Table, columns: Sequence[str], key: tuple[Any, ...], write_context: WriteContext
) -> Any:
    values = tuple(
        stored(table.by_name[name].type, value, write_context.dialect)
        for name, value in zip(columns, key, strict=True)
    )
    return values[0] if len(values) == 1 else values
