"""What is mailed: a letter that a flow decided on, put into words with its link.

In charge of subject, text and link. Must not know how a mail travels
(`jotbase.background.mailing`), nor why the letter was written (`flows`). The code and the link are
secrets: whoever reads them is in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from jotbase.auth.tokens.policy import AuthPolicy

#: What a letter is about; it chooses the words.
Purpose = Literal["signup", "magiclink", "recovery", "email_change", "email_change_old"]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: plain text to one address; `code` and `link` are what the text tells."""

    to: str
    subject: str
    text: str = field(repr=False)
    code: str = field(default="", repr=False)
    link: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PendingMail:
    """What a flow wants mailed; `verification` is the `type` by which `/verify` takes the link."""

    purpose: Purpose
    verification: str
    to: str
    code: str = field(repr=False)
    token: str = field(repr=False)


_WORDS: dict[Purpose, tuple[str, str, str]] = {
    "signup": (
        "Confirm your address",
        "Somebody, hopefully you, signed up with this address at {site}.",
        "To confirm it, open this link",
    ),
    "magiclink": (
        "Your sign-in link",
        "Somebody, hopefully you, asked to sign in with this address at {site}.",
        "To sign in, open this link",
    ),
    "recovery": (
        "Reset your password",
        "Somebody, hopefully you, forgot the password of this address at {site}.",
        "To choose a new one, open this link",
    ),
    "email_change": (
        "Confirm your new address",
        "Somebody, hopefully you, wants to use this address at {site}.",
        "To confirm it, open this link",
    ),
    "email_change_old": (
        "Confirm the change of your address",
        "Somebody, hopefully you, wants to use another address than this one at {site}.",
        "To agree to it, open this link",
    ),
}


def render_mail(letter: PendingMail, policy: AuthPolicy, redirect: str) -> Mail:
    """Return the letter as a mail; `redirect` is where its link leads in the end."""
    subject, reason, invitation = _WORDS[letter.purpose]
    link = verify_link(letter, policy, redirect)
    text = (
        f"{reason.format(site=policy.site_url)}\n\n"
        f"{invitation}:\n\n{link}\n\n"
        f"or enter this code: {letter.code}\n\n"
        f"Both hold for {_spoken(policy.otp_expiry)} and work once. If it was not you, leave this"
        " mail alone.\n"
    )
    return Mail(letter.to, subject, text, letter.code, link)


def verify_link(letter: PendingMail, policy: AuthPolicy, redirect: str) -> str:
    """Return the address that proves the letter was read."""
    query = {"token": letter.token, "type": letter.verification, "redirect_to": redirect}
    return f"{policy.issuer}/verify?{urlencode(query)}"


def _spoken(seconds: int) -> str:
    for size, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'s' if count != 1 else ''}"
    return ""
