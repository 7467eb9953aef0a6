"""Cross-origin rules: which pages may call, and what they may read (Fetch standard, CORS protocol).

In charge of the CORS headers alone. Must not know what a path does.
"""

from __future__ import annotations

from collections.abc import Mapping

from jotbase.values import Response

_METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
#: Two lines of one header: the first is PostgREST's to the letter, the second what else we send.
_EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server,"
    " Transfer-Encoding, Range-Unit"
)
_EXPOSED_TOO = (
    "Preference-Applied, Server-Timing, Link, X-Total-Count, X-Supabase-Api-Version,"
    " X-Jotbase-Cursor"
)
#: What any page may send without asking (Fetch, «CORS-safelisted request-header»).
_SAFE = ("Accept", "Accept-Language", "Content-Language")
_DAY = "86400"

Pairs = tuple[tuple[str, str], ...]


def allowed_origin(origin: str, allowed: tuple[str, ...]) -> str | None:
    """Return what `Access-Control-Allow-Origin` says to that origin, None for nothing."""
    if "*" in allowed:
        return "*"
    return origin if origin in allowed else None


def cors_headers(headers: Mapping[str, str], allowed: tuple[str, ...]) -> Pairs:
    """Return the headers that let the page of this request's origin read the answer."""
    origin = headers.get("origin")
    granted = allowed_origin(origin, allowed) if origin else None
    if granted is None:
        return ()
    return (
        *_grant(granted),
        ("Access-Control-Expose-Headers", _EXPOSED),
        ("Access-Control-Expose-Headers", _EXPOSED_TOO),
        *(() if granted == "*" else (("Vary", "Origin"),)),
    )


def _grant(origin: str) -> Pairs:
    """A page of a named origin may send credentials; the API itself sets and reads no cookie."""
    allowed = ("Access-Control-Allow-Origin", origin)
    return (allowed,) if origin == "*" else (allowed, ("Access-Control-Allow-Credentials", "true"))


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks first what it may send."""
    return (
        method == "OPTIONS" and "access-control-request-method" in headers and "origin" in headers
    )


def preflight(headers: Mapping[str, str], allowed: tuple[str, ...]) -> Response:
    """Answer a preflight; an origin that is not allowed gets no grant."""
    granted = allowed_origin(headers["origin"], allowed)
    if granted is None:
        return Response(200, (("Vary", "Origin"),))
    asked = headers.get("access-control-request-headers", "apikey, content-type").split(",")
    names = dict.fromkeys(("Authorization", *(name.strip() for name in asked), *_SAFE))
    return Response(
        200,
        (
            *_grant(granted),
            ("Access-Control-Allow-Methods", _METHODS),
            ("Access-Control-Allow-Headers", ", ".join(name for name in names if name)),
            ("Access-Control-Max-Age", _DAY),
            ("Vary", "Origin, Access-Control-Request-Headers"),
        ),
    )
