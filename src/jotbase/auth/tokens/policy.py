"""What a project decides about its accounts: lifetimes, sign-up, passwords.

In charge of naming those decisions and their defaults. Must not know which variable sets them
(`settings`) nor what enforces them (`passwords`, `sessions`, `accounts`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuthPolicy:
    """The rules for accounts; every length of time is in seconds, None meaning no limit.

    `issuer` is the `iss` of access tokens, by convention `<url>/auth/v1`. `password_characters` are
    groups of which a password needs one character each. Mails link to `site_url` or to what
    `redirect_urls` names; `mail_spacing` lies between two mails of a kind to one address,
    and `mail_rate` mails go out in an hour at most.
    """

    issuer: str
    audience: str = "authenticated"
    access_lifetime: int = 3600
    reuse_interval: int = 10
    session_time_box: int | None = None
    session_inactivity: int | None = None
    signup_disabled: bool = False
    autoconfirm: bool = True
    anonymous_users: bool = False
    password_min_length: int = 6
    password_characters: tuple[str, ...] = ()
    site_url: str = "http://localhost"
    redirect_urls: tuple[str, ...] = ()
    otp_expiry: int = 3600
    otp_length: int = 6
    mail_spacing: int = 60
    mail_rate: int = 500
