"""Planning: resolving an intent's tables, columns, relationships and types in the model.

In charge of turning an intent into a plan, and of all errors about unknown names. Must not know
access rules (`query.statement` adds them), SQL, or the values of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal

from jotbase.errors import RequestError
from jotbase.expression.expr import RequestValue
from jotbase.query.plan.computed import ComputedTable
from jotbase.query.plan.nodes import (
    DeletePlan,
    InsertPlan,
    Node,
    Plan,
    PlanLimits,
    ReadPlan,
    ResponseFormat,
    Returning,
    UpdatePlan,
    Value,
    Window,
    WritePlan,
)
from jotbase.query.plan.reading import Reading, check_limit, read_node
from jotbase.query.plan.triggered_views import refuse_computed, refuse_merge, triggered_view
from jotbase.query.plan.updatable import UpdatableView, table_columns, table_target, view_keys
from jotbase.query.request.grammar import SCHEMA
from jotbase.query.request.intent import Condition, Intent, Placeholder
from jotbase.query.request.media import content_type, unavailable
from jotbase.query.request.preferences import known_preferences
from jotbase.schema.model.tables import Column, Model, Table
from jotbase.schema.values.convert import from_text
from jotbase.search.spelling import nearest

_VIEW_HINT = "Write to the tables that the view shows."


def plan(intent: Intent, model: Model, limits: PlanLimits) -> Plan:
    """Plan a request. Raises RequestError, mostly 42703, PGRST1xx and PGRST2xx."""
    if intent.action == "call":
        details = "Functions are not called among the requests of a batch."
        raise RequestError("PGRST127", "Feature not implemented", details=details)
    table = find_table(model, intent.target, limits.seen)
    if intent.media.kind == "plan" and not limits.plans:
        raise unavailable(content_type(intent.media).removesuffix("; charset=utf-8"))
    intent = replace(intent, preferences=known_preferences(intent.preferences, limits.is_zone))
    reading = Reading(intent, model, limits)
    if intent.action == "read":
        node = read_node(reading, table, root_window(intent, limits))
        return ReadPlan(node, response_format(reading), intent.preferences.count is not None)
    return _write(reading, table)


def find_table(
    model: Model, name: str, seen: Callable[[Table], bool] = lambda table: True
) -> Table:
    """Return the table or view. Raises RequestError PGRST205, with the most similar visible
    name.
    """
    table = model.get(name)
    if table is not None:
        return table
    close = nearest(name, (one.name for one in model if seen(one)))
    raise RequestError(
        "PGRST205",
        f"Could not find the table '{SCHEMA}.{name}' in the schema cache",
        hint=f"Perhaps you meant the table '{SCHEMA}.{close}'" if close else None,
    )


def root_window(intent: Intent, limits: PlanLimits) -> Window:
    """Return the window of a read's root table. Raises RequestError PGRST103."""
    limit = intent.limit.get(())
    check_limit(limit)
    wanted = intent.range
    if wanted is not None and wanted[1] is not None and wanted[1] < wanted[0]:
        raise RequestError(
            "PGRST103",
            "Requested range not satisfiable",
            details="The lower boundary must be lower than or equal to the upper boundary in the"
            " Range header.",
        )
    return Window(limit, intent.offset.get(()), wanted, limits.max_rows)


def response_format(reading: Reading) -> ResponseFormat:
    """Return the format of a request's response."""
    intent = reading.intent
    return ResponseFormat(
        intent.media,
        intent.preferences,
        intent.head,
        reading.limits.tx_end,
        tuple(reading.warnings),
    )


def _write(reading: Reading, table: Table) -> WritePlan:
    intent, limits = reading.intent, reading.limits
    keys, updatable = table, _view_target(table, intent.action, reading.model)
    if updatable is not None:
        keys = view_keys(updatable)
    if intent.action == "put" and updatable is None and table.view is not None:
        raise refuse_merge(table)
    put = _put(intent, keys) if intent.action == "put" else None
    # A write's own filters select the rows to change; filters of embeds apply to the returned rows.
    node = read_node(reading, table, Window(intent.limit.get(()), intent.offset.get(())))
    target = Node(node.table, node.alias, (), node.where, node.order, node.window)
    if updatable is None and table.view is not None:
        returning = _triggered(table, intent, node)
    else:
        returning = _returning(intent, table, node)
    columns = _named_columns(intent, table)
    answer = response_format(reading)
    if updatable is not None:
        target, returning = (
            table_target(updatable, target),
            _returned_of(updatable, returning, node),
        )
        columns = None if columns is None else table_columns(updatable, columns)
        table = updatable
    missing = intent.preferences.missing == "default"
    if intent.action in ("update", "delete"):
        if not intent.filters.get(()) and not limits.unfiltered_writes:
            raise _unfiltered(intent.action)
        if intent.action == "delete":
            return DeletePlan(table, answer, returning, target)
        return UpdatePlan(table, answer, returning, target, columns, missing)
    resolution, conflict = _conflict(intent, keys)
    if updatable is not None:
        put = put and {updatable.columns_of[name]: value for name, value in put.items()}
        conflict = table_columns(updatable, conflict)
    return InsertPlan(table, answer, returning, columns, resolution, conflict, missing, put)


