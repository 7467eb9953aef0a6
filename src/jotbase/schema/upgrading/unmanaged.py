"""Unmanaged database objects: triggers, indexes and conditions that no schema file declares.

In charge of finding those of a table that is to be rebuilt (collations included), and of refusing a
migration that would drop them; triggers of views are re-created. Must not know why a table is
rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from jotbase.errors import Fault
from jotbase.schema.ddl.constraints import literal
from jotbase.schema.ddl.definitions import read_table
from jotbase.schema.ddl.tables import META
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Rows, Statement, UnitOfWork

_PARTS = (
    "SELECT type, name, sql FROM sqlite_schema"
    " WHERE tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL"
)
_INDEXES = (
    "SELECT l.name, l.partial, (SELECT json_group_array(x.name) FROM pragma_index_xinfo(l.name)"
    " AS x WHERE x.key) FROM pragma_index_list(?) AS l WHERE l.origin = 'c'"
)

#: The prefix of the server's own triggers and indexes.
_OURS = "jotbase."


def rebuild_permit(table: str) -> str:
    """Return the key in "jotbase.meta" that permits a start to drop a table's unmanaged objects."""
    return f"drop {table}, made anew"


def unmanaged_loss(table: Table, permits: frozenset[str]) -> UnitOfWork[Fault | None]:
    """Return the fault of a rebuild that would drop unmanaged objects; None if there are none or
    `permits` allows it. `table` is the table of the old model.
    """
    if rebuild_permit(table.name) in permits:
        return None
    parts = yield Statement(_PARTS, (table.name,))
    indexes = yield Statement(_INDEXES, (table.name,))
    lost = [*_lost_parts(table, parts), *_lost_indexes(table, indexes)]
    if not lost:
        return None
    allow = f"INSERT INTO \"{META}\" VALUES ({literal(rebuild_permit(table.name))}, '');"
    return Fault(
        table.file,
        "",
        f'the change makes "{table.name}" anew, and with the old one would go {", ".join(lost)}',
        "undo the change; or note down how these are made, let them go with"
        f" {allow} start again, and make them again",
    )


def _lost_parts(table: Table, parts: Rows) -> Iterator[str]:
    for kind, name, text in parts:
        if kind == "trigger" and not str(name).startswith(_OURS):
            yield f"the trigger {name}"
        if kind == "table":
            collations = read_table(str(text)).collations
            yield from (f"the collation {one} of {name}" for name, one in collations.items())
    # `x-checks` are the conditions that `pull` could not express by keywords.
    yield from (f"the condition ({one})" for one in table.schema.get("x-checks", ()))


def _lost_indexes(table: Table, indexes: Rows) -> Iterator[str]:
    declared = [_folded(index.columns) for index in table.indexes]
    declared += [_folded(unique.columns) for unique in table.unique]
    for name, partial, columns in indexes:
        ours = str(name).startswith(_OURS)
        if not ours and (partial or _folded(orjson.loads(str(columns))) not in declared):
            yield f"the index {name}"


def _folded(names: Sequence[str | None]) -> tuple[str, ...]:
    return tuple((name or "").lower() for name in names)


@dataclass(frozen=True, slots=True)
class ViewTrigger:
    """A trigger on a view and its SQL; dropping the view drops it."""

    view: str
    name: str
    text: str


def find_view_triggers(views: Sequence[Table]) -> UnitOfWork[list[ViewTrigger]]:
    """Read the triggers of views, in the order of their creation."""
    found: list[ViewTrigger] = []
    for view in views:
        parts = yield Statement(_PARTS, (view.name,))
        found.extend(
            ViewTrigger(view.name, str(name), str(text))
            for kind, name, text in parts
            if kind == "trigger"
        )
    return found


def dropped_view_triggers(view: Table, triggers: Sequence[ViewTrigger]) -> Fault:
    """Return the refusal to drop a view that has triggers."""
    dropped = " ".join(f"DROP TRIGGER {SQLITE.identifier(one.name)};" for one in triggers)
    return Fault(
        view.file,
        "",
        f'the view "{view.name}" is gone, and with it would go the triggers'
        f" {', '.join(one.name for one in triggers)}",
        f"put the file back; or drop them yourself: {dropped}",
    )


def broken_view_trigger(view: Table, trigger: ViewTrigger, reason: str) -> Fault:
    """Return the refusal of a changed view on which one of its triggers cannot be created."""
    return Fault(
        view.file,
        "/view",
        f"the trigger {trigger.name} cannot be made again on the changed view: {reason}",
        f"undo the change, or drop it yourself: DROP TRIGGER {SQLITE.identifier(trigger.name)};",
    )
