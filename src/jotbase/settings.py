"""All settings in one table (name, type, default, help), read from environment variables.

In charge of parsing and validating them, with the variable in each message, and of masking secrets.
Must not know what a setting does, nor read a file or the environment itself: both come as mappings.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from jotbase.errors import Fault, SettingError

PREFIX = "JOTBASE_"

TxEnd = Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"]


def _optional(value: str) -> str | None:
    return value or None


def _flag(value: str) -> bool:
    lower = value.strip().lower()
    if lower in ("1", "true", "yes", "on"):
        return True
    if lower in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("is neither true nor false")


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("is not a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"is not between {low} and {high}")
        return number

    return read


def _limit(value: str) -> int | None:
    return _number(1, 1_000_000_000)(value) if value else None


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return value

    return read


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("does not begin with sqlite:/// or postgresql://")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("is not an http or https URL")
    return value.rstrip("/")


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _redirects(value: str) -> tuple[str, ...]:
    entries = _names(value)
    for entry in entries:
        parts = urlsplit(entry.removesuffix("*"))
        if not parts.scheme or not parts.hostname or "@" in parts.netloc:
            raise ValueError("is not a list of addresses such as https://app.example.com/*")
        if "*" in parts.geturl() or (entry.endswith("*") and not entry.endswith("/*")):
            raise ValueError("has a * that is not a whole path's end, as in https://x.example/*")
    return entries


def _mail_server(value: str) -> str | None:
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("is not an address such as smtp://user:password@host:587")
    _ = parts.port
    return value


def _mail_address(value: str) -> str | None:
    if value and ("@" not in value or not value.isprintable()):
        raise ValueError("is no address such as noreply@example.com or Shop <noreply@example.com>")
    return value or None


def _header(value: str) -> str | None:
    if value and not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("is no name of a header such as X-Request-Id")
    return value or None


def _setting(read: Callable[[str], Any], default: Any, text: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"read": read, "help": text, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; the variable of `max_rows` is `JOTBASE_MAX_ROWS`."""

    env: Literal["development", "production"] = _setting(
        _one_of("development", "production"),
        "development",
        "In production, secrets must be set; the server does not start without them.",
    )
    database_url: str = _setting(
        _database, "sqlite:///data/jotbase.db", "A file, or a postgresql:// URL.", secret=True
    )
    database_pool: int = _setting(
        _number(2, 1000), 10, "Connections to PostgreSQL, besides two of the server's own."
    )
    database_pool_timeout: int = _setting(
        _number(1, 3600), 10, "How long a request waits for one of them, in seconds."
    )
    host: str = _setting(str, "127.0.0.1", "The address to listen on.")
    port: int = _setting(_number(0, 65535), 8000, "The port to listen on; 0 chooses a free one.")
    site_url: str | None = _setting(_url, None, "The public URL; by default host and port.")
    jwt_secret: str | None = _setting(
        _optional, None, "Signs the anon and service keys (HS256); 32 bytes or more.", secret=True
    )
    jwt_keys: str | None = _setting(
        _optional,
        None,
        "Private ES256 keys as a JWK set; the first one signs user tokens.",
        secret=True,
    )
    jwt_expiry: int = _setting(
        _number(30, 604_800), 3600, "How long an access token is valid, in seconds."
    )
    jwt_aud: str | None = _setting(
        _optional, None, "The audience that tokens must have; by default any."
    )
    refresh_reuse_interval: int = _setting(
        _number(0, 3600), 10, "Seconds in which a refresh token may be used again."
    )
    disable_signup: bool = _setting(_flag, False, "Whether sign-up is disabled.")
    anonymous_users: bool = _setting(_flag, False, "Whether anonymous sign-in is enabled.")
    password_min_length: int = _setting(
        _number(6, 72), 6, "The minimum length of a password, in characters."
    )
    secure_password_change: bool = _setting(
        _flag, False, "Whether a session older than a day needs a mailed code for a new password."
    )
    smtp_url: str | None = _setting(
        _mail_server,
        None,
        "The SMTP server: smtp://user:password@host:587, or smtps://…:465.",
        secret=True,
    )
    smtp_from: str | None = _setting(
        _mail_address, None, "The sender of mails: Shop <noreply@example.com>."
    )
    mail_autoconfirm: bool | None = _setting(
        lambda value: _flag(value) if value else None,
        None,
        "Whether sign-up needs no confirmation by mail; by default only without JOTBASE_SMTP_URL.",
    )
    mail_spacing: int = _setting(
        _number(0, 86_400), 60, "Seconds between two mails of a kind to one address."
    )
    mail_rate: int = _setting(
        _number(1, 1_000_000_000), 500, "The most mails sent in an hour, in total."
    )
    mail_rate_client: int = _setting(
        _number(1, 1_000_000_000), 50, "The most mails that one client may request in an hour."
    )
    proxies: int = _setting(
        _number(0, 16), 0, "How many proxies append to X-Forwarded-For; 0 ignores that header."
    )
    otp_expiry: int = _setting(
        _number(60, 86_400), 3600, "How long a mail's code and link are valid, in seconds."
    )
    otp_length: int = _setting(_number(6, 10), 6, "How many digits a mail's code has.")
    redirect_urls: tuple[str, ...] = _setting(
        _redirects,
        (),
        "URLs to which links in mails may redirect besides the site, separated by commas; /*"
        " matches all paths below.",
    )
    session_timebox: int | None = _setting(
        _limit, None, "Seconds after which a session ends, even if active; by default never."
    )
    session_inactivity: int | None = _setting(
        _limit, None, "Seconds without a refresh after which a session ends; by default never."
    )
    cors_origins: tuple[str, ...] = _setting(
        _names, ("*",), "Allowed origins (CORS), separated by commas; * is all."
    )
    max_rows: int | None = _setting(_limit, None, "The most rows that one read returns.")
    max_body: int = _setting(
        _number(1, 1_000_000_000), 10_000_000, "The largest request body, in bytes."
    )
    max_answer: int = _setting(
        _number(10**6, 10**11), 1 << 29, "The largest answer to a read, in bytes."
    )
    max_operations: int = _setting(
        _number(1, 10_000), 100, "The most operations that one batch has."
    )
    max_connections: int = _setting(
        _number(1, 1_000_000),
        16_384,
        "The most concurrent connections; fewer where the limit of open files is lower.",
    )
    max_connections_per_address: int = _setting(
        _number(1, 1_000_000), 8192, "The most concurrent connections from one address."
    )
    tx_end: TxEnd = _setting(
        _one_of("commit", "commit-allow-override", "rollback", "rollback-allow-override"),
        "commit",
        "How a write ends, and whether `Prefer: tx=…` may override it.",
    )
    aggregates: bool = _setting(_flag, False, "Whether `select` may use sum(), avg(), count() ….")
    openapi: Literal["follow", "off"] = _setting(
        _one_of("follow", "off"),
        "follow",
        "Whether the API's root serves an OpenAPI document of what the caller may access.",
    )
    plan: bool = _setting(_flag, False, "Whether clients may request a query plan.")
    server_timing: bool = _setting(_flag, False, "Whether responses have a `Server-Timing` header.")
    trace_header: str | None = _setting(
        _header, None, "The request header that responses repeat, such as X-Request-Id."
    )
    unfiltered_writes: bool = _setting(
        _flag, False, "Whether PATCH and DELETE without a filter are allowed."
    )
    legacy_target_names: bool = _setting(
        _flag, True, "Whether an embed with an alias may also be filtered by its relation's name."
    )
    error_verbosity: Literal["verbose", "minimal"] = _setting(
        _one_of("verbose", "minimal"),
        "verbose",
        "Whether errors of the data API have details and a hint.",
    )
    statement_timeout: int = _setting(
        _number(10, 3_600_000), 8000, "The longest a statement may run, in milliseconds."
    )
    transaction_timeout: int = _setting(
        _number(10, 3_600_000),
        20_000,
        "The longest that one write, batch of writes or function call may run, in milliseconds.",
    )
    changes_keep: int = _setting(
        _number(1000, 1_000_000_000), 1_000_000, "How many changes the change log keeps."
    )
    functions_threads: int = _setting(
        _number(1, 256), 16, "Threads for rpc functions, and as many for Flask views."
    )
    functions_queue: int = _setting(
        _number(0, 100_000), 256, "The most calls of either kind that wait for a thread."
    )
    functions_foreign_tokens: tuple[str, ...] = _setting(
        _names,
        (),
        "Flask views, by the first segment of their path, that receive bearer tokens of other"
        " issuers to verify themselves, separated by commas; * is all.",
    )
    log_level: str = _setting(
        _one_of("debug", "info", "warning", "error"), "info", "The log level."
    )

    @property
    def autoconfirm(self) -> bool:
        """Whether a new user needs no confirmation by mail."""
        return self.smtp_url is None if self.mail_autoconfirm is None else self.mail_autoconfirm

    def shown(self) -> dict[str, str]:
        """Return every variable with its value as text, secrets masked."""
        return {
            variable(item.name): _shown(getattr(self, item.name), item.metadata["secret"])
            for item in fields(self)
        }


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def _shown(value: Any, secret: bool) -> str:
    if value is None:
        return ""
    if secret:
        return "********"
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def read_settings(environment: Mapping[str, str], dotenv: Mapping[str, str]) -> Settings:
    """Return the settings; the environment wins over the project's `.env`.

    Raises SettingError with every unknown or malformed variable, and in production with every
    secret that is missing or weak.
    """
    given = {key: value for key, value in dotenv.items() if key.upper().startswith(PREFIX)}
    given |= {key: value for key, value in environment.items() if key.upper().startswith(PREFIX)}
    known = {variable(item.name): item for item in fields(Settings)}
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, text in given.items():
        if key not in known:
            faults.append(Fault("environment", "", f"{key} is not a setting", _nearest(key, known)))
            continue
        item = known[key]
        try:
            values[item.name] = item.metadata["read"](text)
        except ValueError as error:
            shown = "its value" if item.metadata["secret"] else repr(text)
            faults.append(
                Fault("environment", "", f"{key}: {shown} {error}", item.metadata["help"])
            )
    settings = Settings(**values)
    faults += _production_faults(settings) + _secret_faults(settings) + _mail_faults(settings)
    if faults:
        raise SettingError(faults)
    return settings