def _view_target(table: Table, action: str, model: Model) -> UpdatableView | None:
    """Return the updatable view that a write targets; None for a table, or a view with triggers.

    Raises RequestError 55000 if the view cannot be written.
    """
    write = "insert" if action == "put" else action
    if table.view is None:
        return None
    updatable = triggered_view(table, write, model)
    if updatable is None and write not in table.instead_of:
        raise RequestError("55000", f'cannot change view "{table.name}"', hint=_VIEW_HINT)
    return updatable


def _triggered(view: Table, intent: Intent, node: Node) -> Returning:
    """Return what a write by triggers gives back. Raises RequestError 0A000 if they cannot.

    An update takes the rows in the order asked for, and so gives them back.
    """
    returning = _returning(
        intent, view, replace(node, order=()) if intent.action == "update" else node
    )
    if intent.action == "put" or (intent.action == "insert" and intent.preferences.resolution):
        raise refuse_merge(view)
    if returning.node is not None and intent.action != "delete":
        raise refuse_computed(view)
    return returning


def _returned_of(updatable: UpdatableView, returning: Returning, node: Node) -> Returning:
    """Return what a write through a view returns: from the table's row, or read from the view."""
    if returning.plain is not None and all(
        at.name in updatable.columns_of for _, at in returning.plain
    ):
        behind = updatable.columns_of
        return Returning(
            plain=tuple((key, updatable.by_name[behind[at.name]]) for key, at in returning.plain)
        )
    if returning == Returning():
        return returning
    if not view_keys(updatable).primary_key:
        raise RequestError(
            "0A000",
            f'what view "{updatable.source_view.name}" computes cannot be returned by a write',
            details="It does not show the primary key by which to find the rows again.",
        )
    return Returning(node=Node(updatable.source_view, node.alias, node.items, order=node.order))


def _unfiltered(action: Literal["update", "delete"]) -> RequestError:
    return RequestError(
        "21000",
        f"{action.upper()} requires a WHERE clause",
        hint="Filter by a column, or allow writes without a filter in the settings.",
    )


def _named_columns(intent: Intent, table: Table) -> tuple[str, ...] | None:
    if intent.columns is not None:
        check_columns(table, intent.columns)
    return intent.columns


def check_columns(table: Table, names: Iterable[str]) -> None:
    """Raise RequestError PGRST204 for keys of a body that are no columns."""
    for name in names:
        if name not in table.by_name:
            raise RequestError(
                "PGRST204",
                f"Could not find the '{name}' column of '{table.name}' in the schema cache",
            )


def _conflict(
    intent: Intent, table: Table
) -> tuple[Literal["merge", "ignore"] | None, tuple[str, ...]]:
    preferred = intent.preferences.resolution
    resolution: Literal["merge", "ignore"] | None = None
    if intent.action == "put" or preferred == "merge-duplicates":
        resolution = "merge"
    elif preferred == "ignore-duplicates":
        resolution = "ignore"
    if resolution is None:
        return None, ()
    columns = intent.on_conflict or table.primary_key
    keys = [set(table.primary_key), *(set(unique.columns) for unique in table.unique)]
    for name in columns:
        if name not in table.by_name:
            raise RequestError("42703", f'column "{name}" does not exist')
    if columns and set(columns) not in keys:
        raise RequestError(
            "42P10",
            "there is no unique or exclusion constraint matching the ON CONFLICT specification",
        )
    return (resolution, tuple(dict.fromkeys(columns))) if columns else (None, ())


def _put(intent: Intent, table: Table) -> dict[str, RequestValue]:
    """Return the primary key in a PUT's filters. Raises RequestError PGRST105, PGRST114."""
    if intent.limit or intent.offset:
        raise RequestError(
            "PGRST114", "limit/offset querystring parameters are not allowed for PUT"
        )
    found: dict[str, RequestValue] = {}
    for one in intent.filters.get((), ()):
        plain = isinstance(one, Condition) and one.operator == "eq" and not one.negated
        if isinstance(one, Condition) and plain and isinstance(one.operand, Placeholder):
            column = table.by_name.get(one.field.name)
            if column is not None and not one.field.steps:
                found[column.name] = RequestValue(one.operand.index, _read(column), column.type)
                continue
        found.clear()
        break
    if not table.primary_key or set(found) != set(table.primary_key):
        raise RequestError(
            "PGRST105",
            "Filters must include all and only primary key columns with 'eq' operators",
        )
    return found


def _read(column: Column) -> Callable[[str], Any]:
    return lambda text: from_text(column.type, text, column.item)


def _returning(intent: Intent, table: Table, node: Node) -> Returning:
    if intent.preferences.returning != "representation":
        return Returning()
    if _is_plain(node):
        pairs = [
            (item.key, item.value.column)
            for item in node.items
            if isinstance(item.value, Value) and item.value.column is not None
        ]
        return Returning(plain=tuple(pairs))
    return Returning(node=Node(node.table, node.alias, node.items, order=node.order))


def _is_plain(node: Node) -> bool:
    """Whether every key is an unchanged column, so that the rows need not be read again."""
    simple = all(
        isinstance(item.value, Value)
        and item.value.column is not None
        and not item.value.steps
        and item.value.cast is None
        and item.value.aggregate is None
        and item.value.zone is None
        for item in node.items
    )

    return simple and not node.order and not isinstance(node.table, ComputedTable)
