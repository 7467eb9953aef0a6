"""Where a mail's link may lead in the end, and what it carries there.

In charge of the allow list, so that no link of this server leads anywhere that the project did not
name, and of the fragment in which a page finds its session or the error. Must not know HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.errors import AuthError

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
# RFC 3986 section 2: all that an address may hold. A backslash, which browsers read as a slash, a
# blank and a control character are not among it.
_ADDRESS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
# Schemes that run or read something instead of going somewhere.
_NEVER = frozenset(("javascript", "data", "vbscript", "file", "blob", "about", "view-source"))

#: GoTrue's word for each status.
_ERRORS = {400: "invalid_request", 401: "unauthorized_client", 403: "access_denied"}


def target(asked: str, policy: AuthPolicy) -> str:
    """Return the address asked for if the project allows it, else the site's."""
    return asked if asked and is_allowed(asked, policy) else policy.site_url


def is_allowed(asked: str, policy: AuthPolicy) -> bool:
    """Whether the address is the site's own, or one that the allow list names.

    On a developer's machine, where the site is on localhost, any port of localhost is.
    """
    wanted, site = _split(asked), _split(policy.site_url)
    if wanted is None:
        return False
    if site is not None and _origin(wanted) == _origin(site):
        return True
    if site is not None and site.hostname in _LOOPBACK and wanted.hostname in _LOOPBACK:
        return wanted.scheme in ("http", "https")
    return any(_matches(wanted, entry) for entry in policy.redirect_urls)


def _split(address: str) -> SplitResult | None:
    if not _ADDRESS.fullmatch(address):
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.netloc or parts.scheme in _NEVER or "@" in parts.netloc:
        return None
    if any(step in (".", "..") for step in re.split(r"[/\\]", unquote(parts.path))):
        return None
    return parts


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower()


def _matches(wanted: SplitResult, entry: str) -> bool:
    allowed = _split(entry.removesuffix("*"))
    if allowed is None or _origin(wanted) != _origin(allowed):
        return False
    if entry.endswith("*"):
        return (wanted.path or "/").startswith(allowed.path)
    return (wanted.path or "/") == (allowed.path or "/")


def with_session(address: str, session: Mapping[str, Any], kind: str) -> str:
    """Return the address with the session in its fragment, as clients look for it."""
    names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
    return _with_fragment(address, [*((name, session[name]) for name in names), ("type", kind)])


def with_code(address: str, code: str) -> str:
    """Return the address with a code in its query, to be exchanged for a session."""
    return _with_query(address, [("code", code)])


def with_error(address: str, error: AuthError, *, query: bool = False) -> str:
    """Return the address with the error in its fragment, with `query` there too (PKCE)."""
    said = [
        ("error", _ERRORS.get(error.status, "server_error")),
        ("error_code", error.code),
        ("error_description", error.message),
    ]
    return _with_fragment(_with_query(address, said) if query else address, said)


def with_message(address: str, message: str, *, query: bool = False) -> str:
    """Return the address with a message in its fragment: a step is done, and more are to come."""
    said = [("message", message)]
    return _with_fragment(_with_query(address, said) if query else address, said)


def _with_query(address: str, values: Iterable[tuple[str, Any]]) -> str:
    before = address.partition("#")[0]
    return f"{before}{'&' if '?' in before else '?'}{urlencode(list(values))}"


def _with_fragment(address: str, values: Iterable[tuple[str, Any]]) -> str:
    # GoTrue marks its fragments by an empty `sb`, so that a page knows them from its own.
    return f"{address.partition('#')[0]}#{urlencode([*values, ('sb', '')])}"
