"""Enrolling, renaming and deleting second factors, by their users and by the service role.

In charge of each operation as a unit of work. What a deletion does to sessions is a trigger's
(`revocation_triggers`). Must not know HTTP, nor check codes (`verification`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import current_account
from jotbase.auth.accounts.context import Context
from jotbase.auth.factors.totp import encode_secret, provisioning_uri
from jotbase.auth.sessions.factors import Factor
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Account
from jotbase.auth.tokens.times import timestamp
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal

#: The most factors of a user, unverified ones counted.
MAX_FACTORS = 10
#: Seconds after which an unverified factor without a challenge is deleted.
UNVERIFIED_LIFETIME = 300
#: Seconds for which challenges are kept, so that a late answer learns that it is late.
CHALLENGES_KEPT = 3600
LONGEST_NAME = 255
#: Bytes of the URI: what the largest QR code holds at level M (ISO/IEC 18004, version 40).
LONGEST_URI = 2331


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new factor and the URI that an authenticator app reads."""

    factor: Factor
    uri: str = field(repr=False)


def enrol_totp(
    context: Context, principal: Principal, name: str, issuer: str
) -> UnitOfWork[Enrolled]:
    """Create an unverified factor with a new secret, which is returned this once.

    Raises AuthError: validation_failed (400) for a name or issuer that is too long,
    mfa_factor_name_conflict, too_many_enrolled_mfa_factors (422), insufficient_aal (403) where the
    user has a verified factor that this session did not pass.
    """
    before = timestamp(context.now - UNVERIFIED_LIFETIME)
    kept = timestamp(context.now - CHALLENGES_KEPT)
    yield from store.prune_factors(context.dialect, before, kept)
    account = yield from current_account(context, principal)
    _check_name(account, name)
    if len(account.factors) >= MAX_FACTORS:
        raise AuthError(
            422,
            "too_many_enrolled_mfa_factors",
            "Maximum number of verified factors reached, unenroll to continue",
        )
    if account.has_second_factor and not (yield from has_aal2(context, principal)):
        raise AuthError(403, "insufficient_aal", "AAL2 required to enroll a new factor")
    factor = Factor(
        id=context.derived_id("factor"),
        user_id=account.user.id,
        created_at=context.moment,
        updated_at=context.moment,
        factor_type="totp",
        status="unverified",
        friendly_name=name,
        secret=encode_secret(context.factor_secret),
    )
    issuer = issuer or urlsplit(context.policy.site_url).hostname or "jotbase"
    holder = account.user.email or account.user.phone or account.user.id
    uri = provisioning_uri(factor.secret, issuer, holder)
    if len(uri) > LONGEST_URI:
        raise AuthError(400, "validation_failed", "issuer is too long for a QR code")
    yield store.insert(context.dialect, factor)
    yield audit.by_user(context, "factor_in_progress", account.user, factor_id=factor.id)
    return Enrolled(factor, uri)


def _check_name(account: Account, name: str, but: str = "") -> None:
    if len(name) > LONGEST_NAME:
        raise AuthError(
            400, "validation_failed", f"friendly_name is longer than {LONGEST_NAME} characters"
        )
    if any(one.friendly_name == name and one.id != but for one in account.factors):
        raise AuthError(
            422,
            "mfa_factor_name_conflict",
            f'A factor with the friendly name "{name}" for this user already exists',
        )


def has_aal2(context: Context, principal: Principal) -> UnitOfWork[bool]:
    """Read whether the caller's session has passed a second factor: by its row, not its token."""
    session = yield from store.one_or_none(
        context.dialect, Session, "id", principal.session_id or ""
    )
    return session is not None and session.aal == "aal2"


def factor_of(account: Account, factor_id: str) -> Factor:
    """Return one of the account's factors. Raises AuthError (mfa_factor_not_found, 404)."""
    for factor in account.factors:
        if factor.id == factor_id:
            return factor
    raise AuthError(404, "mfa_factor_not_found", "Factor not found")


def own_factor(
    context: Context, principal: Principal, factor_id: str
) -> UnitOfWork[tuple[Account, Factor]]:
    """Read the caller's account and one of its factors. Raises AuthError."""
    account = yield from current_account(context, principal)
    return account, factor_of(account, factor_id)


def unenrol(context: Context, principal: Principal, factor_id: str) -> UnitOfWork[None]:
    """Delete one of the caller's factors. Raises AuthError (insufficient_aal, 422)."""
    account, factor = yield from own_factor(context, principal, factor_id)
    if factor.is_verified and not (yield from has_aal2(context, principal)):
        raise AuthError(422, "insufficient_aal", "AAL2 required to unenroll verified factor")
    yield store.delete(context.dialect, Factor, {"id": factor.id})
    yield audit.by_user(context, "factor_unenrolled", account.user, factor_id=factor.id)


def delete_by_service(context: Context, account: Account, factor_id: str) -> UnitOfWork[Factor]:
    """Delete a factor of any user, and return it."""
    factor = factor_of(account, factor_id)
    yield store.delete(context.dialect, Factor, {"id": factor.id})
    yield audit.by_service(context, "factor_deleted", account.user, factor_id=factor.id)
    return factor


def rename_by_service(
    context: Context, account: Account, factor_id: str, name: str | None
) -> UnitOfWork[Factor]:
    """Rename a factor of any user if a name is given, and return it."""
    factor = factor_of(account, factor_id)
    if name is None:
        return factor
    _check_name(account, name, factor.id)
    change = {"friendly_name": name, "updated_at": context.moment}
    yield store.update(context.dialect, Factor, factor.id, change)
    yield audit.by_service(context, "factor_updated", account.user, factor_id=factor.id)
    return replace(factor, friendly_name=name, updated_at=context.moment)
