"""The configuration of accounts: lifetimes, sign-up, passwords, mails.

In charge of the names and defaults of these options. Must not know which variables set them
(`settings`) nor which code enforces them (`passwords`, `sessions`, `accounts`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuthPolicy:
    """The options of accounts; durations are in seconds, None means no limit.

    `issuer` is the `iss` claim of access tokens, by convention `<url>/auth/v1`. A password needs at
    least one character of each group in `password_characters`; with `secure_password_change`, a
    session that began more than a day ago needs a mailed code for a new one. Links redirect to
    `site_url` or to an address that matches `redirect_urls`. `mail_spacing` is the least time
    between two mails of a kind to one address, `mail_rate` the most mails in an hour. With
    `link_page`, opening a mail's link shows a page whose button uses the token up.
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
    secure_password_change: bool = False
    site_url: str = "http://localhost"
    redirect_urls: tuple[str, ...] = ()
    otp_expiry: int = 3600
    otp_length: int = 6
    mail_spacing: int = 60
    mail_rate: int = 500
    link_page: bool = False
    manual_linking: bool = False
    mfa_totp: bool = True
