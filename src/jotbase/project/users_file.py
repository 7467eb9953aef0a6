"""Files of users: what `jotbase users export` writes and `jotbase users import` reads.

In charge of their form, JSON Lines or one JSON array, and of what is wrong with an entry. Must not
know how users are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from jotbase.auth.accounts.passwords import is_known_hash
from jotbase.auth.accounts.request_bodies import email, flag, metadata, text
from jotbase.auth.changes.administration import AdminUserAttributes
from jotbase.auth.sessions.users import User
from jotbase.errors import AuthError, Fault, JotError, ProjectError

Entry = dict[str, Any]


def read_entries(name: str, content: bytes) -> list[tuple[str, Entry]]:
    """Return the entries of a file, each with its place. Raises ProjectError, all faults named."""
    found, faults = [], []
    for place, raw in _parts(name, content):
        entry = _object(raw)
        if entry is None:
            faults.append(Fault(name, place, "is no JSON object"))
        else:
            found.append((place, entry))
    if faults:
        raise ProjectError(faults)
    return found


def _parts(name: str, content: bytes) -> Iterator[tuple[str, Any]]:
    stripped = content.strip()
    if stripped.startswith(b"["):
        try:
            yield from ((f"entry {n}", one) for n, one in enumerate(orjson.loads(stripped), 1))
        except orjson.JSONDecodeError as fault:
            raise ProjectError([Fault(name, "", f"is no JSON array: {fault.msg}")]) from None
        return
    lines = enumerate(stripped.splitlines(), 1)
    yield from ((f"line {number}", line) for number, line in lines if line.strip())


def _object(raw: Any) -> Entry | None:
    if isinstance(raw, bytes):
        try:
            raw = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
    if not isinstance(raw, dict):
        return None
    return {name: value for name, value in raw.items() if value is not None}


def attributes(entry: Entry) -> AdminUserAttributes:
    """Return the user that an entry describes. Raises AuthError (validation_failed, bad_json)."""
    address, hashed = email(entry), text(entry, "password_hash")
    if not address:
        raise AuthError(400, "validation_failed", "has no email")
    if hashed and not is_known_hash(hashed):
        raise AuthError(400, "validation_failed", "has a password_hash of no known form")
    return AdminUserAttributes(
        id=text(entry, "id") or None,
        email=address,
        password_hash=hashed or None,
        confirm=bool(entry.get("email_confirmed_at")) or flag(entry, "email_confirm"),
        role=text(entry, "role") or None,
        user_metadata=metadata(entry, "user_metadata"),
        app_metadata=metadata(entry, "app_metadata"),
    )


def exported(user: User) -> Entry:
    """Return the entry of a user, which `attributes` reads."""
    entry: Entry = {"id": user.id, "email": user.email, "role": user.role}
    if user.encrypted_password is not None:
        entry["password_hash"] = user.encrypted_password
    if user.email_confirmed_at is not None:
        entry["email_confirmed_at"] = user.email_confirmed_at
    return {**entry, "user_metadata": user.user_metadata, "app_metadata": user.app_metadata}


def told(error: JotError) -> str:
    """Return why an entry was not taken, to stand after its place."""
    return f"{error.message} ({error.code})"
