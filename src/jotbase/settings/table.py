"""All settings in one table: name, type, default, help.

In charge of the table alone: how each value is read is in `parsing`, where from in `reading`. Must
not know what a setting does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from jotbase.settings.parsing import (
    database_address,
    flag,
    header_name,
    mail_address,
    mail_server,
    names,
    number_between,
    one_of,
    optional_limit,
    optional_text,
    redirect_patterns,
    replica_addresses,
    web_url,
)

PREFIX = "JOTBASE_"

TxEnd = Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"]


def _setting(read: Callable[[str], Any], default: Any, text: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"read": read, "help": text, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; the variable of `max_rows` is `JOTBASE_MAX_ROWS`."""

    env: Literal["development", "production"] = _setting(
        one_of("development", "production"),
        "development",
        "In production, secrets must be set; the server does not start without them.",
    )
    database_url: str = _setting(
        database_address,
        "sqlite:///data/jotbase.db",
        "A file, or a postgresql:// URL.",
        secret=True,
    )
    database_replicas: tuple[str, ...] = _setting(
        replica_addresses,
        (),
        "URLs of PostgreSQL standbys for reads, divided by commas.",
        secret=True,
    )
    database_pool: int = _setting(
        number_between(2, 1000), 10, "Connections to PostgreSQL, besides three of the server's own."
    )
    database_pool_timeout: int = _setting(
        number_between(1, 3600), 10, "How long a request waits for one of them, in seconds."
    )
    host: str = _setting(str, "127.0.0.1", "The address to listen on.")
    port: int = _setting(
        number_between(0, 65535), 8000, "The port to listen on; 0 chooses a free one."
    )
    site_url: str | None = _setting(
        web_url, None, "The URL of the site that users see; by default host and port."
    )
    api_url: str | None = _setting(
        web_url, None, "The public URL of this server, where it is not that of the site."
    )
    link_page: bool = _setting(
        flag, True, "Whether a mail's link shows a page whose button uses it up, not its opening."
    )
    jwt_secret: str | None = _setting(
        optional_text,
        None,
        "Signs the anon and service keys (HS256); 32 bytes or more.",
        secret=True,
    )
    jwt_keys: str | None = _setting(
        optional_text,
        None,
        "Private ES256 keys as a JWK set; the first one signs user tokens.",
        secret=True,
    )
    jwt_expiry: int = _setting(
        number_between(30, 604_800), 3600, "How long an access token is valid, in seconds."
    )
    jwt_aud: str | None = _setting(
        optional_text, None, "The audience that tokens must have; by default any."
    )
    refresh_reuse_interval: int = _setting(
        number_between(0, 3600), 10, "Seconds in which a refresh token may be used again."
    )
    disable_signup: bool = _setting(flag, False, "Whether sign-up is disabled.")
    manual_linking: bool = _setting(
        flag, False, "Whether users may link and unlink identities of their accounts."
    )
    mfa_totp: bool = _setting(
        flag, True, "Whether users may enrol and use an authenticator app as a second factor."
    )
    anonymous_users: bool = _setting(flag, False, "Whether anonymous sign-in is enabled.")
    password_min_length: int = _setting(
        number_between(6, 72), 6, "The minimum length of a password, in characters."
    )
    secure_password_change: bool = _setting(
        flag, False, "Whether a session older than a day needs a mailed code for a new password."
    )
    smtp_url: str | None = _setting(
        mail_server,
        None,
        "The SMTP server: smtp://user:password@host:587, or smtps://…:465.",
        secret=True,
    )
    smtp_from: str | None = _setting(
        mail_address, None, "The sender of mails: Shop <noreply@example.com>."
    )
    mail_autoconfirm: bool | None = _setting(
        lambda value: flag(value) if value else None,
        None,
        "Whether sign-up needs no confirmation by mail; by default only without JOTBASE_SMTP_URL.",
    )
    mail_spacing: int = _setting(
        number_between(0, 86_400), 60, "Seconds between two mails of a kind to one address."
    )
    mail_rate: int = _setting(
        number_between(1, 1_000_000_000), 500, "The most mails sent in an hour, in total."
    )
    mail_rate_client: int = _setting(
        number_between(1, 1_000_000_000),
        50,
        "The most mails that one client may request in an hour.",
    )
    proxies: int = _setting(
        number_between(0, 16),
        0,
        "How many proxies append to X-Forwarded-For; 0 ignores that header.",
    )
    otp_expiry: int = _setting(
        number_between(60, 86_400), 3600, "How long a mail's code and link are valid, in seconds."
    )
    otp_length: int = _setting(number_between(6, 10), 6, "How many digits a mail's code has.")
    redirect_urls: tuple[str, ...] = _setting(
        redirect_patterns,
        (),
        "URLs to which links in mails may redirect besides the site, separated by commas; /**"
        " matches all paths below, https://*.preview.example.com/** every host there.",
    )
    session_timebox: int | None = _setting(
        optional_limit,
        None,
        "Seconds after which a session ends, even if active; by default never.",
    )
    session_inactivity: int | None = _setting(
        optional_limit,
        None,
        "Seconds without a refresh after which a session ends; by default never.",
    )
    cors_origins: tuple[str, ...] = _setting(
        names,
        ("*",),
        "Allowed origins (CORS, WebSockets, event streams), separated by commas; * is all.",
    )
    max_rows: int | None = _setting(optional_limit, None, "The most rows that one read returns.")
    max_body: int = _setting(
        number_between(1, 1_000_000_000), 10_000_000, "The largest request body, in bytes."
    )
    max_answer: int = _setting(
        number_between(10**6, 10**11), 1 << 29, "The largest answer to a read, in bytes."
    )
    max_operations: int = _setting(
        number_between(1, 10_000), 100, "The most operations that one batch has."
    )
    max_connections: int = _setting(
        number_between(1, 1_000_000),
        16_384,
        "The most concurrent connections; fewer where the limit of open files is lower.",
    )
    max_connections_per_address: int = _setting(
        number_between(1, 1_000_000), 8192, "The most concurrent connections from one address."
    )
    realtime_sockets_per_user: int = _setting(
        number_between(1, 1_000_000), 1000, "The most WebSockets on which one user has joined."
    )
    tx_end: TxEnd = _setting(
        one_of("commit", "commit-allow-override", "rollback", "rollback-allow-override"),
        "commit",
        "How a write ends, and whether `Prefer: tx=…` may override it.",
    )
    aggregates: bool = _setting(flag, False, "Whether `select` may use sum(), avg(), count() ….")
    openapi: Literal["follow", "off"] = _setting(
        one_of("follow", "off"),
        "follow",
        "Whether the API's root serves an OpenAPI document of what the caller may access.",
    )
    plan: bool = _setting(flag, False, "Whether clients may request a query plan.")
    server_timing: bool = _setting(flag, False, "Whether responses have a `Server-Timing` header.")
    trace_header: str | None = _setting(
        header_name, None, "The request header that responses repeat, such as X-Request-Id."
    )
    unfiltered_writes: bool = _setting(
        flag, False, "Whether PATCH and DELETE without a filter are allowed."
    )
    legacy_target_names: bool = _setting(
        flag, True, "Whether an embed with an alias may also be filtered by its relation's name."
    )
    error_verbosity: Literal["verbose", "minimal"] = _setting(
        one_of("verbose", "minimal"),
        "verbose",
        "Whether errors of the data API have details and a hint.",
    )
    statement_timeout: int = _setting(
        number_between(10, 3_600_000), 8000, "The longest a statement may run, in milliseconds."
    )
    transaction_timeout: int = _setting(
        number_between(10, 3_600_000),
        20_000,
        "The longest that one write, batch of writes or function call may run, in milliseconds.",
    )
    changes_keep: int = _setting(
        number_between(1000, 1_000_000_000),
        1_000_000,
        "How many changes the change log keeps; twice as many at most while hooks are to be told.",
    )
    changes_max_age: int = _setting(
        number_between(0, 876_000),
        0,
        "How many hours a change is kept in the change log at most; 0 sets no limit.",
    )
    messages_keep: int = _setting(
        number_between(100, 1_000_000_000),
        100_000,
        "How many messages each table of broadcasts keeps.",
    )
    messages_max_age: int = _setting(
        number_between(0, 876_000),
        72,
        "How many hours a table of broadcasts keeps a message at most; 0 sets no limit.",
    )
    audit_keep: int = _setting(
        number_between(1, 36_500), 90, "How many days the audit log of accounts is kept."
    )
    functions_threads: int = _setting(
        number_between(1, 256),
        16,
        "Threads for rpc functions; as many for each of Flask views, hooks of accounts, hooks after"
        " a commit, and tasks.",
    )
    functions_queue: int = _setting(
        number_between(0, 100_000), 256, "The most calls of either kind that wait for a thread."
    )
    before_timeout: int = _setting(
        number_between(10, 60_000),
        1000,
        "The longest that the `@before` hooks of one write may run, in milliseconds; what they ask"
        " the database does not count.",
    )
    functions_timeout: int = _setting(
        number_between(10, 3_600_000),
        60_000,
        "The longest that a Flask view may take to the next piece of its answer, and that a task or"
        " a hook after a commit may run, in milliseconds.",
    )
    webhooks_private: bool = _setting(
        flag, False, "Whether webhooks may be sent to addresses that are not public."
    )
    functions_foreign_tokens: tuple[str, ...] = _setting(
        names,
        (),
        "Flask views, by the first segment of their path, that receive bearer tokens of other"
        " issuers to verify themselves, separated by commas; * is all.",
    )
    log_level: str = _setting(one_of("debug", "info", "warning", "error"), "info", "The log level.")

    @property
    def autoconfirm(self) -> bool:
        """Whether a new user needs no confirmation by mail."""
        return self.smtp_url is None if self.mail_autoconfirm is None else self.mail_autoconfirm

    def shown(self) -> dict[str, str]:
        """Return every variable with its value as text, secrets masked."""
        return {
            variable(item.name): shown_value(
                getattr(self, item.name), secret=item.metadata["secret"]
            )
            for item in fields(self)
        }


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def shown_value(value: Any, *, secret: bool) -> str:
    """Return a setting's value as the text that sets it; a secret masked."""
    if value is None:
        return ""
    if secret:
        return "********"
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)
