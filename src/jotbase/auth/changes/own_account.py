"""Users updating their own account: address, password, metadata.

In charge of the update as a unit of work; the sessions and tokens that it ends are in
`revocation_triggers`. Must not hash nor know HTTP; hashes and the time come as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import current_account, set_password
from jotbase.auth.accounts.address import check_email_available, replace_address
from jotbase.auth.accounts.context import Context
from jotbase.auth.accounts.request_bodies import check_metadata
from jotbase.auth.factors.enrolment import has_aal2
from jotbase.auth.mail.email_change import request_email_change
from jotbase.auth.mail.messages import PendingMail
from jotbase.auth.mail.pkce import Challenge
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Account, User, merged
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal


@dataclass(frozen=True, slots=True)
class UserAttributes:
    """The attributes of a `PUT /user` request; None leaves an attribute unchanged."""

    email: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    data: dict[str, Any] | None = None
    challenge: Challenge | None = None


@dataclass(frozen=True, slots=True)
class UpdatedAccount:
    """The account after an update, and the mails to be sent."""

    account: Account
    mails: tuple[PendingMail, ...] = ()


def update_user(
    context: Context, principal: Principal, change: UserAttributes
) -> UnitOfWork[UpdatedAccount]:
    """Update the caller's account; a new password ends all its other sessions.

    Without autoconfirm a new address is stored in `new_email` until it is confirmed by mail. Raises
    AuthError: insufficient_aal (401), email_exists (422), over_email_send_rate_limit (429),
    validation_failed (422) for a password of a user without an address.
    """
    account = yield from current_account(context, principal)
    if change.password_hash or (change.email and change.email != account.user.email):
        yield from check_assurance(context, principal, account)
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
        own = yield from store.one_or_none(
            context.dialect, Session, "id", principal.session_id or ""
        )
        kept = (own,) if own is not None else ()
    yield from set_password(context, account.user.id, columns, kept)
    account = replace(account, user=replace(account.user, **columns))
    mails: tuple[PendingMail, ...] = ()
    if change.email and change.email != account.user.email:
        account, mails = yield from _change_email(context, account, change.email, change.challenge)
    action = "user_updated_password" if change.password_hash else "user_modified"
    yield audit.by_user(context, action, account.user)
    return UpdatedAccount(account, mails)


def check_assurance(context: Context, principal: Principal, account: Account) -> UnitOfWork[None]:
    """Raise AuthError (insufficient_aal, 401) where the account has a second factor that this
    session has not passed: whoever has only the password, or a link, must not replace either.
    """
    if account.has_second_factor and not (yield from has_aal2(context, principal)):
        raise AuthError(
            401,
            "insufficient_aal",
            "AAL2 session is required to update email or password when MFA is enabled.",
        )


def _change_email(
    context: Context, account: Account, email: str, challenge: Challenge | None
) -> UnitOfWork[tuple[Account, tuple[PendingMail, ...]]]:
    if context.policy.autoconfirm:
        return (yield from replace_address(context, account, email)), ()
    yield from check_email_available(context, email)
    columns: dict[str, Any] = {"new_email": email, "email_change_sent_at": context.moment}
    yield store.update(context.dialect, User, account.user.id, columns)
    mails = yield from request_email_change(context, account.user, email, challenge)
    return replace(account, user=replace(account.user, **columns)), mails
