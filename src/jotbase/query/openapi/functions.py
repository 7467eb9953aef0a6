"""The part of the OpenAPI document for functions: a path for each, with its parameters.

In charge of describing what `response.arguments` parses and `response.function_results` returns.
Must not know the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from jotbase.query.openapi.components import READING, WRITING, error_references
from jotbase.query.openapi.schemas import SCHEMAS
from jotbase.query.plan.functions import Function, Parameter, Returns

#: The name of a table's row schema in the document, by table name; other tables are not described.
Called = Mapping[str, str]

_JSON = "application/json"


def function_paths(functions: Iterable[Function], called: Called) -> dict[str, dict[str, Any]]:
    """Return the path items of functions; overloads share one."""
    found = groupby(sorted(functions, key=lambda one: one.name), lambda one: one.name)
    return {f"/rpc/{quote(name, safe='')}": _path(list(some), called) for name, some in found}


def _path(some: Sequence[Function], called: Called) -> dict[str, Any]:
    post = {
        **_operation(some, called),
        "operationId": f"rpc.{some[0].name}",
        "requestBody": {"content": {_JSON: {"schema": _either([_body(one) for one in some])}}},
    }
    reading = [one for one in some if one.reads and one.whole is None]
    if len(reading) != 1:
        return {"post": post}
    get = {
        **_operation(reading, called),
        "operationId": f"rpc.{some[0].name}.get",
        "parameters": [_in_query(one) for one in reading[0].parameters],
    }
    return {"get": get, "post": post}


def _operation(some: Sequence[Function], called: Called) -> dict[str, Any]:
    about = "\n\n".join(one.description for one in some if one.description)
    schema = _either([_result(one.returns, called) for one in some])
    statuses = sorted({*READING, *WRITING})
    return {
        "tags": ["functions"],
        **({"description": about} if about else {}),
        "responses": {
            "200": {"description": "What it gives back.", "content": {_JSON: {"schema": schema}}},
            "204": {"description": "It gives nothing back."},
            **error_references(tuple(statuses)),
        },
    }


def _either(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _body(function: Function) -> dict[str, Any]:
    if function.whole is not None:
        return dict(function.whole.schema)
    return {
        "type": "object",
        "properties": {one.name: dict(one.schema) for one in function.parameters},
        "required": [one.name for one in function.parameters if one.required],
        "additionalProperties": False,
    }


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _result(returns: Returns, called: Called) -> dict[str, Any]:
    match returns.kind:
        case "nothing":
            return {"type": "null"}
        case "value":
            return {}
        case "values":
            return {"type": "array"}
    name = called.get(returns.table or "")
    row = {"type": "object"} if name is None else {"$ref": f"{SCHEMAS}{name}"}
    return row if returns.kind == "row" else {"type": "array", "items": row}
