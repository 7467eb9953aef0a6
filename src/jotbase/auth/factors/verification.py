"""Challenges of second factors and their answers: how a session comes to aal2.

In charge of both units of work, and of how many wrong codes a factor takes. A wrong code is
counted, so that its error is returned and not raised: the count is to be committed. Must not know
HTTP, nor how a code is made (`totp`). Decision 173.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import IssuedSession
from jotbase.auth.accounts.context import Context
from jotbase.auth.factors.enrolment import CHALLENGES_KEPT, own_factor
from jotbase.auth.factors.totp import matching_step
from jotbase.auth.sessions.factors import Factor, FactorChallenge, challenge_error
from jotbase.auth.sessions.sessions import Session, current_token
from jotbase.auth.sessions.users import Account, assurance
from jotbase.auth.tokens.times import epoch, timestamp
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal

#: Wrong codes in a row after which a factor takes none for `LOCKED` seconds.
MAX_WRONG_CODES = 5
LOCKED = 900
#: Challenges of one factor in a minute.
MAX_CHALLENGES = 15


def challenge_factor(
    context: Context, principal: Principal, factor_id: str
) -> UnitOfWork[FactorChallenge]:
    """Create a challenge; several may be open at a time.

    Raises AuthError: mfa_factor_not_found (404), over_request_rate_limit (429).
    """
    account, factor = yield from own_factor(context, principal, factor_id)
    kept = timestamp(context.now - CHALLENGES_KEPT)
    yield store.prune_challenges(context.dialect, factor.id, kept)
    since = timestamp(context.now - 60)
    recent = yield from store.challenges(context.dialect, factor.id, since)
    if len(recent) >= MAX_CHALLENGES:
        raise _too_many(epoch(recent[0].created_at) + 60 - context.now)
    challenge = FactorChallenge(
        context.derived_id("challenge"), factor.id, context.moment, context.client
    )
    yield store.insert(context.dialect, challenge)
    change = {"last_challenged_at": context.moment}
    yield store.update(context.dialect, Factor, factor.id, change)
    yield audit.by_user(context, "challenge_created", account.user, factor_id=factor.id)
    return challenge


def verify_factor(
    context: Context, principal: Principal, factor_id: str, challenge_id: str, code: str
) -> UnitOfWork[IssuedSession | AuthError]:
    """Check a code; a right one raises the caller's session to aal2 and ends all below it.

    Raises AuthError; returns it where a count of wrong codes is to be committed.
    """
    account, factor = yield from own_factor(context, principal, factor_id)
    challenge = yield from store.one_or_none(context.dialect, FactorChallenge, "id", challenge_id)
    fault = challenge_error(challenge, factor, context.client, context.now)
    if fault is not None:
        if fault.code == "mfa_challenge_expired":
            yield store.delete(context.dialect, FactorChallenge, {"id": challenge_id})
        return fault
    wrong = factor.wrong_codes if _is_recent(factor, context.now) else 0
    if wrong >= MAX_WRONG_CODES:
        raise _too_many(epoch(factor.wrong_code_at or "") + LOCKED - context.now)
    yield audit.by_user(context, "verification_attempted", account.user, factor_id=factor.id)
    step = matching_step(factor.secret, code, context.now, factor.last_step)
    if step is None:
        change: dict[str, Any] = {"wrong_codes": wrong + 1, "wrong_code_at": context.moment}
        yield store.update(context.dialect, Factor, factor.id, change)
        return AuthError(422, "mfa_verification_failed", "Invalid TOTP code entered")
    account = yield from _accept(context, account, factor, challenge_id, step)
    return (yield from _raise_session(context, principal, account, factor))


def _is_recent(factor: Factor, now: float) -> bool:
    return factor.wrong_code_at is not None and now < epoch(factor.wrong_code_at) + LOCKED


def _too_many(wait: float) -> AuthError:
    return AuthError(
        429,
        "over_request_rate_limit",
        "Request rate limit reached",
        extra={"retry_after": max(1, math.ceil(wait))},
    )


def _accept(
    context: Context, account: Account, factor: Factor, challenge_id: str, step: int
) -> UnitOfWork[Account]:
    """Use challenge and code up; return the account with its factors as of before the deletion of
    those of this type that were never verified, as GoTrue does.
    """
    change: dict[str, Any] = {
        "status": "verified",
        "updated_at": context.moment,
        "last_step": step,
        "wrong_codes": 0,
        "wrong_code_at": None,
    }
    yield store.update(context.dialect, Factor, factor.id, change)
    used = {"verified_at": context.moment}
    yield store.update(context.dialect, FactorChallenge, challenge_id, used)
    for other in account.factors:
        is_same_type = other.factor_type == factor.factor_type
        if other.id != factor.id and is_same_type and not other.is_verified:
            yield store.delete(context.dialect, Factor, {"id": other.id})
    verified = replace(factor, **change)
    factors = tuple(verified if one.id == factor.id else one for one in account.factors)
    return replace(account, factors=factors)


def _raise_session(
    context: Context, principal: Principal, account: Account, factor: Factor
) -> UnitOfWork[IssuedSession]:
    """Raise the session to aal2. It keeps its id; its earlier refresh tokens end with their key, or
    a copy made before the second factor would be worth as much as after it.
    """
    session = yield from store.one_or_none(
        context.dialect, Session, "id", principal.session_id or ""
    )
    if session is None:
        raise AuthError(
            403, "session_not_found", "Session from session_id claim in JWT does not exist"
        )
    passed = {"method": factor.factor_type, "timestamp": int(context.now)}
    amr = (passed, *(one for one in session.amr if one["method"] != factor.factor_type))
    change: dict[str, Any] = {
        "aal": assurance(amr),
        "amr": amr,
        "factor_id": factor.id,
        "refresh_key": context.session_key,
        "refresh_counter": session.refresh_counter + 2,
        "refreshed_at": context.moment,
        "updated_at": context.moment,
        "user_agent": context.user_agent,
    }
    yield store.update(context.dialect, Session, session.id, change)
    for other in (yield from store.sessions(context.dialect, account.user.id)):
        if other.aal != "aal2":
            yield store.delete(context.dialect, Session, {"id": other.id})
    raised = replace(session, **change)
    return IssuedSession(account, raised, current_token(raised))
