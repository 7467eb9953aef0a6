"""The settings read from environment variables and the project's `.env`, with every fault named.

In charge of unknown, malformed and missing variables. Must not know a setting's meaning, nor read a
file or the environment itself: both come as mappings.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from jotbase.errors import Fault, SettingError
from jotbase.settings.table import PREFIX, Settings, shown_value, variable


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
    texts = {variable(name): shown_value(value, secret=False) for name, value in given.items()}
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
        (variable(item.name), shown_value(item.default, secret=False), item.metadata["help"])
        for item in fields(Settings)
    ]
