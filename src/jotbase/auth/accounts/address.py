"""Replacing the e-mail address of a user and of its identity.

In charge of the rows that change. Must not know how the new address was confirmed: not at all
(`own_account` with autoconfirm), by the service role (`administration`) or by two mails
(`email_change`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import email_identity
from jotbase.auth.accounts.context import Context
from jotbase.auth.sessions.users import Account, Identity, User, providers
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork


def replace_address(context: Context, account: Account, email: str) -> UnitOfWork[Account]:
    """Set the user's address, confirmed; an anonymous user becomes a permanent one.

    Raises AuthError (email_exists, 422).
    """
    yield from check_email_available(context, email)
    user = account.user
    identities = yield from _replace_email_identity(context, account, email)
    claims = {"email": email, "email_verified": True}
    columns: dict[str, Any] = {
        "email": email,
        "new_email": None,
        "email_confirmed_at": context.moment,
        "is_anonymous": False,
        "app_metadata": {**user.app_metadata, **providers(identities)},
        # Only users who signed up have these claims in their metadata; users that the service role
        # made have what it set.
        "user_metadata": {
            name: claims.get(name, value) for name, value in user.user_metadata.items()
        },
    }
    yield store.update(context.dialect, User, user.id, columns)
    return replace(account, user=replace(user, **columns), identities=identities)


def check_email_available(context: Context, email: str) -> UnitOfWork[None]:
    """Raise AuthError (email_exists, 422) when another user has the address."""
    taken = yield from store.one_or_none(context.dialect, User, "email", email)
    if taken is not None:
        raise email_exists()


def email_exists() -> AuthError:
    """Return the error of an address that another user has."""
    return AuthError(
        422, "email_exists", "A user with this email address has already been registered"
    )


def _replace_email_identity(
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
