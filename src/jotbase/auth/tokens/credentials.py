"""The credentials of a request: API key and bearer token, from headers and query string.

In charge of the gateway's rule that a bearer token of the form `sb_…` is an API key. Must not know
what a token contains or whether it is valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True)
class Credentials:
    """The API key and the bearer token as sent; `bearer` is "" when the header has no token."""

    key: str | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)


def read_credentials(headers: Mapping[str, str], query: str) -> Credentials:
    """Return the credentials of a request; header names are in lower case, the query is undecoded.

    Browsers cannot set headers of a WebSocket, so `?apikey=` is accepted too. An `Authorization`
    header of another scheme than Bearer is ignored.
    """
    key = headers.get("apikey") or _from_query(query)
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    bearer = rest.strip() if scheme.lower() == "bearer" else None
    if bearer is not None and bearer.startswith("sb_"):
        return Credentials(key or bearer, None)
    return Credentials(key, bearer)


def _from_query(query: str) -> str | None:
    if "apikey=" not in query:
        return None
    return parse_qs(query, errors="replace").get("apikey", [None])[0]
