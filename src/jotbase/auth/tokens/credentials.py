"""What a request's headers and query say about who calls: API key and bearer token.

In charge of the gateway's rule: a bearer that is itself an opaque API key stands for that key's
role. Must not know what a token holds nor whether it is good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True)
class Credentials:
    """The API key and the bearer token as sent; `bearer` "" when the header says no more."""

    key: str | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)


def read_credentials(headers: Mapping[str, str], query: str) -> Credentials:
    """Return the credentials of a request; header names in lower case, the query undecoded.

    A WebSocket opened by a browser cannot set headers, so `?apikey=` serves too. An
    `Authorization` of another scheme than Bearer counts as none.
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
