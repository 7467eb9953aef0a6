"""Identities of an account: unlinking one, and what becomes of the address that it carried.

In charge of the unit of work. Must not know HTTP, nor how identities are linked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import current_account
from jotbase.auth.accounts.context import Context
from jotbase.auth.changes.own_account import check_assurance
from jotbase.auth.sessions.users import Account, Identity, User, providers
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal


def unlink_identity(
    context: Context, principal: Principal, identity_id: str
) -> UnitOfWork[Account]:
    """Delete one of the caller's identities; without the one that carries the user's address,
    another one's becomes it.

    Raises AuthError (422): single_identity_not_deletable, identity_not_found,
    email_conflict_identity_not_deletable; and insufficient_aal (401) where the address would
    change.
    """
    account = yield from current_account(context, principal)
    if len(account.identities) < 2:
        raise AuthError(
            422,
            "single_identity_not_deletable",
            "User must have at least 1 identity after unlinking",
        )
    gone = next((one for one in account.identities if one.identity_id == identity_id), None)
    if gone is None:
        raise AuthError(422, "identity_not_found", "Identity doesn't exist")
    left = tuple(one for one in account.identities if one is not gone)
    columns: dict[str, Any] = {
        "app_metadata": {**account.user.app_metadata, **providers(left)},
        "updated_at": context.moment,
    }
    if gone.provider == "phone":
        columns |= {"phone": None, "phone_confirmed_at": None}
    if _carries(gone, account.user) and not any(_carries(one, account.user) for one in left):
        yield from check_assurance(context, principal, account)
        columns |= yield from _promoted(context, account.user, left)
    yield store.delete(context.dialect, Identity, {"identity_id": identity_id})
    yield store.update(context.dialect, User, account.user.id, columns)
    yield audit.by_user(
        context, "identity_unlinked", account.user, provider=gone.provider, identity_id=identity_id
    )
    return replace(account, user=replace(account.user, **columns), identities=left)


def _carries(identity: Identity, user: User) -> bool:
    return user.email is not None and identity.email == user.email


def _promoted(
    context: Context, user: User, left: tuple[Identity, ...]
) -> UnitOfWork[dict[str, Any]]:
    """Return the columns of the address that the user has from now on: a verified one first."""
    some = [one for one in left if one.email]
    some.sort(key=lambda one: one.identity_data.get("email_verified") is not True)
    for one in some:
        taken = yield from store.one_or_none(context.dialect, User, "email", one.email or "")
        if taken is None or taken.id == user.id:
            is_verified = one.identity_data.get("email_verified") is True
            confirmed = is_verified or context.policy.autoconfirm
            return {
                "email": one.email,
                "new_email": None,
                "email_confirmed_at": user.email_confirmed_at if confirmed else None,
            }
    if some:
        raise AuthError(
            422,
            "email_conflict_identity_not_deletable",
            "Unable to unlink identity due to email conflict",
        )
    return {"email": None, "new_email": None, "email_confirmed_at": None}
