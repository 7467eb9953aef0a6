"""The admin API of accounts: the service role creates, lists, updates and deletes users.

In charge of each operation as a unit of work. Must not know HTTP, hash passwords, or check the
caller's role (`http.accounts.admin`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import new_user, store_user
from jotbase.auth.accounts.address import email_exists, replace_address
from jotbase.auth.accounts.context import Context
from jotbase.auth.accounts.request_bodies import check_metadata
from jotbase.auth.changes.own_account import UpdatedAccount
from jotbase.auth.sessions.factors import Factor
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Account, Identity, User, merged
from jotbase.auth.tokens.times import timestamp
from jotbase.errors import AuthError
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")

#: In seconds: the end of a longer ban would exceed the range of dates.
_LONGEST_BAN = 1000 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class AdminUserAttributes:
    """The attributes of a user to be created or updated; None leaves an attribute unchanged.

    `ban` is the duration of a ban in seconds, 0 lifts it.
    """

    id: str | None = None
    email: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    confirm: bool = False
    role: str | None = None
    aud: str | None = None
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None
    ban: float | None = None


@dataclass(frozen=True, slots=True)
class UserQuery:
    """Which users are listed, the newest first unless `oldest_first`.

    `filter_text` is a part of the address or of the full name, `email` the whole address; "" is
    anybody's.
    """

    limit: int
    offset: int = 0
    filter_text: str = ""
    email: str = ""
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class UserPage:
    """One page of the users, and the total number of users."""

    users: tuple[User, ...]
    total: int


def read_duration(text: str) -> float:
    """Return the seconds of a Go duration such as `1h30m`; `none` and `0` are 0.

    Raises AuthError (validation_failed, 400).
    """
    parts = _PART.findall(text)
    if text in ("none", "0"):
        return 0.0
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise AuthError(400, "validation_failed", "invalid format for ban duration: " + text[:40])
    return min(sum(float(number) * _UNITS[unit] for number, unit in parts), _LONGEST_BAN)


def create_user(context: Context, profile: AdminUserAttributes) -> UnitOfWork[Account]:
    """Create a user without sending mail. Raises AuthError (422): email_exists,
    user_already_exists.
    """
    if profile.email and (
        yield from store.one_or_none(context.dialect, User, "email", profile.email)
    ):
        raise email_exists()
    if profile.id and (yield from store.one_or_none(context.dialect, User, "id", profile.id)):
        raise AuthError(422, "user_already_exists", "A user with this id exists already")
    data = profile.user_metadata or {}
    user = new_user(context, email=profile.email, data=data)
    user = replace(
        user,
        id=profile.id or user.id,
        encrypted_password=profile.password_hash,
        email_confirmed_at=context.moment if profile.confirm else None,
        **_attribute_columns(context, user, profile),
    )
    if profile.confirm:
        user = replace(user, user_metadata={**user.user_metadata, "email_verified": True})
    account = yield from store_user(context, user, {})
    yield audit.by_service(context, "user_signedup", account.user)
    return account


def get_user(dialect: Dialect, user_id: str) -> UnitOfWork[Account]:
    """Read a user. Raises AuthError (user_not_found, 404)."""
    account = yield from store.account(dialect, "id", user_id)
    if account is None:
        raise AuthError(404, "user_not_found", "User not found")
    return account


def list_users(dialect: Dialect, query: UserQuery) -> UnitOfWork[UserPage]:
    """Read a page of the users."""
    found = store.sought_users(dialect, query.filter_text, query.email)
    total = yield from store.count(dialect, User, found)
    users = yield from store.page(
        dialect, User, found, query.limit, query.offset, ascending=query.oldest_first
    )
    return UserPage(tuple(users), total)


def list_sessions(dialect: Dialect, user_id: str) -> UnitOfWork[list[Session]]:
    """Read a user's sessions, the newest first. Raises AuthError (user_not_found, 404)."""
    yield from get_user(dialect, user_id)
    found = yield from store.sessions(dialect, user_id)
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def end_sessions(context: Context, user_id: str, session_id: str | None = None) -> UnitOfWork[None]:
    """End one session of a user, or all. Raises AuthError (404): user_not_found, or
    session_not_found for a session that the user does not have.
    """
    account = yield from get_user(context.dialect, user_id)
    match = {"user_id": user_id} if session_id is None else {"user_id": user_id, "id": session_id}
    ended = yield store.delete(context.dialect, Session, match)
    if session_id is not None and not ended:
        raise AuthError(404, "session_not_found", "Session not found")
    yield audit.by_service(context, "logout", account.user)


