"""The OpenAPI 3.1 document of the data API: the operations that a caller may perform.

In charge of paths and operations, restricted to what the caller may access. Must not know the
caller (`visible` decides), or how the document is served (`response.root`). Source:
https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jotbase.query.openapi import components
from jotbase.query.openapi.batch import batch_operation, batch_schemas
from jotbase.query.openapi.functions import function_paths
from jotbase.query.openapi.schemas import (
    SCHEMAS,
    component_names,
    insert_schema,
    row_schema,
    table_schema,
    update_schema,
    written_columns,
)
from jotbase.query.openapi.visibility import Visibility
from jotbase.query.plan.functions import Function
from jotbase.query.plan.guarding import RuleAction
from jotbase.query.plan.nodes import Root
from jotbase.query.plan.triggered_views import allowed_writes, triggered_view
from jotbase.query.plan.updatable import UpdatableView, view_keys
from jotbase.query.request.grammar import PREFIX
from jotbase.query.request.shape import RESERVED
from jotbase.schema.keywords.vocabulary import STANDARD_META_SCHEMA
from jotbase.schema.model.tables import Column, Model, Table

#: Returns whether the caller may perform the action on some row of the table.
Visible = Callable[[Table, RuleAction], bool]

JSON = "application/json"
OBJECT = "application/vnd.pgrst.object+json"
CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class _Subject:
    """A table and the caller's actions on it; `key` are the columns that identify a row.

    `updatable` is set for a view that can be written.
    """

    table: Table
    called: str
    actions: frozenset[RuleAction]
    updatable: UpdatableView | None
    key: tuple[str, ...]

    @property
    def reads(self) -> bool:
        """Whether its rows may be seen."""
        return "select" in self.actions

    @property
    def hidden(self) -> frozenset[str]:
        """The columns that can neither be read nor written."""
        used = {one.name for one in self.table.readable} if self.reads else set()
        if not self.actions.isdisjoint(("insert", "update")):
            used |= {one.name for one in written_columns(self.table, self.updatable)}
        return frozenset(self.table.by_name) - used

    def parameters(self, *names: str) -> list[dict[str, str]]:
        """Return references to shared parameters."""
        return [{"$ref": f"#/components/parameters/{name}"} for name in names]

    def ref(self, form: str = "") -> dict[str, str]:
        """Return a reference to the table's schema, or to one of its forms."""
        return {"$ref": f"{SCHEMAS}{self.called}{form}"}


def document(
    model: Model,
    visible: Visible,
    root: Root,
    functions: Iterable[Function] = (),
    *,
    internals: bool = False,
) -> dict[str, Any]:
    """Return the document for a caller to whom `visible` applies, and who may call `functions`.

    With `internals`, access rules and SQL are shown as well.
    """
    subjects = list(_subjects(model, visible))
    hidden = {} if internals else {one.table.name: one.hidden for one in subjects}
    shown = Visibility(frozenset(one.table.name for one in subjects), internals, hidden)
    read = {one.table.name: one.called for one in subjects if one.reads}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jotbase data API",
            "description": components.description(),
            "version": root.version,
        },
        "jsonSchemaDialect": STANDARD_META_SCHEMA,
        "servers": [{"url": root.url.rstrip("/") + PREFIX}],
        "security": list(components.SECURITY),
        "tags": [_tag(one) for one in subjects],
        "paths": {
            "/": {"get": _root_operation(), "post": batch_operation()},
            **{f"/{quote(one.table.name, safe='')}": dict(_operations(one)) for one in subjects},
            **function_paths(functions, read),
        },
        "components": {
            "schemas": {
                components.ERROR: components.error_schema(),
                **batch_schemas(),
                **{name: one for each in subjects for name, one in _schemas(each, shown)},
            },
            "parameters": {
                **components.parameters(),
                **{name: one for each in subjects for name, one in _filters(each)},
            },
            "headers": components.headers(),
            "responses": components.error_responses(),
            "securitySchemes": components.security_schemes(),
        },
        "x-operators": components.operators(),
    }


def _subjects(model: Model, visible: Visible) -> Iterator[_Subject]:
    names = component_names(table.name for table in model)
    for table in model:
        updatable = triggered_view(table, "insert", model) if table.view is not None else None
        actions = frozenset(_actions(table, visible, allowed_writes(table, model)))
        keyed = table if updatable is None else view_keys(updatable)
        key = keyed.primary_key if table.view is None or updatable is not None else ()
        if actions:
            yield _Subject(table, names[table.name], actions, updatable, key)


def _actions(table: Table, visible: Visible, writes: frozenset[str]) -> Iterator[RuleAction]:
    """Yield the possible actions; update and delete need the select rule as well."""
    reads = visible(table, "select")
    if reads:
        yield "select"
    if "insert" in writes and visible(table, "insert"):
        yield "insert"
    if "update" in writes and reads and visible(table, "update"):
        yield "update"
    if "delete" in writes and reads and visible(table, "delete"):
        yield "delete"


def _tag(subject: _Subject) -> dict[str, Any]:
    tag = {"name": subject.table.name}
    if subject.table.description:
        tag["description"] = subject.table.description
    return tag


def _schemas(subject: _Subject, shown: Visibility) -> Iterator[tuple[str, dict[str, Any]]]:
    table, called, updatable = subject.table, subject.called, subject.updatable
    yield called, table_schema(table, called, shown)
    if subject.reads:
        yield f"{called}.row", row_schema(table, called)
    if "insert" in subject.actions:
        yield f"{called}.insert", insert_schema(table, called, updatable)
    if "update" in subject.actions:
        yield f"{called}.update", update_schema(table, called, updatable)


