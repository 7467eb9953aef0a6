"""Errors as the data API writes them: PostgREST's four fields, and the headers that go with them.

In charge of the body and headers of a refusal. Must not know why something was refused.
(https://docs.postgrest.org/en/stable/references/errors.html)
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from jotbase.errors import JotError
from jotbase.values import Response

_JSON = ("Content-Type", "application/json; charset=utf-8")


def error_response(error: JotError, headers: Mapping[str, str]) -> Response:
    """Return the answer for a refusal: code, details, hint and message."""
    told = {
        "code": error.code,
        "details": error.details,
        "hint": error.hint,
        "message": error.message,
    }
    extra: tuple[tuple[str, str], ...] = (("Proxy-Status", f"PostgREST; error={error.code}"),)
    if error.status == 401:
        extra += (("WWW-Authenticate", _challenge(error, headers)),)
    return Response(error.status, (_JSON, *extra), orjson.dumps(told))


def _challenge(error: JotError, headers: Mapping[str, str]) -> str:
    """RFC 6750 section 3: without credentials in the request, the bare scheme."""
    if "authorization" not in headers or not error.code.startswith("PGRST3"):
        return "Bearer"
    message = error.message.replace('"', "'")
    return f'Bearer error="invalid_token", error_description="{message}"'


def failure_response() -> Response:
    """Return the answer to a fault of our own: nothing of it is told."""
    return error_response(
        JotError(
            "PGRSTX00",
            "Something failed that should not have",
            hint="The server's log says more.",
        ),
        {},
    )
