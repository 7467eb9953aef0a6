"""A letter written: its token stored, the last one of its slot gone, the time noted.

In charge of the unit of work that all mails share. Must not know why one is written (`flows`,
`email_change`) nor in which words (`messages`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import Context
from jotbase.auth.mail import attempt_log as ledger
from jotbase.auth.mail.messages import PendingMail, Purpose
from jotbase.auth.mail.pkce import Challenge
from jotbase.auth.sessions.users import User
from jotbase.auth.tokens.one_time import PKCE, OneTimeToken, Slot, link_token, new_code, stored_hash
from jotbase.sql.units import UnitOfWork

_SENT_AT: dict[Slot, str] = {
    "confirmation": "confirmation_sent_at",
    "recovery": "recovery_sent_at",
    "email_change_new": "email_change_sent_at",
    "email_change_current": "email_change_sent_at",
}


@dataclass(frozen=True, slots=True)
class RequestedOptions:
    """What a request asks for besides a letter; it becomes the account's with the letter's proof.

    Requests of other clients keep their letters to the same address beside this one's.
    """

    client: str
    password_hash: str | None = field(default=None, repr=False)
    data: dict[str, Any] = field(default_factory=dict)


#: A request for a letter, and nothing that would wait for its proof.
NOTHING = RequestedOptions("")

#: How many clients' letters to one address are good at a time; the oldest goes first.
MOST_LETTERS = 5


@dataclass(frozen=True, slots=True)
class MailDraft:
    """What a letter is to be: to whom, what about, and the `type` that `/verify` takes it by."""

    user: User
    to: str
    slot: Slot
    purpose: Purpose
    verification: str
    challenge: Challenge | None = None
    asked: RequestedOptions = NOTHING


def check_mail_interval(context: Context, slot: str, email: str) -> UnitOfWork[None]:
    """Note that a mail is asked for. Raises AuthError (over_email_send_rate_limit, 429)."""
    yield from ledger.record_mail_request(context.dialect, context.policy, context.now, slot, email)


def issue_mail(
    context: Context, draft: MailDraft, number: Literal[0, 1] = 0
) -> UnitOfWork[PendingMail]:
    """Store the token of a letter and return the letter; two of one context need two numbers."""
    challenge = draft.challenge
    code = new_code(context.code_bytes(number), context.policy.otp_length)
    token = link_token(context.token_key, draft.to, code)
    yield from ledger.record_mail_sent(context.dialect, context.now)
    yield from ledger.reset_failed_codes(context.dialect, (draft.slot,), draft.to)
    yield from _make_room(context, draft)
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
            client=draft.asked.client,
            encrypted_password=draft.asked.password_hash,
            data=draft.asked.data,
        ),
    )
    shown = PKCE + token if challenge else token
    sent = {_SENT_AT[draft.slot]: context.moment}
    yield store.update(context.dialect, User, draft.user.id, sent)
    return PendingMail(draft.purpose, draft.verification, draft.to, code, shown)


def _make_room(context: Context, draft: MailDraft) -> UnitOfWork[None]:
    waiting = yield from store.one_time_tokens(context.dialect, draft.user.id)
    same = [one for one in waiting if one.slot == draft.slot]
    others = [one for one in same if one.client != draft.asked.client]
    kept = others[: MOST_LETTERS - 1]
    for one in same:
        if one not in kept:
            yield store.delete(context.dialect, OneTimeToken, {"token_hash": one.token_hash})
