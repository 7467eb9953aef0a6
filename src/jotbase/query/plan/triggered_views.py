"""Views with INSTEAD OF triggers: which writes they support.

An INSTEAD OF trigger takes precedence over automatic updatability (`updatable`), as in PostgreSQL.
In charge of which writes a table or view supports. Must not know requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jotbase.errors import RequestError
from jotbase.query.plan.updatable import UpdatableView, updatable_view
from jotbase.schema.ddl.definitions import read_trigger
from jotbase.schema.model.tables import Model, Table

#: Asks for the triggers of all views: (view, the trigger's SQL).
VIEW_TRIGGERS = (
    "SELECT t.tbl_name, t.sql FROM sqlite_schema AS t, sqlite_schema AS v"
    " WHERE t.type = 'trigger' AND v.type = 'view' AND v.name = t.tbl_name"
)

#: The same of PostgreSQL, and its internal type's second bit: INSTEAD OF (pg_trigger.tgtype).
POSTGRES_VIEW_TRIGGERS = (
    "SELECT c.relname::text, pg_get_triggerdef(t.oid) FROM pg_trigger AS t"
    " JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relkind = 'v' AND t.tgtype & 64 <> 0"
)

_WRITES = frozenset(("insert", "update", "delete"))


def with_triggers(model: Model, found: Iterable[tuple[str, str]]) -> Model:
    """Return the model with what its views' triggers do, from the rows of `VIEW_TRIGGERS`."""
    done: dict[str, set[str]] = {}
    for view, text in found:
        event = read_trigger(text)
        if event is not None:
            done.setdefault(view, set()).add(event)
    return Model(
        {
            name: replace(table, instead_of=frozenset(done[name])) if name in done else table
            for name, table in model.tables.items()
        }
    )


def triggered_view(view: Table, write: str, model: Model) -> UpdatableView | None:
    """Return the table behind a view as which a write goes to it, None where it goes elsewhere."""
    return None if write in view.instead_of else updatable_view(view, model)


def allowed_writes(table: Table, model: Model) -> frozenset[str]:
    """Return which of `insert`, `update` and `delete` a table or view takes."""
    if table.view is None or updatable_view(table, model) is not None:
        return _WRITES
    return table.instead_of


def refuse_merge(view: Table) -> RequestError:
    """Return the refusal to merge rows through a trigger: SQLite has no UPSERT there."""
    return RequestError(
        "0A000",
        f'cannot merge rows into view "{view.name}"',
        details="Triggers do its inserts, and they know of no conflict.",
        hint="Insert and update rows apart, or let the trigger itself merge them.",
    )


def refuse_computed(view: Table) -> RequestError:
    """Return the refusal to give back what would have to be read again after a trigger."""
    return RequestError(
        "0A000",
        f'a write to view "{view.name}" gives back its columns only as they are',
        details="Triggers do its writes, and the rows that they left cannot be told.",
        hint="Select plain columns, or read the view afterwards.",
    )
