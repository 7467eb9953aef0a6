"""Rendering responses and errors of the accounts API, in GoTrue's two formats.

In charge of the format of errors, which the header `X-Supabase-Api-Version` selects. Must not know
the reason of an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from jotbase.errors import AccessError, AuthError, JotError
from jotbase.values import Response

_VERSION_HEADER = "X-Supabase-Api-Version"
_VERSION = "2024-01-01"
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")

#: Entries of an error's `extra` that become headers instead of members of the body.
_TOLD = {"allow": "Allow", "retry_after": "Retry-After"}

#: Responses with tokens and users must not be cached (RFC 6749 section 5.1).
_PRIVATE = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


def answer(
    body: Any, headers: tuple[tuple[str, str], ...] = (), *, cache: str | None = None
) -> Response:
    """Return a 200 response with a JSON body and `Cache-Control: no-store`, or `cache`."""
    own = _PRIVATE if cache is None else (_PRIVATE[0], ("Cache-Control", cache))
    return Response(200, (*own, *headers), orjson.dumps(body))


def refusal(error: JotError, headers: Mapping[str, str]) -> Response:
    """Return the response of an error, in the format that the request's headers select."""
    fault = as_auth_error(error)
    if "oauth" in fault.extra:
        return Response(fault.status, _PRIVATE, orjson.dumps(fault.extra["oauth"]))
    sent: list[tuple[str, str]] = [*_PRIVATE, ("x-sb-error-code", fault.code)]
    sent += [(_TOLD[name], str(value)) for name, value in fault.extra.items() if name in _TOLD]
    extra = {name: value for name, value in fault.extra.items() if name not in _TOLD}
    if _wants_new_shape(headers):
        sent.append((_VERSION_HEADER, _VERSION))
        body = {"code": fault.code, "message": fault.message, **extra}
    else:
        body = {
            "code": fault.status,
            "error_code": fault.code,
            "msg": fault.message,
            **extra,
        }
    return Response(fault.status, tuple(sent), orjson.dumps(body))


def _wants_new_shape(headers: Mapping[str, str]) -> bool:
    version = headers.get(_VERSION_HEADER.lower(), "").strip()
    return _DATE.fullmatch(version) is not None and version >= _VERSION


def as_auth_error(error: JotError) -> AuthError:
    """Return a JotError as an AuthError with a code of the accounts API."""
    if isinstance(error, AuthError):
        return error
    if isinstance(error, AccessError):
        return AuthError(
            403,
            "bad_jwt",
            f"invalid JWT: unable to parse or verify signature, {error.message}",
        )
    if error.code == "23505":
        return AuthError(422, "user_already_exists", "User already registered")
    if error.code == "23503":
        return AuthError(409, "conflict", f"Rows still refer to this user: {error.message}")
    if error.code == "40001":
        return AuthError(409, "conflict", "Too many changes at once; try again")
    return AuthError(error.status, "unexpected_failure", error.message)
