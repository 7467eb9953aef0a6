"""What users change of themselves: address, password, metadata.

In charge of each change as a unit of work, and of which sessions a change ends. Must not hash nor
know HTTP; hashes and the time come as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from jotbase.auth import store
from jotbase.auth.accounts import Context, email_identity, end_others, signed_in
from jotbase.auth.bodies import check_metadata
from jotbase.auth.live import Revocation
from jotbase.auth.one_time import OneTimeToken
from jotbase.auth.users import Account, Identity, User, merged, providers
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal


@dataclass(frozen=True, slots=True)
class UserChange:
    """What a user changes of itself; None leaves things as they are."""

    email: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The account after a change, and the sessions that it ended."""

    account: Account
    revocation: Revocation | None = None


def update_user(context: Context, principal: Principal, change: UserChange) -> UnitOfWork[Changed]:
    """Change what users may change of themselves; a new password ends all other sessions.

    Without autoconfirm a new address waits in `new_email`. Raises AuthError: email_exists (422),
    validation_failed (422) for a password of somebody who has no address.
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
    if change.password_hash:
        columns["encrypted_password"] = change.password_hash
        # Whoever still holds a letter must not undo the change with it.
        yield store.delete(context.dialect, OneTimeToken, {"user_id": account.user.id})
    yield store.update(context.dialect, User, account.user.id, columns)
    account = replace(account, user=replace(account.user, **columns))
    if change.email and change.email != account.user.email:
        account = yield from change_email(
            context, account, change.email, at_once=context.policy.autoconfirm
        )
    if not change.password_hash:
        return Changed(account)
    ended = yield from end_others(context, account.user.id, principal.session_id)
    return Changed(account, ended)


def change_email(
    context: Context, account: Account, email: str, *, at_once: bool
) -> UnitOfWork[Account]:
    """Give the user another address, or note it as wished for.

    An anonymous user ceases to be one. Raises AuthError (email_exists, 422).
    """
    taken = yield from store.one(context.dialect, User, "email", email)
    if taken is not None:
        raise email_taken()
    user = account.user
    columns: dict[str, Any] = {"new_email": email, "email_change_sent_at": context.moment}
    identities = account.identities
    if at_once:
        identities = yield from _readdressed(context, account, email)
        claims = {"sub": user.id, "email": email, "email_verified": True}
        columns = {
            "email": email,
            "email_confirmed_at": context.moment,
            "is_anonymous": False,
            "app_metadata": {**user.app_metadata, **providers(identities)},
            "user_metadata": {**user.user_metadata, **claims},
        }
    yield store.update(context.dialect, User, user.id, columns)
    return Account(replace(user, **columns), identities)


def email_taken() -> AuthError:
    """Return the answer to an address that another user has."""
    return AuthError(
        422, "email_exists", "A user with this email address has already been registered"
    )


def _readdressed(
    context: Context, account: Account, email: str
) -> UnitOfWork[tuple[Identity, ...]]:
    old = next((one for one in account.identities if one.provider == "email"), None)
    if old is None:
        new = email_identity(context, account.user.id, email, {})
        yield store.insert(context.dialect, new)
        return (*account.identities, new)
    data = {**old.identity_data, "email": email, "email_verified": True}
    columns: dict[str, Any] = {"email": email, "identity_data": data, "updated_at": context.moment}
    yield store.update(context.dialect, Identity, old.identity_id, columns)
    new = replace(old, **columns)
    return tuple(new if one is old else one for one in account.identities)
