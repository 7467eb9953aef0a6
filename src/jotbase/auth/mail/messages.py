"""The text of mails: subject, body and link.

In charge of rendering a pending mail. Must not know how a mail is sent
(`jotbase.background.mailing`), nor the flow that requested it (`flows`). Code and link are secrets
that authenticate whoever has them.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal
from urllib.parse import urlencode

from jotbase.auth.sessions.users import Account, User, user_json
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.records import dataclass

#: The kind of a mail, which selects its text.
Purpose = Literal[
    "signup",
    "invite",
    "magiclink",
    "recovery",
    "email_change",
    "email_change_old",
    "reauthentication",
]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: plain text to one address; `code` and `link` occur in the text."""

    to: str
    subject: str
    text: str = field(repr=False)
    code: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    html: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PendingMail:
    """A mail that a flow requested; `verification` is the `type` of `/verify` in its link."""

    purpose: Purpose
    verification: str
    to: str
    code: str = field(repr=False)
    token: str = field(repr=False)
    user: User | None = None
    language: str = ""


#: Subject, reason and invitation of each mail that has a link.
_TEXTS: dict[Purpose, tuple[str, str, str]] = {
    "signup": (
        "Confirm your address",
        "Somebody, hopefully you, signed up with this address at {site}.",
        "To confirm it, open this link",
    ),
    "invite": (
        "You have been invited",
        "You have been invited to create a user with this address at {site}.",
        "To accept, open this link",
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


def render_mail(mail: PendingMail, policy: AuthPolicy, redirect: str) -> Mail:
    """Return the mail; its link redirects to `redirect` once it is verified."""
    if mail.purpose == "reauthentication":
        return _code_mail(mail, policy)
    subject, reason, invitation = _TEXTS[mail.purpose]
    link = verify_link(mail, policy, redirect)
    text = (
        f"{reason.format(site=policy.site_url)}\n\n"
        f"{invitation}:\n\n{link}\n\n"
        f"or enter this code: {mail.code}\n\n"
        f"Both hold for {_duration_text(policy.otp_expiry)} and work once. If it was not you,"
        " leave this mail alone.\n"
    )
    return Mail(mail.to, subject, text, mail.code, link)


def _code_mail(mail: PendingMail, policy: AuthPolicy) -> Mail:
    text = (
        f"Somebody, hopefully you, wants to set a new password at {policy.site_url}.\n\n"
        f"To agree to it, enter this code: {mail.code}\n\n"
        f"It holds for {_duration_text(policy.otp_expiry)} and works once. If it was not you, sign"
        " out of all your devices.\n"
    )
    return Mail(mail.to, "Your code for a new password", text, mail.code)


def verify_link(mail: PendingMail, policy: AuthPolicy, redirect: str) -> str:
    """Return the URL of `/verify` with the mail's token."""
    query = {"token": mail.token, "type": mail.verification, "redirect_to": redirect}
    return f"{policy.issuer}/verify?{urlencode(query)}"


def _duration_text(seconds: int) -> str:
    for size, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'s' if count != 1 else ''}"
    return ""


def mail_values(mail: PendingMail, policy: AuthPolicy, redirect: str) -> dict[str, str]:
    """Return the values that a project's own text may name."""
    with_link = mail.purpose != "reauthentication"
    return {
        "site": policy.site_url,
        "email": mail.to,
        "link": verify_link(mail, policy, redirect) if with_link else "",
        "code": mail.code,
        "duration": _duration_text(policy.otp_expiry),
    }


#: The members of `email_data` that are empty here.
_UNUSED = ("token_new", "token_hash_new", "old_email", "old_phone", "provider", "factor_type")


def email_payload(mail: PendingMail, policy: AuthPolicy, redirect: str) -> dict[str, Any]:
    """Return the payload of the hook `send_email`: one call for each mail, so that the two of a
    changed address come one by one, each with its own `email_action_type` and `to`.
    """
    action = "email_change" if mail.purpose == "email_change_old" else mail.purpose
    data = {
        "to": mail.to,
        "token": mail.code,
        "token_hash": mail.token,
        "redirect_to": redirect,
        "email_action_type": action,
        "site_url": policy.issuer.removesuffix("/auth/v1"),
        **dict.fromkeys(_UNUSED, ""),
    }
    user = user_json(Account(mail.user)) if mail.user is not None else None
    return {"user": user, "email_data": data}
