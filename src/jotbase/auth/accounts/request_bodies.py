"""The JSON body of an account request: parsing and type checks.

In charge of refusing a malformed body before the database is read. Must not know what an operation
does with the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import orjson

from jotbase.errors import AuthError
from jotbase.schema.values.nesting import MAX_NESTING, is_deep

T = TypeVar("T")

#: In bytes of JSON: metadata is part of every access token, which must fit in a header line.
LARGEST_METADATA = 16_384

_LONGEST_EMAIL = 255

# The pattern by which browsers validate <input type=email>:
# https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
_EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+"
    r"@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)


def read_body(data: bytes) -> dict[str, Any]:
    """Return the body's JSON object without the members that are null.

    Raises AuthError (bad_json, 400) for a body that is no JSON object.
    """
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as fault:
        raise AuthError(
            400, "bad_json", f"Could not parse request body as JSON: {fault.msg}"
        ) from None
    if is_deep(body):
        reason = f"nested more than {MAX_NESTING} levels deep"
        raise AuthError(400, "bad_json", f"Could not parse request body as JSON: {reason}")
    if not isinstance(body, dict):
        raise AuthError(400, "bad_json", "Could not parse request body as JSON: not an object")
    return {name: value for name, value in body.items() if value is not None}


def text(body: Mapping[str, Any], name: str) -> str:
    """Return the string member of that name, "" when absent. Raises AuthError (bad_json)."""
    return _typed(body, name, str, "a string", "")


def flag(body: Mapping[str, Any], name: str) -> bool:
    """Return the boolean member of that name, False when absent. Raises AuthError (bad_json)."""
    return _typed(body, name, bool, "a boolean", False)


def _typed(body: Mapping[str, Any], name: str, kind: type[T], expected: str, default: T) -> T:
    value = body.get(name, default)
    if not isinstance(value, kind):
        raise AuthError(400, "bad_json", f"Could not parse request body: {name} is not {expected}")
    return value


def metadata(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the object member of that name, {} when absent.

    Raises AuthError: bad_json for another type, validation_failed when too large for a token.
    """
    value: dict[str, Any] = _typed(body, name, dict, "an object", {})
    check_metadata(value, name)
    return value


def check_metadata(value: Mapping[str, Any], name: str) -> None:
    """Raise AuthError (validation_failed) when the metadata is too large for an access token."""
    size = len(orjson.dumps(dict(value)))
    if size > LARGEST_METADATA:
        raise AuthError(
            400,
            "validation_failed",
            f"{name} takes {size} bytes; it is part of every access token, so the limit is"
            f" {LARGEST_METADATA}",
        )


def email(body: Mapping[str, Any], name: str = "email") -> str:
    """Return the e-mail address of that name in lower case, "" when absent.

    Raises AuthError (validation_failed, 400) when it is no address.
    """
    address = text(body, name).strip().lower()
    if address and (len(address) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address)):
        raise AuthError(
            400, "validation_failed", "Unable to validate email address: invalid format"
        )
    return address
