"""Another address: asked for by its user, and confirmed by both its owners.

In charge of the letters to the old and the new address, and of what a proof of either comes to: the
change waits until both are there, in any order, so that neither a stolen session nor a mistyped
address takes an account away. Must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import Context, IssuedSession, check_not_banned, issue_session
from jotbase.auth.accounts.address import replace_address
from jotbase.auth.mail import attempt_log as ledger
from jotbase.auth.mail.mail_tokens import MailDraft, check_mail_interval, issue_mail
from jotbase.auth.mail.messages import PendingMail
from jotbase.auth.mail.pkce import AuthCode, Challenge, session_or_code
from jotbase.auth.sessions.users import Account, User
from jotbase.auth.tokens.one_time import (
    SLOTS,
    OneTimeToken,
    is_over,
    link_token,
    proves,
    stored_hash,
)
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork

_KIND = "email_change"


@dataclass(frozen=True, slots=True)
class SecondConfirmationPending:
    """One of two addresses is confirmed; the other is awaited."""

    message: str = (
        "Confirmation link accepted. Please proceed to confirm link sent to the other email"
    )


def request_email_change(
    context: Context, user: User, new_email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Write to the new address, and to the old one if there is one.

    Raises AuthError (over_email_send_rate_limit, 429).
    """
    yield from check_mail_interval(context, _KIND, user.email or new_email)
    letter = yield from issue_mail(
        context, MailDraft(user, new_email, "email_change_new", "email_change", _KIND, challenge)
    )
    if not user.email:
        return (letter,)
    draft = MailDraft(
        user, user.email, "email_change_current", "email_change_old", _KIND, challenge
    )
    return (letter, (yield from issue_mail(context, draft, 1)))


def resend_email_change(
    context: Context, email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Write both letters again to a user whose change is pending; none when there is no such."""
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
    """Take the code that was mailed to that address; a wrong one is counted."""
    slots = SLOTS[_KIND]
    worn = yield from ledger.locked_slots(
        context.dialect, context.policy, context.now, slots, email
    )
    found = yield from _find(context, link_token(context.token_key, email, code))
    if found is None or found[1].slot in worn:
        yield from ledger.record_failed_code(context.dialect, context.now, slots, email)
        return AuthError(403, "otp_expired", "Token has expired or is invalid")
    yield from ledger.reset_failed_codes(context.dialect, slots, email)
    proved = yield from _proved(context, *found)
    return (
        proved
        if isinstance(proved, SecondConfirmationPending)
        else (yield from issue_session(context, proved, "otp"))
    )


def verify_change_link(
    context: Context, token: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending]:
    """Take a link's token. Raises AuthError: otp_expired, user_banned (403), email_exists (422)."""
    proved, _ = yield from _linked(context, token)
    return (
        proved
        if isinstance(proved, SecondConfirmationPending)
        else (yield from issue_session(context, proved, "otp"))
    )


def open_change_link(
    context: Context, token: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending | AuthCode]:
    """Take a link that was opened, in a PKCE flow for a code. Raises as `verify_change_link`."""
    proved, proof = yield from _linked(context, token)
    return (
        proved
        if isinstance(proved, SecondConfirmationPending)
        else (yield from session_or_code(context, proved, proof))
    )


def _linked(
    context: Context, token: str
) -> UnitOfWork[tuple[Account | SecondConfirmationPending, OneTimeToken]]:
    found = yield from _find(context, token)
    if found is None:
        raise AuthError(403, "otp_expired", "Email link is invalid or has expired")
    return (yield from _proved(context, *found)), found[1]


def _find(context: Context, link: str) -> UnitOfWork[tuple[Account, OneTimeToken] | None]:
    token = yield from store.one(context.dialect, OneTimeToken, "token_hash", stored_hash(link))
    if token is None or is_over(token, context.now, context.policy.otp_expiry):
        return None
    account = yield from store.account(context.dialect, "id", token.user_id)
    if account is None:
        return None
    is_new = token.slot == "email_change_new"
    address = account.user.new_email if is_new else account.user.email
    return (account, token) if proves(token, _KIND, address) else None


def _proved(
    context: Context, account: Account, token: OneTimeToken
) -> UnitOfWork[Account | SecondConfirmationPending]:
    user = account.user
    check_not_banned(user, context.now)
    tokens = yield from store.one_time_tokens(context.dialect, user.id)
    yield store.delete(context.dialect, OneTimeToken, {"token_hash": token.token_hash})
    # A letter that is still unread is a proof that is still wanting, however old it is.
    if any(one.slot.startswith(_KIND) and one.slot != token.slot for one in tokens):
        return SecondConfirmationPending()
    if user.new_email is None:
        raise AuthError(403, "otp_expired", "Email link is invalid or has expired")
    return (yield from replace_address(context, account, user.new_email))
