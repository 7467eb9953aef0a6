"""CORS: which origins may send requests, and which headers they may read (Fetch standard).

In charge of the CORS headers alone. Must not know the routes.
"""

from __future__ import annotations

from collections.abc import Mapping

from jotbase.values import Response

_METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
#: Two lines of one header: the first is identical to PostgREST's, the second has our further
#: headers.
_EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server,"
    " Transfer-Encoding, Range-Unit"
)
_EXPOSED_TOO = (
    "Preference-Applied, Server-Timing, Link, X-Total-Count, X-Supabase-Api-Version,"
    " X-Jotbase-Cursor, X-Relay-Error"
)
#: The CORS-safelisted request headers (Fetch standard).
_SAFE = ("Accept", "Accept-Language", "Content-Language")
_DAY = "86400"

Pairs = tuple[tuple[str, str], ...]


def allowed_origin(origin: str, allowed: tuple[str, ...]) -> str | None:
    """Return the value of `Access-Control-Allow-Origin` for an origin, None if it is not
    allowed.
    """
    if "*" in allowed:
        return "*"
    return origin if origin in allowed else None


def may_follow(headers: Mapping[str, str], allowed: tuple[str, ...]) -> bool:
    """Whether a page may open a WebSocket, or a stream, which no preflight guards.

    Requests without an origin, as of native clients, may, and so may the server's own pages: their
    `Origin` names the `Host` (RFC 6455 section 10.2). `null` is nobody's origin.
    """
    origin = headers.get("origin")
    if origin is None or allowed_origin(origin, allowed) is not None:
        return True
    scheme, _, authority = origin.partition("://")
    host = headers.get("host")
    return scheme in ("http", "https") and host is not None and authority == host.lower()


def cors_headers(headers: Mapping[str, str], allowed: tuple[str, ...]) -> Pairs:
    """Return the CORS headers of a response to a request with this origin."""
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
    """Return the headers for an allowed origin; a listed one may send credentials. The API itself
    uses no cookies.
    """
    allowed = ("Access-Control-Allow-Origin", origin)
    return (allowed,) if origin == "*" else (allowed, ("Access-Control-Allow-Credentials", "true"))


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether the request is a CORS preflight."""
    return (
        method == "OPTIONS" and "access-control-request-method" in headers and "origin" in headers
    )


def preflight(headers: Mapping[str, str], allowed: tuple[str, ...]) -> Response:
    """Return the response to a preflight; without CORS headers for an origin that is not
    allowed.
    """
    granted = allowed_origin(headers["origin"], allowed)
    if granted is None:
        return Response(200, (("Vary", "Origin"),))
    requested = headers.get("access-control-request-headers", "apikey, content-type").split(",")
    names = dict.fromkeys(("Authorization", *(name.strip() for name in requested), *_SAFE))
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
