"""Comparing two models: the steps of a migration, and the changes that are refused.

In charge of the changes of a whole model. Must not know how a table is rebuilt (`rebuild`), and
runs no statement (`upgrade`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jotbase.errors import Fault
from jotbase.schema.ddl.tables import create_view
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.upgrading import lossy_changes
from jotbase.schema.upgrading.comparison import (
    Precondition,
    TableChange,
    compare,
    descriptions,
    discarded_columns,
    preconditions,
    refusal_faults,
)


@dataclass(frozen=True, slots=True)
class UpgradeSteps:
    """The steps from one model to another; they must not be run if there are `refusal_faults`.

    `created`, `changed` and `dropped` are tables. `permits` are the permits that the steps use up;
    `descriptions` has one line for each change.
    """

    created: tuple[Table, ...] = ()
    changed: tuple[TableChange, ...] = ()
    dropped: tuple[Table, ...] = ()
    dropped_views: tuple[Table, ...] = ()
    created_views: tuple[Table, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    refusal_faults: tuple[Fault, ...] = ()
    permits: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()


def diff(
    old: Model,
    new: Model,
    permits: frozenset[str] = frozenset(),
    case_changed: frozenset[str] = frozenset(),
    in_place: frozenset[str] = frozenset(),
) -> UpgradeSteps:
    """Return the steps from the old model to the new.

    `permits` are keys of `lossy_changes.permit`; `case_changed` are the tables whose names, or
    columns of which, differ in letter case from the database; `in_place` those whose constraints
    the database can change.
    """
    created = [table for table in _tables(new) if not _is_table(old, table.name)]
    dropped = [table for table in _tables(old) if not _is_table(new, table.name)]
    pairs = [(old.tables[table.name], table) for table in _tables(new) if table not in created]
    faults = [_dropped(table, new) for table in dropped]
    faults = [
        fault
        for fault, table in zip(faults, dropped, strict=True)
        if lossy_changes.permit(table.name) not in permits
    ]
    faults.extend(fault for was, table in pairs for fault in refusal_faults(was, table, permits))
    compared = [
        compare(
            was, table, case_changed=table.name in case_changed, in_place=table.name in in_place
        )
        for was, table in pairs
    ]
    changes = [change for change in compared if not change.is_empty]
    dropped_views, created_views = _views(old, new, everything=bool(dropped or changes))
    needed = [lossy_changes.permit(table.name) for table in dropped]
    needed += [
        lossy_changes.permit(was.name, name)
        for was, table in pairs
        for name in discarded_columns(was, table)
    ]
    return UpgradeSteps(
        created=tuple(created),
        changed=tuple(changes),
        dropped=tuple(dropped),
        dropped_views=dropped_views,
        created_views=created_views,
        preconditions=tuple(
            guard for was, table in pairs for guard in preconditions(was, table, old, permits)
        ),
        refusal_faults=tuple(faults),
        permits=tuple(key for key in needed if key in permits),
        descriptions=tuple(_descriptions(created, changes, dropped, old, new)),
    )


def _tables(model: Model) -> list[Table]:
    return [table for table in model if table.view is None]


def _is_table(model: Model, name: str) -> bool:
    table = model.get(name)
    return table is not None and table.view is None


def _dropped(table: Table, new: Model) -> Fault:
    view = new.get(table.name)
    return (
        lossy_changes.dropped_table(table)
        if view is None
        else lossy_changes.table_becomes_view(view)
    )


def _views(
    old: Model, new: Model, *, everything: bool
) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """Return the views to drop and those to create; with `everything` all of both models."""
    before = [view for view in old if view.view is not None]
    after = [view for view in new if view.view is not None]
    if everything:
        return tuple(before), tuple(after)
    text = {view.name: create_view(view) for view in before}
    names = {view.name for view in after if text.get(view.name) == create_view(view)}
    return (
        tuple(view for view in before if view.name not in names),
        tuple(view for view in after if view.name not in names),
    )


def _descriptions(
    created: list[Table], changes: list[TableChange], dropped: list[Table], old: Model, new: Model
) -> Iterator[str]:
    yield from (f"{table.name}: new table" for table in created)
    yield from (f"{table.name}: table dropped, as allowed" for table in dropped)
    for change in changes:
        yield from descriptions(change)
    before = {view.name: create_view(view) for view in old if view.view is not None}
    after = {view.name: create_view(view) for view in new if view.view is not None}
    yield from (f"{name}: view dropped" for name in before if name not in after)
    for name, text in after.items():
        if name not in before:
            yield f"{name}: new view"
        elif before[name] != text:
            yield f"{name}: view changed"
