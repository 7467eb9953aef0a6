"""Issuing the one-time token of a mail: stored, its predecessor deleted, the rate recorded.

In charge of the unit of work that all flows by mail share. Must not know the flow (`flows`,
`email_change`) nor the mail's text (`messages`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from jotbase.auth.accounts import store
from jotbase.auth.accounts.context import Context
from jotbase.auth.mail import attempt_log
from jotbase.auth.mail.messages import PendingMail, Purpose
from jotbase.auth.mail.pkce import Challenge
from jotbase.auth.mail.templates import language_of
from jotbase.auth.sessions.users import User
from jotbase.auth.tokens.one_time import PKCE, OneTimeToken, Slot, link_token, new_code, stored_hash
from jotbase.sql.units import UnitOfWork

_SENT_AT: dict[Slot, str] = {
    "confirmation": "confirmation_sent_at",
    "recovery": "recovery_sent_at",
    "email_change_new": "email_change_sent_at",
    "email_change_current": "email_change_sent_at",
    "reauthentication": "reauthentication_sent_at",
}


@dataclass(frozen=True, slots=True)
class RequestedOptions:
    """The password and metadata of a sign-up, which become the account's when the token is used.

    Each client (`client_address`) that signs up with the same address has its own token.
    """

    client: str
    password_hash: str | None = field(default=None, repr=False)
    data: dict[str, Any] = field(default_factory=dict)


#: The options of a mail that sets neither password nor metadata.
NO_OPTIONS = RequestedOptions("")

#: For how many clients an address has a valid token of one slot; the oldest is deleted first.
MAX_PENDING_MAILS = 5


@dataclass(frozen=True, slots=True)
class MailDraft:
    """A mail to be issued; `verification` is the `type` of `/verify` in its link."""

    user: User
    to: str
    slot: Slot
    purpose: Purpose
    verification: str
    challenge: Challenge | None = None
    options: RequestedOptions = NO_OPTIONS


def check_mail_interval(context: Context, slot: str, email: str) -> UnitOfWork[None]:
    """Record the request of a mail. Raises AuthError (over_email_send_rate_limit, 429)."""
    yield from attempt_log.record_mail_request(
        context.dialect, context.policy, context.now, slot, email
    )


def issue_mail(
    context: Context, draft: MailDraft, number: Literal[0, 1] = 0
) -> UnitOfWork[PendingMail]:
    """Store the token of a mail, count the mail, and return it to be sent."""
    yield from attempt_log.record_mail_sent(context.dialect, context.now)
    return (yield from issue_token(context, draft, number))


def issue_token(
    context: Context, draft: MailDraft, number: Literal[0, 1] = 0
) -> UnitOfWork[PendingMail]:
    """Store the token of a mail, which may be sent or not.

    `number` selects the random bytes of the code: two mails of one context need different ones.
    """
    challenge = draft.challenge
    code = new_code(context.code_bytes(number), context.policy.otp_length)
    token = link_token(context.token_key, draft.to, code)
    yield from attempt_log.reset_failed_codes(context.dialect, (draft.slot,), draft.to)
    yield from _delete_superseded(context, draft)
    yield store.insert(
        context.dialect,
        OneTimeToken(
            token_hash=stored_hash(token),
            user_id=draft.user.id,
            slot=draft.slot,
            purpose=draft.purpose,
            email=draft.to,
            created_at=context.moment,
            code_challenge=challenge.challenge if challenge else None,
            code_challenge_method=challenge.method if challenge else None,
            client=draft.options.client,
            encrypted_password=draft.options.password_hash,
            data=draft.options.data,
        ),
    )
    in_link = PKCE + token if challenge else token
    sent = {_SENT_AT[draft.slot]: context.moment}
    yield store.update(context.dialect, User, draft.user.id, sent)
    language = language_of(draft.options.data, draft.user.user_metadata)
    return PendingMail(
        draft.purpose, draft.verification, draft.to, code, in_link, draft.user, language
    )


def _delete_superseded(context: Context, draft: MailDraft) -> UnitOfWork[None]:
    waiting = yield from store.one_time_tokens(context.dialect, draft.user.id)
    same = [one for one in waiting if one.slot == draft.slot]
    others = [one for one in same if one.client != draft.options.client]
    kept = others[: MAX_PENDING_MAILS - 1]
    for one in same:
        if one not in kept:
            yield store.delete(context.dialect, OneTimeToken, {"token_hash": one.token_hash})
