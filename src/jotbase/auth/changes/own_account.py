"""What users change of themselves: address, password, metadata.

In charge of each change as a unit of work. What it ends is in
`revocation_triggers`. Must not hash nor know
HTTP; hashes and the time come as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import Context, set_password, signed_in
from jotbase.auth.accounts.address import check_free, replace_address
from jotbase.auth.accounts.request_bodies import check_metadata
from jotbase.auth.mail.email_change import request_email_change
from jotbase.auth.mail.messages import PendingMail
from jotbase.auth.mail.pkce import Challenge
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Account, User, merged
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal


@dataclass(frozen=True, slots=True)
class UserChange:
    """What a user changes of itself; None leaves things as they are."""

    email: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    data: dict[str, Any] | None = None
    challenge: Challenge | None = None


@dataclass(frozen=True, slots=True)
class UpdatedAccount:
    """The account after a change, and the letters that are due."""

    account: Account
    letters: tuple[PendingMail, ...] = ()


def update_user(
    context: Context, principal: Principal, change: UserChange
) -> UnitOfWork[UpdatedAccount]:
    """Change what users may change of themselves; a new password ends all other sessions.

    Without autoconfirm a new address waits in `new_email` until letters confirm it. Raises
    AuthError: email_exists (422), over_email_send_rate_limit (429), validation_failed (422) for a
    password of somebody who has no address.
    """
    account = yield from signed_in(context, principal)
    if change.password_hash and not (account.user.email or change.email):
        raise AuthError(
            422,
            "validation_failed",
            "Updating password of an anonymous user without an email or phone is not allowed",
        )
    columns: dict[str, Any] = {"updated_at": context.moment}
    if change.data is not None:
        columns["user_metadata"] = merged(account.user.user_metadata, change.data)
        check_metadata(columns["user_metadata"], "data")
    kept: tuple[Session, ...] = ()
    if change.password_hash:
        columns |= {"encrypted_password": change.password_hash, "new_email": None}
        own = yield from store.one(context.dialect, Session, "id", principal.session_id or "")
        kept = (own,) if own is not None else ()
    yield from set_password(context, account.user.id, columns, kept)
    account = replace(account, user=replace(account.user, **columns))
    letters: tuple[PendingMail, ...] = ()
    if change.email and change.email != account.user.email:
        account, letters = yield from _change_email(
            context, account, change.email, change.challenge
        )
    return UpdatedAccount(account, letters)


def _change_email(
    context: Context, account: Account, email: str, challenge: Challenge | None
) -> UnitOfWork[tuple[Account, tuple[PendingMail, ...]]]:
    if context.policy.autoconfirm:
        return (yield from replace_address(context, account, email)), ()
    yield from check_free(context, email)
    columns: dict[str, Any] = {"new_email": email, "email_change_sent_at": context.moment}
    yield store.update(context.dialect, User, account.user.id, columns)
    letters = yield from request_email_change(context, account.user, email, challenge)
    return replace(account, user=replace(account.user, **columns)), letters
