"""Changing the e-mail address: requested by the user, confirmed from both addresses.

In charge of the mails to the old and the new address and of their verification. The address changes
once both are confirmed, in any order (GoTrue's `secure_email_change`), so that neither a stolen
session nor a mistyped address loses the account. Must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import (
    IssuedSession,
    check_not_banned,
    issue_session,
)
from jotbase.auth.accounts.address import replace_address
from jotbase.auth.accounts.context import Context
from jotbase.auth.mail import attempt_log
from jotbase.auth.mail.mail_tokens import MailDraft, check_mail_interval, issue_mail
from jotbase.auth.mail.messages import PendingMail
from jotbase.auth.mail.pkce import AuthCode, Challenge, session_or_code
from jotbase.auth.sessions.users import Account, User
from jotbase.auth.tokens.one_time import (
    SLOTS,
    OneTimeToken,
    is_expired,
    is_valid_for,
    link_token,
    stored_hash,
)
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork

_KIND = "email_change"


@dataclass(frozen=True, slots=True)
class SecondConfirmationPending:
    """The result of the first of two confirmations; the other one is still needed."""

    message: str = (
        "Confirmation link accepted. Please proceed to confirm link sent to the other email"
    )


def request_email_change(
    context: Context, user: User, new_email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Return the mails to the new address, and to the old one if the user has one.

    Raises AuthError (over_email_send_rate_limit, 429).
    """
    yield from check_mail_interval(context, _KIND, user.email or new_email)
    mail = yield from issue_mail(
        context, MailDraft(user, new_email, "email_change_new", "email_change", _KIND, challenge)
    )
    if not user.email:
        return (mail,)
    draft = MailDraft(
        user, user.email, "email_change_current", "email_change_old", _KIND, challenge
    )
    return (mail, (yield from issue_mail(context, draft, 1)))


def resend_email_change(
    context: Context, email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Return both mails again for a user with a pending change, () when there is no such user."""
    account = yield from store.account(context.dialect, "email", email)
    if account is None or account.user.new_email is None:
        yield from check_mail_interval(context, _KIND, email)
        return ()
    return (
        yield from request_email_change(context, account.user, account.user.new_email, challenge)
    )


def verify_change_code(
    context: Context, email: str, code: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending | AuthError]:
    """Verify the code that was mailed to that address.

    Returns AuthError (otp_expired, 403) for a wrong code, so that its count is committed.
    """
    slots = SLOTS[_KIND]
    locked = yield from attempt_log.locked_slots(
        context.dialect, context.policy, context.now, slots, email
    )
    found = yield from _find(context, link_token(context.token_key, email, code))
    if found is None or found[1].slot in locked:
        yield from attempt_log.record_failed_code(context.dialect, context.now, slots, email)
        return AuthError(403, "otp_expired", "Token has expired or is invalid")
    yield from attempt_log.reset_failed_codes(context.dialect, slots, email)
    result = yield from _confirm_address(context, *found)
    return (
        result
        if isinstance(result, SecondConfirmationPending)
        else (yield from issue_session(context, result, "otp"))
    )


def verify_change_link(
    context: Context, token: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending]:
    """Verify a link's token and issue a session after the second confirmation.

    Raises AuthError: otp_expired, user_banned (403), email_exists (422).
    """
    result, _ = yield from _redeem_link(context, token)
    return (
        result
        if isinstance(result, SecondConfirmationPending)
        else (yield from issue_session(context, result, "otp"))
    )


def open_change_link(
    context: Context, token: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending | AuthCode]:
    """Verify the token of an opened link; in a PKCE flow the result is a code, not a session.

    Raises AuthError as `verify_change_link` does.
    """
    result, redeemed = yield from _redeem_link(context, token)
    return (
        result
        if isinstance(result, SecondConfirmationPending)
        else (yield from session_or_code(context, result, redeemed))
    )


def _redeem_link(
    context: Context, token: str
) -> UnitOfWork[tuple[Account | SecondConfirmationPending, OneTimeToken]]:
    found = yield from _find(context, token)
    if found is None:
        raise AuthError(403, "otp_expired", "Email link is invalid or has expired")
    return (yield from _confirm_address(context, *found)), found[1]


def _find(context: Context, link: str) -> UnitOfWork[tuple[Account, OneTimeToken] | None]:
    token = yield from store.one_or_none(
        context.dialect, OneTimeToken, "token_hash", stored_hash(link)
    )
    if token is None or is_expired(token, context.now, context.policy.otp_expiry):
        return None
    account = yield from store.account(context.dialect, "id", token.user_id)
    if account is None:
        return None
    is_new = token.slot == "email_change_new"
    address = account.user.new_email if is_new else account.user.email
    return (account, token) if is_valid_for(token, _KIND, address) else None


def _confirm_address(
    context: Context, account: Account, token: OneTimeToken
) -> UnitOfWork[Account | SecondConfirmationPending]:
    user = account.user
    check_not_banned(user, context.now)
    tokens = yield from store.one_time_tokens(context.dialect, user.id)
    yield store.delete(context.dialect, OneTimeToken, {"token_hash": token.token_hash})
    # The other mail's token still exists: its address is not confirmed, even if it has expired.
    if any(one.slot.startswith(_KIND) and one.slot != token.slot for one in tokens):
        return SecondConfirmationPending()
    if user.new_email is None:
        raise AuthError(403, "otp_expired", "Email link is invalid or has expired")
    return (yield from replace_address(context, account, user.new_email))