def update_user(
    context: Context, user_id: str, profile: AdminUserAttributes
) -> UnitOfWork[UpdatedAccount]:
    """Update a user; `revocation_triggers` ends its sessions and tokens where needed.

    Raises AuthError: user_not_found (404), email_exists (422), validation_failed (400).
    """
    account = yield from get_user(context.dialect, user_id)
    user = account.user
    columns = {"updated_at": context.moment, **_attribute_columns(context, user, profile)}
    if profile.user_metadata is not None:
        columns["user_metadata"] = merged(user.user_metadata, profile.user_metadata)
        check_metadata(columns["user_metadata"], "user_metadata")
    if profile.password_hash is not None:
        columns["encrypted_password"] = profile.password_hash
    if profile.confirm and user.email_confirmed_at is None:
        columns = {**(yield from _confirmation_columns(context, user)), **columns}
        metadata = columns.get("user_metadata", user.user_metadata)
        columns["user_metadata"] = {**metadata, "email_verified": True}
    if profile.password_hash is not None or profile.ban:
        columns["new_email"] = None
    yield store.update(context.dialect, User, user_id, columns)
    account = replace(account, user=replace(user, **columns))
    if profile.email and profile.email != user.email:
        account = yield from replace_address(context, account, profile.email)
    yield audit.by_service(context, "user_modified", account.user)
    return UpdatedAccount(account)


def _confirmation_columns(context: Context, user: User) -> UnitOfWork[dict[str, Any]]:
    """Return the columns of a confirmed user.

    If exactly one sign-up is pending, its password and metadata are among them, as if its mail had
    been confirmed; with several, none can be chosen.
    """
    waiting = yield from store.one_time_tokens(context.dialect, user.id)
    signed_up = [one for one in waiting if one.encrypted_password is not None]
    columns: dict[str, Any] = {"email_confirmed_at": context.moment}
    if len(signed_up) == 1 and user.encrypted_password is None:
        columns["encrypted_password"] = signed_up[0].encrypted_password
        columns["user_metadata"] = {**signed_up[0].data, **user.user_metadata}
    return columns


def _attribute_columns(
    context: Context, user: User, profile: AdminUserAttributes
) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if profile.role is not None:
        columns["role"] = profile.role
    if profile.aud is not None:
        columns["aud"] = profile.aud
    if profile.app_metadata is not None:
        columns["app_metadata"] = merged(user.app_metadata, profile.app_metadata)
        check_metadata(columns["app_metadata"], "app_metadata")
    if profile.ban is not None:
        columns["banned_until"] = timestamp(context.now + profile.ban) if profile.ban else None
    return columns


def delete_user(context: Context, user_id: str, *, soft: bool) -> UnitOfWork[None]:
    """Delete a user and its sessions, identities and tokens; with `soft` keep the row, anonymized.

    Raises AuthError (user_not_found, 404), and ConflictError (23503) when a row of the project
    references the user without ON DELETE.
    """
    account = yield from get_user(context.dialect, user_id)
    yield audit.by_service(context, "user_deleted", account.user)
    if not soft:
        yield store.delete(context.dialect, User, {"id": user_id})
        return
    yield store.update(context.dialect, User, user_id, _soft_deleted_columns(context, account.user))
    yield store.delete(context.dialect, Factor, {"user_id": user_id})
    for identity in account.identities:
        yield store.update(
            context.dialect, Identity, identity.identity_id, _obfuscated_columns(context, identity)
        )


def _soft_deleted_columns(context: Context, user: User) -> Mapping[str, Any]:
    return {
        "email": _hashed(user.id, user.email),
        "phone": _hashed(user.id, user.phone),
        "encrypted_password": None,
        "new_email": None,
        "new_phone": None,
        "user_metadata": {},
        "app_metadata": {},
        "updated_at": context.moment,
        "deleted_at": context.moment,
    }


def _obfuscated_columns(context: Context, identity: Identity) -> Mapping[str, Any]:
    return {
        "id": _hashed(identity.user_id, identity.id),
        "email": _hashed(identity.user_id, identity.email),
        "identity_data": {},
        "updated_at": context.moment,
    }


def _hashed(user_id: str, text: str | None) -> str | None:
    # Hashed with the id: the same address may be soft-deleted more than once.
    return hashlib.sha256(f"{user_id}{text}".encode()).hexdigest() if text else None
