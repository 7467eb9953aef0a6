"""The data API's root: the OpenAPI document for a class of callers, cached for each class.

In charge of when and with which media type the document is served. Must not know its content.
Source: https://docs.postgrest.org/en/stable/references/api/openapi.html
"""

from __future__ import annotations

from functools import lru_cache

import orjson

from jotbase.errors import RequestError
from jotbase.query.openapi.document import document
from jotbase.query.plan.functions import Function
from jotbase.query.plan.guarding import RuleAction
from jotbase.query.plan.nodes import Root
from jotbase.query.request.grammar import SCHEMA
from jotbase.query.request.media import content_type, parse_accept
from jotbase.schema.model.tables import Model, Table
from jotbase.values import Request, Response

#: (table, action) of all that the rules may allow a caller.
Permitted = frozenset[tuple[str, RuleAction]]


def answer_root(
    request: Request,
    model: Model,
    permitted: Permitted | None,
    root: Root | None,
    functions: tuple[Function, ...] = (),
) -> Response:
    """Return the document for a caller to whom the rules permit this, and who may call `functions`.

    With None rules do not hold, and the document shows them.

    Raises RequestError: PGRST126 where there is no `root`, PGRST117, PGRST106, and PGRST107 for an
    `Accept` that the document does not have.
    """
    if request.method not in ("GET", "HEAD"):
        raise RequestError("PGRST117", f"Unsupported HTTP method: {request.method}")
    if root is None:
        raise RequestError(
            "PGRST126",
            "Root endpoint metadata is disabled",
            hint="JOTBASE_OPENAPI=follow switches it on.",
        )
    profile = request.headers.get("accept-profile", "")
    if profile not in ("", SCHEMA):
        raise RequestError(
            "PGRST106",
            f"Invalid schema: {profile}",
            hint=f"Only the following schemas are exposed: {SCHEMA}",
        )
    media = parse_accept(request.headers.get("accept", ""), root=True)
    body = b"" if request.method == "HEAD" else _encoded(model, permitted, root, functions)
    return Response(200, (("Content-Type", content_type(media)),), body)


@lru_cache(maxsize=16)
def _encoded(
    model: Model, permitted: Permitted | None, root: Root, functions: tuple[Function, ...]
) -> bytes:
    """Return the document's bytes, the same for callers with the same permissions."""

    def visible(table: Table, action: RuleAction) -> bool:
        return permitted is None or (table.name, action) in permitted

    return orjson.dumps(document(model, visible, root, functions, internals=permitted is None))