def changed(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return the settings with other values, by field name.

    A value may be text as in the environment, or of the field's type; None is the default. Raises
    SettingError.
    """
    given = {name: value for name, value in values.items() if value is not None}
    texts = {variable(name): _shown(value, secret=False) for name, value in given.items()}
    read = read_settings(texts, {})
    return replace(settings, **{name: getattr(read, name) for name in values})


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key.upper(), known, n=1)
    return f"perhaps you meant {close[0]}" if close else "`jotbase serve --help` lists them all"


def _secret_faults(settings: Settings) -> list[Fault]:
    secret = settings.jwt_secret
    if secret is None or len(secret.encode()) >= 32:
        return []
    return [
        Fault(
            "environment",
            "",
            f"{variable('jwt_secret')} is shorter than 32 bytes",
            "RFC 7518 section 3.2 asks an HS256 key of at least 256 bits;"
            " `jotbase keys --rotate` makes one",
        )
    ]


def _mail_faults(settings: Settings) -> list[Fault]:
    faults = []
    if settings.smtp_url is not None and settings.smtp_from is None:
        reason = f"{variable('smtp_url')} is set"
        faults.append(_missing("smtp_from", reason, "Name the sender of mails."))
    if settings.env == "production" and settings.smtp_url is None and not settings.autoconfirm:
        reason = f"{variable('mail_autoconfirm')} is off in production"
        faults.append(_missing("smtp_url", reason, "Without it no address can be confirmed."))
    return faults


def _production_faults(settings: Settings) -> list[Fault]:
    if settings.env != "production":
        return []
    reason = f"{variable('env')} is production"
    hint = "`jotbase keys --generate` prints fresh ones; keep them in your secret store"
    names = ("jwt_secret", "jwt_keys")
    return [_missing(one, reason, hint) for one in names if getattr(settings, one) is None]


def _missing(name: str, reason: str, hint: str) -> Fault:
    return Fault("environment", "", f"{variable(name)} must be set when {reason}", hint)


def settings_help() -> list[tuple[str, str, str]]:
    """Return (variable, default as text, help) of each setting."""
    return [
        (variable(item.name), _shown(item.default, secret=False), item.metadata["help"])
        for item in fields(Settings)
    ]
