"""An address put in the place of another, in the user and its identity.

In charge of the change itself, once it is settled. Must not know who settled it: a project without
confirmation (`own_account`), the service role (`administration`), or two letters (`email_change`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import Context, email_identity
from jotbase.auth.sessions.users import Account, Identity, User, providers
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork


def replace_address(context: Context, account: Account, email: str) -> UnitOfWork[Account]:
    """Give the user another address; an anonymous user ceases to be one.

    Raises AuthError (email_exists, 422).
    """
    yield from check_free(context, email)
    user = account.user
    identities = yield from _readdressed(context, account, email)
    claims = {"email": email, "email_verified": True}
    columns: dict[str, Any] = {
        "email": email,
        "new_email": None,
        "email_confirmed_at": context.moment,
        "is_anonymous": False,
        "app_metadata": {**user.app_metadata, **providers(identities)},
        # The claims are there only of who signed up; the service role's users have its words.
        "user_metadata": {
            name: claims.get(name, value) for name, value in user.user_metadata.items()
        },
    }
    yield store.update(context.dialect, User, user.id, columns)
    return Account(replace(user, **columns), identities)


def check_free(context: Context, email: str) -> UnitOfWork[None]:
    """Raise AuthError (email_exists, 422) when another user has the address."""
    taken = yield from store.one(context.dialect, User, "email", email)
    if taken is not None:
        raise email_taken()


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
