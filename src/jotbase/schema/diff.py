"""Two models compared: what brings a database from the one to the other, and what must not.

In charge of telling what can neither lose a value nor fail on a row that is there (done), what may
fail (done if no row is in the way), and what would lose something (refused). Must not know how a
table is made anew (`rebuild`), and runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jotbase.errors import Fault
from jotbase.schema.changelog import triggers
from jotbase.schema.check import RowCheck, plain_schema
from jotbase.schema.ddl import create_indexes, create_table, default_sql, listed
from jotbase.schema.model import MISSING, USERS, Column, ForeignKey, Model, Table
from jotbase.schema.refusals import (
    changed_type,
    dropped_column,
    dropped_table,
    duplicates,
    missing_values,
    orphans,
    permit,
    table_becomes_view,
    unfilled_column,
)
from jotbase.schema.vocabulary import ANNOTATIONS, STANDARD
from jotbase.schema.widening import refers, widened
from jotbase.sql.dialect import SQLITE


@dataclass(frozen=True, slots=True)
class Guard:
    """A question about the rows that are there: `query` counts those in the way of the change.

    `fault` is what is wrong if there are some, `{count}` in its reason standing for how many.
    """

    query: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class TableChange:
    """What becomes of one table that is in both models.

    `rebuild` makes it anew, rows copied; else `added` columns are added in place. `columns` are
    those whose values must be held against the new schema, `rows` says that rows as a whole must.
    """

    old: Table
    new: Table
    rebuild: bool = False
    added: tuple[Column, ...] = ()
    dropped_indexes: tuple[str, ...] = ()
    made_indexes: tuple[str, ...] = ()
    retriggered: bool = False
    columns: tuple[str, ...] = ()
    rows: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done in the database."""
        return not (
            self.rebuild
            or self.added
            or self.dropped_indexes
            or self.made_indexes
            or self.retriggered
            or self.columns
            or self.rows
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """How to get from one model to another. `refused` faults mean: none of it is to be done.

    `told` says it in words, a line a change. `permits` are those that are used up.
    """

    created: tuple[Table, ...] = ()
    changed: tuple[TableChange, ...] = ()
    dropped: tuple[Table, ...] = ()
    old_views: tuple[Table, ...] = ()
    new_views: tuple[Table, ...] = ()
    guards: tuple[Guard, ...] = ()
    refused: tuple[Fault, ...] = ()
    permits: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def diff(old: Model, new: Model, permits: frozenset[str] = frozenset()) -> Steps:
    """Return the steps from the old model to the new one; `permits` as `refusals.permit` has them."""
    dropped = [
        table
        for table in old
        if table.view is None and (found := new.get(table.name)) is None
        or (found := new.get(table.name)) is not None
        and table.view is None
        and found.view is not None
    ]
    refused = [_dropped(table, new) for table in dropped if permit(table.name) not in permits]
    used = [permit(table.name) for table in dropped]
    changed: list[TableChange] = []
    guards: list[Guard] = []
    created: list[Table] = []
    for table in new:
        was = old.get(table.name)
        if table.view is not None:
            continue
        if was is None or was.view is not None:
            created.append(table)
            continue
        refused.extend(_column_refusals(was, table, permits))
        used.extend(permit(table.name, name) for name in _gone(was, table))
        if not any(was.by_name[name].type is not table.by_name[name].type for name in _kept(was, table)):
            change = _table_change(was, table)
            guards.extend(_guards(was, table, old))
            if not change.is_empty:
                changed.append(change)
    old_views, new_views = _views(old, new, all_of_them=bool(dropped or changed))
    return Steps(
        tuple(created),
        tuple(changed),
        tuple(dropped),
        old_views,
        new_views,
        tuple(guards),
        tuple(refused),
        tuple(key for key in used if key in permits),
        tuple(_told(created, changed, dropped, old, new)),
    )
