"""The redirect of a mail's link: the allow list and the parameters of the target URL.

In charge of refusing targets that the project does not allow (open redirects), and of the fragment
or query that carries session, code or error. Must not know HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from jotbase.auth.tokens.client_address import LOOPBACK
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.errors import AuthError

# RFC 3986 section 2: the characters of a URL. A backslash (which browsers treat as a slash), a
# blank and control characters are not among them.
_ADDRESS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
# RFC 1123 section 2.1: one label of a host's name.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Schemes that execute or read local content instead of opening a page or an app.
_NEVER = frozenset(("javascript", "data", "vbscript", "file", "blob", "about", "view-source"))

#: The `error` parameter by HTTP status, as GoTrue sets it.
_ERRORS = {400: "invalid_request", 401: "unauthorized_client", 403: "access_denied"}


def target(requested: str, policy: AuthPolicy) -> str:
    """Return the requested redirect if the project allows it, else `site_url`."""
    return requested if requested and is_allowed(requested, policy) else policy.site_url


def is_allowed(requested: str, policy: AuthPolicy) -> bool:
    """Whether the URL has the origin of `site_url`, or matches an entry of `redirect_urls`.

    While `site_url` is on localhost, as in development, every port of localhost is allowed.
    """
    url, site = _split(requested), _split(policy.site_url)
    if url is None:
        return False
    if site is not None and _origin(url) == _origin(site):
        return True
    if site is not None and site.hostname in LOOPBACK and url.hostname in LOOPBACK:
        return url.scheme in ("http", "https")
    return any(_matches(url, entry) for entry in policy.redirect_urls)


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


def _matches(url: SplitResult, entry: str) -> bool:
    # `*.` stands for one label of a host and nothing else: it is taken off both before they are
    # compared, so that a pattern never meets a URL's text.
    scheme, is_open, rest = entry.partition("://*.")
    if is_open:
        found = _below_first_label(url)
        return found is not None and _matches(found, f"{scheme}://{rest}")
    allowed = _split(entry.rstrip("*"))
    if allowed is None or _origin(url) != _origin(allowed):
        return False
    if entry.endswith("*"):
        return (url.path or "/").startswith(allowed.path)
    return (url.path or "/") == (allowed.path or "/")


def _below_first_label(url: SplitResult) -> SplitResult | None:
    label, dot, rest = url.netloc.lower().partition(".")
    if not dot or not _LABEL.fullmatch(label):
        return None
    return url._replace(netloc=rest)


def with_session(address: str, session: Mapping[str, Any], kind: str) -> str:
    """Return the URL with the session in its fragment, where GoTrue's clients read it."""
    names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
    return _with_fragment(address, [*((name, session[name]) for name in names), ("type", kind)])


def with_code(address: str, code: str) -> str:
    """Return the URL with the code in its query, to be exchanged for a session (PKCE)."""
    return _with_query(address, [("code", code)])


def with_error(address: str, error: AuthError, *, query: bool = False) -> str:
    """Return the URL with the error in its fragment, and with `query` (PKCE) in its query too."""
    parameters = _error_parameters(error)
    return _with_fragment(_with_query(address, parameters) if query else address, parameters)


def with_query_error(address: str, error: AuthError) -> str:
    """Return the URL with the error in its query alone, as of an unknown flow."""
    return _with_query(address, _error_parameters(error))


def _error_parameters(error: AuthError) -> list[tuple[str, str]]:
    return [
        ("error", _ERRORS.get(error.status, "server_error")),
        ("error_code", error.code),
        ("error_description", error.message),
    ]


def with_message(address: str, message: str, *, query: bool = False) -> str:
    """Return the URL with a message in its fragment, as after the first of two confirmations."""
    parameters = [("message", message)]
    return _with_fragment(_with_query(address, parameters) if query else address, parameters)


def _with_query(address: str, values: Iterable[tuple[str, Any]]) -> str:
    before = address.partition("#")[0]
    return f"{before}{'&' if '?' in before else '?'}{urlencode(list(values))}"


def _with_fragment(address: str, values: Iterable[tuple[str, Any]]) -> str:
    # GoTrue marks its fragments with an empty `sb`, so that pages can tell them from their own.
    return f"{address.partition('#')[0]}#{urlencode([*values, ('sb', '')])}"
