"""The part of the OpenAPI document for batches: one operation and its two schemas.

In charge of describing what `request.operations` parses and `response.batch` returns. Must not know
a project's tables.
"""

from __future__ import annotations

from typing import Any

from jotbase.query.openapi.components import WRITING, error_references
from jotbase.query.openapi.schemas import SCHEMAS
from jotbase.query.request.batch_body import HEADERS, METHODS
from jotbase.query.request.references import NAME

OPERATION = "jotbase.operation"
ANSWER = "jotbase.answer"

_ABOUT = (
    "Several ordinary requests in one: all of them are done, in order, or none. An operation that"
    " is named by `as` can be referred to by those behind it, with a JSON pointer (RFC 6901) into"
    ' what it answered: in bodies `{"$ref": "name/0/id"}`, in filters `id=eq.$ref(name/0/id)`. An'
    " error has the place of the operation that failed as its member `operation`."
)


def batch_operation() -> dict[str, Any]:
    """Return the operation object of `POST /`."""
    return {
        "operationId": "batch",
        "summary": "Do several requests, all of them or none",
        "description": _ABOUT,
        "parameters": [_prefer()],
        "requestBody": {"required": True, "content": _listed(OPERATION)},
        "responses": {
            "200": {"description": "What each came to, in order.", "content": _listed(ANSWER)},
            **error_references(WRITING),
        },
    }


def _prefer() -> dict[str, Any]:
    return {
        "name": "Prefer",
        "in": "header",
        "description": "`tx=commit` or `tx=rollback`, for all operations together.",
        "schema": {"type": "string"},
        "example": "tx=rollback",
    }


def _listed(name: str) -> dict[str, Any]:
    items = {"$ref": f"{SCHEMAS}{name}"}
    return {"application/json": {"schema": {"type": "array", "items": items}}}


def batch_schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas of an operation and of its response."""
    headers = {name: {"type": "string"} for name in sorted(HEADERS)}
    operation = {
        "title": "operation",
        "type": "object",
        "properties": {
            "method": {"enum": list(METHODS)},
            "path": {
                "type": "string",
                "minLength": 1,
                "description": "Below the data API, with its parameters.",
                "examples": ["jobs?id=eq.1"],
            },
            "headers": {
                "type": "object",
                "description": "Their names may have capitals, as anywhere.",
                "properties": headers,
                "additionalProperties": {"type": "string"},
            },
            "body": {"type": ["object", "array"], "description": "For POST, PATCH and PUT."},
            "as": {"type": "string", "pattern": f"^{NAME.pattern}$"},
        },
        "required": ["method", "path"],
        "additionalProperties": False,
    }
    answer = {
        "title": "answer",
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "body": {"description": "JSON as it is, other forms as text; absent where empty."},
        },
        "required": ["status", "headers"],
    }
    return {OPERATION: operation, ANSWER: answer}
