"""A letter written: its token stored, the last one of its slot gone, the time noted.

In charge of the unit of work that all mails share. Must not know why one is written (`by_mail`,
`email_change`) nor in which words (`mails`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jotbase.auth import ledger, store
from jotbase.auth.accounts import Context
from jotbase.auth.mails import Letter, Purpose
from jotbase.auth.one_time import PKCE, OneTimeToken, Slot, link_token, new_code, stored_hash
from jotbase.auth.pkce import Challenge
from jotbase.auth.users import User
from jotbase.sql.units import UnitOfWork

_SENT_AT: dict[Slot, str] = {
    "confirmation": "confirmation_sent_at",
    "recovery": "recovery_sent_at",
    "email_change_new": "email_change_sent_at",
    "email_change_current": "email_change_sent_at",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a letter is to be: to whom, what about, and the `type` that `/verify` takes it by."""

    user: User
    to: str
    slot: Slot
    purpose: Purpose
    verification: str
    challenge: Challenge | None = None


def space_out(context: Context, slot: str, email: str) -> UnitOfWork[None]:
    """Note that a mail is asked for. Raises AuthError (over_email_send_rate_limit, 429)."""
    yield from ledger.space_out(context.dialect, context.policy, context.now, slot, email)


def write(context: Context, draft: Draft, number: Literal[0, 1] = 0) -> UnitOfWork[Letter]:
    """Store the token of a letter and return the letter; two of one context need two numbers."""
    challenge = draft.challenge
    code = new_code(context.code_bytes(number), context.policy.otp_length)
    token = link_token(context.token_key, draft.to, code)
    replaced = {"user_id": draft.user.id, "slot": draft.slot}
    yield from ledger.note_mail(context.dialect, context.now)
    yield store.delete(context.dialect, OneTimeToken, replaced)
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
        ),
    )
    shown = PKCE + token if challenge else token
    sent = {_SENT_AT[draft.slot]: context.moment}
    yield store.update(context.dialect, User, draft.user.id, sent)
    return Letter(draft.purpose, draft.verification, draft.to, code, shown)
