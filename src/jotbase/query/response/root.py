"""The data API's root: the OpenAPI document of what the caller may do, made once a model.

In charge of when the document is given, and as which media type. Must not know what is in it.
Source: https://docs.postgrest.org/en/stable/references/api/openapi.html
"""

from __future__ import annotations

from functools import lru_cache

import orjson

from jotbase.errors import RequestError
from jotbase.query.openapi.document import RuleAction, document
from jotbase.query.plan.functions import Function
from jotbase.query.plan.nodes import Root
from jotbase.query.request.grammar import SCHEMA
from jotbase.query.request.media import content_type, parse_accept
from jotbase.schema.model.tables import Model, Table
from jotbase.values import Request, Response


def answer_root(
    request: Request,
    model: Model,
    passes: bool,
    root: Root | None,
    functions: tuple[Function, ...] = (),
) -> Response:
    """Return the document for a caller who `passes` all rules, or obeys them.

    `functions` are those that the caller may call.

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
    body = b"" if request.method == "HEAD" else _encoded(model, passes, root, functions)
    return Response(200, (("Content-Type", content_type(media)),), body)


@lru_cache(maxsize=8)
def _encoded(model: Model, passes: bool, root: Root, functions: tuple[Function, ...]) -> bytes:
    """Return the document's bytes; callers differ in whether rules hold for them, and in what they
    may call.
    """

    def visible(table: Table, action: RuleAction) -> bool:
        return passes or action in table.access

    return orjson.dumps(document(model, visible, root, functions, internals=passes))