def _filtered(subject: _Subject) -> list[tuple[str, Column]]:
    """Return (name of the parameter component, column) of the columns that can be filtered."""
    columns = [one for one in subject.table.readable if one.name not in RESERVED]
    names = component_names(one.name for one in columns)
    return [(f"filter.{subject.called}.{names[one.name]}", one) for one in columns]


def _filters(subject: _Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, column in _filtered(subject) if subject.reads else ():
        yield name, components.filter_parameter(column)


def _operations(subject: _Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    if subject.reads:
        yield "get", _read(subject)
    if "insert" in subject.actions:
        yield "post", _insert(subject)
    if {"insert", "update"} <= subject.actions and subject.key:
        yield "put", _put(subject)
    if "update" in subject.actions:
        yield "patch", _update(subject)
    if "delete" in subject.actions:
        yield "delete", _delete(subject)


def _operation(
    subject: _Subject,
    verb: str,
    summary: str,
    parameters: Sequence[dict[str, str]],
    responses: dict[str, Any],
) -> dict[str, Any]:
    return {
        "tags": [subject.table.name],
        "operationId": f"{verb}_{subject.called}",
        "summary": f"{summary} {subject.table.name}",
        "parameters": list(parameters),
        "responses": responses,
    }


def _choosing(subject: _Subject) -> list[dict[str, str]]:
    """Return the parameters that select rows."""
    return subject.parameters(*(name for name, _ in _filtered(subject)), "and", "or")


def _rows(subject: _Subject, description: str, *headers: str) -> dict[str, Any]:
    row = subject.ref(".row")
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {
            JSON: {"schema": {"type": "array", "items": row}},
            OBJECT: {"schema": row},
            CSV: {"schema": {"type": "string"}},
        },
    }


def _read(subject: _Subject) -> dict[str, Any]:
    paging = subject.parameters(
        "select", "order", "limit", "offset", "range", "rangeUnit", "preferRead"
    )
    told = ("Content-Range", "Preference-Applied")
    responses = {
        "200": _rows(subject, "The rows.", *told),
        "206": _rows(subject, "Some of the rows, with `Prefer: count=…`.", *told),
        **components.error_references(components.READING),
    }
    return _operation(subject, "read", "Read rows of", [*_choosing(subject), *paging], responses)


def _body(schema: dict[str, Any], *, several: bool) -> dict[str, Any]:
    one_or_more = {"oneOf": [schema, {"type": "array", "items": schema}]}
    content: dict[str, Any] = {JSON: {"schema": one_or_more if several else schema}}
    if several:
        content[CSV] = {"schema": {"type": "string"}}
    return {"required": True, "content": content}


def _done(description: str) -> dict[str, Any]:
    names = ("Content-Range", "Preference-Applied")
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"description": description, "headers": headers}


def _insert(subject: _Subject) -> dict[str, Any]:
    parameters = subject.parameters("columns", "on_conflict", "select", "preferInsert")
    told = ("Content-Range", "Preference-Applied", "Location")
    responses: dict[str, Any] = {
        "200": _rows(subject, "All rows were there and are merged.", *told),
        "201": _rows(subject, "The rows are stored; they stand here if asked for.", *told),
    }
    if not subject.reads:
        parameters = subject.parameters("columns", "preferInsert")
        responses = {"201": _done("The rows are stored.")}
    responses |= components.error_references(components.WRITING)
    operation = _operation(subject, "insert", "Insert rows into", parameters, responses)
    return {**operation, "requestBody": _body(subject.ref(".insert"), several=True)}


def _put(subject: _Subject) -> dict[str, Any]:
    key = ", ".join(f"`{name}=eq.…`" for name in subject.key)
    parameters = [*_choosing(subject), *subject.parameters("columns", "select", "preferInsert")]
    responses = {
        "200": _rows(subject, "The row is replaced.", "Preference-Applied"),
        "201": _rows(subject, "The row is new.", "Preference-Applied"),
        "204": _done("The row is replaced."),
        **components.error_references(components.WRITING),
    }
    operation = _operation(subject, "put", "Insert or replace one row of", parameters, responses)
    said = f"The row is named by its key: {key}."
    return {
        **operation,
        "description": said,
        "requestBody": _body(subject.ref(".insert"), several=False),
    }


def _changed(subject: _Subject, verb: str, summary: str, done: str) -> dict[str, Any]:
    parameters = subject.parameters("select", "order", "limit", "offset", "preferChange")
    responses = {
        "200": _rows(subject, f"{done}; with `Prefer: return=representation`.", "Content-Range"),
        "204": _done(f"{done}."),
        **components.error_references(components.WRITING),
    }
    return _operation(subject, verb, summary, [*_choosing(subject), *parameters], responses)


def _update(subject: _Subject) -> dict[str, Any]:
    operation = _changed(subject, "update", "Change rows of", "The rows are changed")
    return {**operation, "requestBody": _body(subject.ref(".update"), several=False)}


def _delete(subject: _Subject) -> dict[str, Any]:
    return _changed(subject, "delete", "Remove rows of", "The rows are removed")


def _root_operation() -> dict[str, Any]:
    return {
        "operationId": "read_document",
        "summary": "Read this document",
        "responses": {
            "200": {
                "description": "What the caller may do.",
                "content": {"application/openapi+json": {"schema": {"type": "object"}}},
            },
            **components.error_references((401, 404, 406)),
        },
    }
