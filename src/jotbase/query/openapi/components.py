"""The shared components of the OpenAPI document: parameters, headers, errors, security schemes.

In charge of describing the protocol, with operators and errors from their own tables. Must not know
a project's tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jotbase.error_codes import CODES
from jotbase.expression.operators import OPERATORS, Operator
from jotbase.schema.model.tables import Column, Type

ERROR = "jotbase.error"

#: The preferences of each kind of operation (RFC 7240), with their values.
PREFERENCES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "read": (("count", ("exact", "planned", "estimated")),),
    "insert": (
        ("return", ("minimal", "headers-only", "representation")),
        ("resolution", ("merge-duplicates", "ignore-duplicates")),
        ("missing", ("default", "null")),
        ("count", ("exact", "planned", "estimated")),
    ),
    "change": (
        ("return", ("minimal", "representation")),
        ("count", ("exact", "planned", "estimated")),
        ("max-affected", ("1",)),
    ),
}
_ALWAYS = (("handling", ("strict", "lenient")), ("timezone", ("Europe/Paris",)))
_WRITING = (("tx", ("commit", "rollback")),)

#: The statuses of errors of each kind of operation.
READING = (300, 400, 401, 403, 404, 406, 416, 500, 503, 504)
WRITING = (300, 400, 401, 403, 404, 405, 406, 409, 413, 500, 503, 504, 507)

#: An operand of each type, for examples.
_SAMPLES: Mapping[Type, str] = {
    Type.INTEGER: "5",
    Type.NUMBER: "1.5",
    Type.DECIMAL: "9.90",
    Type.UUID: "7f0c35a4-6a3f-4b2e-9b8f-2d4c1a0e5d11",
    Type.TIMESTAMP: "2026-01-31T12:00:00Z",
    Type.DATE: "2026-01-31",
    Type.TIME: "12:00:00",
    Type.TEXT: "text",
    Type.BYTES: "\\x00ff",
    Type.INT4RANGE: "[1,10)",
    Type.INT8RANGE: "[1,10)",
    Type.NUMRANGE: "[0.5,1.5]",
    Type.TSRANGE: "[2026-01-31 12:00:00,2026-01-31 14:00:00)",
    Type.TSTZRANGE: "[2026-01-31T12:00:00Z,2026-01-31T14:00:00Z)",
    Type.DATERANGE: "[2026-01-31,2026-02-28]",
}


def prefer(kind: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return all preferences that an operation of that kind takes."""
    return PREFERENCES[kind] + (() if kind == "read" else _WRITING) + _ALWAYS


def operators_of(kind: Type) -> list[Operator]:
    """Return the operators that filters may use on a column of that type."""
    return [one for one in OPERATORS.values() if one.url and kind in one.types]


def operators() -> list[dict[str, Any]]:
    """Return every operator of filters: its name, what it says, and the types that it is for."""
    return [
        {
            "name": one.name,
            "description": one.doc,
            "types": sorted(kind.value for kind in one.types),
        }
        for one in OPERATORS.values()
        if one.url
    ]


def description() -> str:
    """Return how to ask, in Markdown, with the table of operators."""
    rows = [f"| `{one['name']}` | {_cell(one['description'])} |" for one in operators()]
    return "\n".join(
        [
            "The data API, as [PostgREST](https://postgrest.org) defines it. A filter is"
            " `column=operator.value`: `?age=gte.18`. Put `not.` before the operator for its"
            " opposite, `(any)` or `(all)` behind it to compare with each of `{a,b}`.",
            "",
            "| operator | the value |",
            "| --- | --- |",
            *rows,
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def filter_parameter(column: Column) -> dict[str, Any]:
    """Return the parameter that filters by a column."""
    names = ", ".join(f"`{one.name}`" for one in operators_of(column.type))
    said = f"{column.description}\n\n" if column.description else ""
    return {
        "name": column.name,
        "in": "query",
        "description": f"{said}Type {column.type_name}. Operators: {names}.",
        "schema": {"type": "string"},
        "examples": {"filter": {"value": _sample(column)}},
    }


def _sample(column: Column) -> str:
    if column.type is Type.BOOLEAN:
        return "is.true"
    if column.type is Type.ARRAY:
        return "cs.{a,b}"
    if column.type is Type.JSON:
        return 'cs.{"key":"value"}'
    return f"eq.{_SAMPLES[column.type]}"


def _query(name: str, description: str, example: str, kind: str = "string") -> dict[str, Any]:
    schema: dict[str, Any] = {"type": kind}
    if kind == "integer":
        schema["minimum"] = 0
    value: Any = int(example) if kind == "integer" else example
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema,
        "example": value,
    }


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "name": name,
        "in": "header",
        "description": description,
        "schema": schema,
        "example": example,
    }


