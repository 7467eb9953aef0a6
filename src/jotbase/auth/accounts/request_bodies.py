"""What a request's body says: JSON to checked values.

In charge of refusing what is not of the form that the protocol wants, before anything is looked up.
Must not know what an operation does with the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import orjson

from jotbase.errors import AuthError
from jotbase.schema.values.nesting import MAX_NESTING, is_deep

T = TypeVar("T")

#: Metadata stands in every access token, and a token must fit a header line.
LARGEST_METADATA = 16_384

_LONGEST_EMAIL = 255

# The pattern by which browsers judge <input type=email>:
# https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
_EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+"
    r"@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)


def read_body(data: bytes) -> dict[str, Any]:
    """Return the body's JSON object, entries that are null left out.

    Raises AuthError (bad_json, 400) for anything else.
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
    """Return the text under that name, "" when absent. Raises AuthError (bad_json)."""
    return _typed(body, name, str, "a string", "")


def flag(body: Mapping[str, Any], name: str) -> bool:
    """Return the truth value under that name, False when absent. Raises AuthError (bad_json)."""
    return _typed(body, name, bool, "a boolean", False)


def _typed(body: Mapping[str, Any], name: str, kind: type[T], said: str, absent: T) -> T:
    value = body.get(name, absent)
    if not isinstance(value, kind):
        raise AuthError(400, "bad_json", f"Could not parse request body: {name} is not {said}")
    return value


def metadata(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the object under that name, {} when absent.

    Raises AuthError: bad_json for another type, validation_failed when too large for a token.
    """
    value: dict[str, Any] = _typed(body, name, dict, "an object", {})
    check_metadata(value, name)
    return value


def check_metadata(value: Mapping[str, Any], name: str) -> None:
    """Raise AuthError (validation_failed) when the metadata is too large to stand in a token."""
    size = len(orjson.dumps(dict(value)))
    if size > LARGEST_METADATA:
        raise AuthError(
            400,
            "validation_failed",
            f"{name} takes {size} bytes; it stands in every access token, so the limit is"
            f" {LARGEST_METADATA}",
        )


def email(body: Mapping[str, Any], name: str = "email") -> str:
    """Return the address under that name in lower case, "" when absent.

    Raises AuthError (validation_failed, 400) when it is no address.
    """
    given = text(body, name).strip().lower()
    if given and (len(given) > _LONGEST_EMAIL or not _EMAIL.fullmatch(given)):
        raise AuthError(
            400, "validation_failed", "Unable to validate email address: invalid format"
        )
    return given
