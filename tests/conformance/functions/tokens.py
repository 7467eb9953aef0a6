# A project's package is dropped in under another name; the fixture names the parameters.
# ruff: noqa: A002, TID252
"""Functions about who calls: tokens made, claims told, roles named.

In charge of identity as a function sees it. The key is the suite's, which every reader knows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, TypedDict

from jotbase.functions import Refusal, caller, rpc

from .shapes import Record

#: The suite starts every server with this secret.
SECRET = b"reallyreallyreallyreallyverysafe"


class Token(TypedDict):
    """A signed token, under the name that its receivers expect."""

    token: str


def sign(claims: dict[str, Any]) -> Token:
    """Return the claims as a JWT (RFC 7519) signed with HS256."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return {"token": f"{signed}.{_encoded(hmac.digest(SECRET, signed.encode(), hashlib.sha256))}"}


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@rpc(reads=True)
def login(id: str, pass_: str) -> Token:
    """Return a token for the one account there is.

    The fixture compares each column with itself, so that its query finds the account whatever
    is given: it is no sample of how to check a password.
    """
    return sign({"rolname": "postgrest_test_author", "id": "jdoe"})


@rpc(reads=True)
def jwt_test() -> Token:
    """Return a token with every registered claim."""
    return sign(
        {
            "iss": "joe",
            "sub": "fun",
            "aud": "everyone",
            "exp": 1300819380,
            "nbf": 1300819380,
            "iat": 1300819380,
            "jti": "foo",
            "role": "postgrest_test",
            "http://postgrest.com/foo": True,
        }
    )


#: The claims to tell; no class can have a field with the last one's name.
CLAIMS = ("iss", "sub", "exp", "nbf", "iat", "jti", "http://postgrest.com/foo")


@rpc(reads=True)
def reveal_big_jwt() -> list[Record]:
    """Return what the caller's token says."""
    claims = caller().claims
    return [{name: claims.get(name) for name in CLAIMS}]


@rpc(reads=True)
def get_current_user() -> str:
    """Return the caller's role."""
    return caller().role


@rpc
def is_superuser() -> bool:
    """Say whether the caller passes all rules."""
    return caller().is_service


@rpc(roles=("postgrest_test_author",))
def privileged_hello(name: str) -> str:
    """Greet those who may call it."""
    return f"Privileged hello to {name}"


@rpc
def get_guc_value(prefix: str, name: str) -> str | None:
    """Return one claim of the caller's token; a function sees no other setting of a request."""
    if prefix != "request.jwt.claims":
        raise Refusal("42704", f'unrecognized configuration parameter "{prefix}"')
    claim = caller().claims.get(name)
    return None if claim in (None, "") else str(claim)