def _prefer_header(kind: str) -> dict[str, Any]:
    listed = [f"- `{name}`: {_choices(values)}" for name, values in prefer(kind)]
    name, values = prefer(kind)[0]
    return _header(
        "Prefer", "\n".join(["Separated by commas:", "", *listed]), f"{name}={values[-1]}"
    )


def _choices(values: tuple[str, ...]) -> str:
    return (
        ", ".join(f"`{value}`" for value in values) if len(values) > 1 else f"as in `{values[0]}`"
    )


def parameters() -> dict[str, dict[str, Any]]:
    """Return the parameters that are the same for every table."""
    return {
        "select": _query(
            "select",
            "Which columns and related rows: `id,name:title,company(name),tags->>0`.",
            "*",
        ),
        "order": _query(
            "order",
            "How rows are sorted: `column.asc` or `.desc`, then `.nullsfirst` or `.nullslast`;"
            " several are separated by commas.",
            "id.desc",
        ),
        "limit": _query("limit", "The most rows to answer with.", "10", "integer"),
        "offset": _query("offset", "How many rows to pass over.", "0", "integer"),
        "and": _query("and", "Conditions that must all hold.", "(id.gte.1,id.lt.9)"),
        "or": _query("or", "Conditions of which one must hold.", "(id.eq.1,id.eq.2)"),
        "columns": _query(
            "columns", "Which keys of the body count; other keys are passed over.", "id"
        ),
        "on_conflict": _query(
            "on_conflict", "The unique columns by which rows are merged or ignored.", "id"
        ),
        "range": _header("Range", "The rows from and to, counted from 0.", "0-9"),
        "rangeUnit": _header("Range-Unit", "What Range counts.", "items"),
        "preferRead": _prefer_header("read"),
        "preferInsert": _prefer_header("insert"),
        "preferChange": _prefer_header("change"),
    }


def headers() -> dict[str, Any]:
    """Return the headers of answers."""
    texts = {
        "Content-Range": "Which rows these are, and of how many: `0-9/25`, `*/*` when unknown.",
        "Preference-Applied": "The preferences that were heeded.",
        "Location": "The query that finds the new row, with `Prefer: return=headers-only`.",
    }
    return {
        name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()
    }


def error_schema() -> dict[str, Any]:
    """Return the shape of every error, with all codes."""
    return {
        "title": "error",
        "type": "object",
        "properties": {
            "code": {
                "type": "string",
                "description": "PostgREST's code or an SQLSTATE.",
                "examples": [code for code in CODES if code.startswith("PGRST")][:1],
            },
            "message": {"type": "string"},
            "details": {
                "description": "More on it; for 23514 a list of {pointer, keyword, message}."
            },
            "hint": {"type": ["string", "null"], "description": "What to do about it."},
            "operation": {
                "type": "integer",
                "description": "In a batch, the operation that failed, counted from 0.",
            },
        },
        "required": ["code", "message"],
    }


def error_responses() -> dict[str, Any]:
    """Return the response of each error status, with the codes that it may carry."""
    found: dict[str, Any] = {}
    for status in sorted({*READING, *WRITING}):
        codes = {code: known.meaning for code, known in CODES.items() if known.status == status}
        if status == 401:
            codes["42501"] = "The access rules do not allow this to an anonymous caller."
        listed = "\n".join(f"- `{code}` {meaning}" for code, meaning in codes.items())
        found[f"error{status}"] = {
            "description": listed,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{ERROR}"}}},
        }
    return found


def error_references(statuses: tuple[int, ...]) -> dict[str, Any]:
    """Return the error responses of an operation, by status."""
    return {str(one): {"$ref": f"#/components/responses/error{one}"} for one in statuses}


def security_schemes() -> dict[str, Any]:
    """Return the ways in which a caller says who it is."""
    return {
        "apikey": {
            "type": "apiKey",
            "in": "header",
            "name": "apikey",
            "description": "The project's publishable or secret key (`jotbase keys`).",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A user's access token, as sign-in gives it.",
        },
    }


#: Key and token, one of them, or neither: an anonymous caller.
SECURITY: tuple[Mapping[str, list[str]], ...] = (
    {"apikey": [], "bearer": []},
    {"apikey": []},
    {"bearer": []},
    {},
)
