"""Reauthentication: a mailed code that a signed-in user needs for a new password.

In charge of issuing and using the code (`nonce`) and of when one is needed. Must not know HTTP,
nor change a password (`changes.own_account`).
"""

from __future__ import annotations

import hmac
from typing import Final

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import current_account
from jotbase.auth.accounts.context import Context
from jotbase.auth.mail import attempt_log
from jotbase.auth.mail.mail_tokens import MailDraft, check_mail_interval, issue_mail
from jotbase.auth.mail.messages import PendingMail
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import User
from jotbase.auth.tokens.one_time import OneTimeToken, is_expired, link_token, stored_hash
from jotbase.auth.tokens.times import epoch
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal

_SLOT: Final = "reauthentication"

#: The age in seconds up to which a session may set a password without a code, as in GoTrue.
RECENT = 86_400


def request_reauthentication(
    context: Context, principal: Principal
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Issue a code to the user's own address.

    Raises AuthError: validation_failed (400) without an address, email_not_confirmed (422),
    over_email_send_rate_limit (429), and what `current_account` raises.
    """
    user = (yield from current_account(context, principal)).user
    if not user.email:
        raise AuthError(
            400,
            "validation_failed",
            "Reauthentication requires the user to have an email or a phone number",
        )
    if user.confirmed_at is None:
        raise AuthError(422, "email_not_confirmed", "Please verify your email first.")
    yield from check_mail_interval(context, _SLOT, user.email)
    yield audit.by_user(context, "user_reauthenticate_requested", user)
    mail = yield from issue_mail(context, MailDraft(user, user.email, _SLOT, _SLOT, _SLOT))
    return (mail,)


def needs_reauthentication(context: Context, principal: Principal) -> UnitOfWork[bool]:
    """Read whether this session needs a code to set a password."""
    if not context.policy.secure_password_change:
        return False
    session = yield from store.one_or_none(
        context.dialect, Session, "id", principal.session_id or ""
    )
    return session is None or context.now > epoch(session.created_at) + RECENT


def use_nonce(context: Context, user: User, nonce: str) -> UnitOfWork[AuthError | None]:
    """Use a code once; a wrong one is counted, so that the error is returned and not raised."""
    email, slots = user.email or "", (_SLOT,)
    worn = yield from attempt_log.locked_slots(
        context.dialect, context.policy, context.now, slots, email
    )
    wanted = stored_hash(link_token(context.token_key, email, nonce))
    waiting = yield from store.one_time_tokens(context.dialect, user.id)
    fitting = [one for one in waiting if one.slot == _SLOT and _fits(one, context, wanted)]
    if worn or not fitting:
        yield from attempt_log.record_failed_code(context.dialect, context.now, slots, email)
        return AuthError(422, "reauthentication_not_valid", "Nonce has expired or is invalid")
    yield from attempt_log.reset_failed_codes(context.dialect, slots, email)
    yield store.delete(context.dialect, OneTimeToken, {"token_hash": wanted})
    return None


def _fits(token: OneTimeToken, context: Context, wanted: str) -> bool:
    return hmac.compare_digest(token.token_hash, wanted) and not is_expired(
        token, context.now, context.policy.otp_expiry
    )
