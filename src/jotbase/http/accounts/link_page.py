"""The page that a mail's link opens: one button, which uses the token up.

In charge of its HTML. Programs that read mails open links too (scanners, previews): what a GET used
up, its user could not use any more. Must not know what the token is worth.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from jotbase.values import Response

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:20vh auto;max-width:26rem;padding:0 1rem;"
    "text-align:center}button{font:inherit;padding:.6rem 1.6rem;border:0;border-radius:.4rem;"
    "background:#1a56db;color:#fff;cursor:pointer}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# No `form-action`: browsers hold it against the redirect of the answer, too, which leads to the
# project's site. The form's own address is fixed.
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex"),
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'",
    ),
)

#: Heading and button by the `type` of `/verify`.
_TEXTS = {
    "signup": ("Confirm your address", "Confirm"),
    "invite": ("Accept the invitation", "Accept"),
    "magiclink": ("Sign in", "Sign in"),
    "recovery": ("Choose a new password", "Go on"),
    "email": ("Confirm your address", "Confirm"),
    "email_change": ("Confirm the change of your address", "Confirm"),
}


def link_page(kind: str, token: str, redirect: str) -> Response:
    """Return the page of a link; its button posts these three values as a form."""
    heading, button = _TEXTS[kind]
    values = {"type": kind, "token": token, "redirect_to": redirect}
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in values.items()
    )
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{heading}</title><style>{_STYLE}</style></head><body><h1>{heading}</h1>"
        f'<form method="post" action="verify">{fields}<button autofocus>{button}</button></form>'
        "</body></html>"
    )
    return Response(200, _HEADERS, text.encode())
