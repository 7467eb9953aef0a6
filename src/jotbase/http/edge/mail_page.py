"""The page `/mails`, in development without a mail server: the last mails, to be read and clicked.

In charge of its HTML, and of showing it to this machine's own browser alone: mails hold secrets.
Must not know how mails are made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import urlsplit

from jotbase.auth.mail.messages import Mail
from jotbase.auth.tokens.client_address import LOOPBACK
from jotbase.http.edge.static_files import NOT_ALLOWED
from jotbase.values import Request, Response

#: What proxies and tunnels add, even those that replace `Host` (RFC 7239 and its forerunners).
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host")

_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)


def mail_pages(recent: deque[Mail]) -> dict[str, Callable[[Request], Awaitable[Response]]]:
    """Return the page's handler by its path, none where no mail is kept.

    `recent` are the mails, the newest first.
    """
    if not recent.maxlen:
        return {}

    async def answer(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return NOT_ALLOWED
        if not _is_own(request):
            return Response(404, (("Content-Type", "text/plain"),), b"Not found\n")
        mails = "".join(map(_shown, tuple(recent))) or "<p>No mail was sent yet.</p>"
        title = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Mails</title><h1>Mails</h1>"
        )
        return Response(200, _HEADERS, (title + mails).encode())

    return {"/mails": answer}


def _is_own(request: Request) -> bool:
    """Return whether a browser on this machine asks for this machine: a page of another name that
    leads here (DNS rebinding) sends its own name, and a tunnel says whom it asks for.
    """
    if any(name in request.headers for name in _FORWARDED):
        return False
    host = urlsplit("//" + request.headers.get("host", "")).hostname
    return host in LOOPBACK and (request.client or "127.0.0.1") in LOOPBACK


def _shown(mail: Mail) -> str:
    text = escape(mail.text)
    if mail.link:
        link = escape(mail.link)
        text = text.replace(link, f'<a href="{link}">{link}</a>')
    return f"<h2>{escape(mail.subject)}</h2><p>To {escape(mail.to)}</p><pre>{text}</pre><hr>"
