"""PKCE (RFC 7636) for links in mails: the redirect carries a code instead of a session.

In charge of challenges and of the codes that only the client that requested the mail, and so has
the verifier, can exchange for a session. A code's lifetime starts when the link is opened. Must not
know mails or HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import (
    IssuedSession,
    check_not_banned,
    issue_session,
)
from jotbase.auth.accounts.context import Context
from jotbase.auth.accounts.request_bodies import text
from jotbase.auth.sessions.users import Account
from jotbase.auth.tokens.encoding import encode
from jotbase.auth.tokens.one_time import FlowState, OneTimeToken
from jotbase.auth.tokens.times import epoch
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork

#: The lifetime of a code, in seconds.
LIFETIME = 300

# RFC 7636 sections 4.1 and 4.2: verifier and challenge have 43 to 128 unreserved characters.
_FORM = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_METHODS = {"signup": "email/signup", "email_change_old": "email_change"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """The code challenge, derived from the verifier by `method`: `s256` or `plain`."""

    challenge: str
    method: str


@dataclass(frozen=True, slots=True)
class AuthCode:
    """The code that the redirect carries instead of a session."""

    code: str = field(repr=False)


def read_challenge(body: Mapping[str, Any]) -> Challenge | None:
    """Return the challenge of a request body, None when it has none. Raises AuthError (400)."""
    given, method = text(body, "code_challenge"), text(body, "code_challenge_method").lower()
    if not given and not method:
        return None
    if not given or not method:
        raise _invalid("PKCE flow requires code_challenge_method and code_challenge")
    if method not in ("s256", "plain"):
        raise _invalid("code_challenge_method is neither s256 nor plain")
    if not _FORM.fullmatch(given):
        raise _invalid("code_challenge does not have 43 to 128 unreserved characters")
    return Challenge(given, method)


def _invalid(message: str) -> AuthError:
    return AuthError(400, "validation_failed", message)


def verifier_matches(challenge: Challenge, verifier: str) -> bool:
    """Whether the challenge was derived from the verifier (RFC 7636 section 4.6)."""
    if not _FORM.fullmatch(verifier):
        return False
    derived = verifier
    if challenge.method == "s256":
        derived = encode(hashlib.sha256(verifier.encode()).digest())
    return hmac.compare_digest(derived, challenge.challenge)


def session_or_code(
    context: Context, account: Account, token: OneTimeToken
) -> UnitOfWork[IssuedSession | AuthCode]:
    """Issue a session for an opened link, or a code when its token has a challenge."""
    if token.code_challenge is None:
        return (yield from issue_session(context, account, "otp"))
    # A new code replaces the user's last one, so that one code at a time can be exchanged.
    code = context.new_id(0)
    yield store.delete(context.dialect, FlowState, {"user_id": account.user.id})
    state = FlowState(
        code_hash=_hashed(code),
        user_id=account.user.id,
        code_challenge=token.code_challenge,
        code_challenge_method=token.code_challenge_method or "",
        purpose=token.purpose,
        created_at=context.moment,
    )
    yield store.insert(context.dialect, state)
    return AuthCode(code)


def exchange_code(context: Context, code: str, verifier: str) -> UnitOfWork[IssuedSession]:
    """Issue a session for a code and its verifier.

    Raises AuthError: flow_state_not_found (404), flow_state_expired (422), bad_code_verifier (400),
    user_banned (400). A wrong verifier does not invalidate the code.
    """
    state = yield from store.one_or_none(context.dialect, FlowState, "code_hash", _hashed(code))
    if state is None:
        raise _unknown()
    if context.now >= epoch(state.created_at) + LIFETIME:
        raise AuthError(422, "flow_state_expired", "invalid flow state, flow state has expired")
    if not verifier_matches(Challenge(state.code_challenge, state.code_challenge_method), verifier):
        raise AuthError(
            400, "bad_code_verifier", "code challenge does not match previously saved code verifier"
        )
    account = yield from store.account(context.dialect, "id", state.user_id)
    if account is None:
        raise _unknown()
    check_not_banned(account.user, context.now, 400)
    yield store.delete(context.dialect, FlowState, {"code_hash": state.code_hash})
    return (yield from issue_session(context, account, _METHODS.get(state.purpose, state.purpose)))


def _unknown() -> AuthError:
    message = "invalid flow state, no valid flow state found"
    return AuthError(404, "flow_state_not_found", message)


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode(errors="replace")).hexdigest()
