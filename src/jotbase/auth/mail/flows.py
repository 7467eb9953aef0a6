"""What users do by mail: ask for a letter, and prove that they read it.

In charge of each as a unit of work. A letter is returned, to be sent once the unit is committed.
Whether anybody has the address is told by no answer (OWASP, Forgot Password Cheat Sheet). Must not
send, sign, or know HTTP.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Any

from jotbase.auth.accounts import store
from jotbase.auth.accounts.accounts import (
    Context,
    IssuedSession,
    add_user,
    check_not_banned,
    email_identity,
    issue_session,
    new_user,
)
from jotbase.auth.accounts.request_bodies import check_metadata
from jotbase.auth.mail import attempt_log as ledger
from jotbase.auth.mail.mail_tokens import (
    MailDraft,
    RequestedOptions,
    check_mail_interval,
    issue_mail,
)
from jotbase.auth.mail.messages import PendingMail, Purpose
from jotbase.auth.mail.pkce import AuthCode, Challenge, session_or_code
from jotbase.auth.sessions.users import CLAIMS, Account, Identity, User, merged, providers
from jotbase.auth.tokens.one_time import (
    SLOTS,
    OneTimeToken,
    Slot,
    is_over,
    link_token,
    proves,
    stored_hash,
)
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork


@dataclass(frozen=True, slots=True)
class SignedUp:
    """The user as the caller may see it, and the letter that confirms it, if one is due."""

    account: Account
    letters: tuple[PendingMail, ...] = ()


def request_recovery(
    context: Context, email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Write to a user who forgot the password; none when nobody has the address.

    Raises AuthError (over_email_send_rate_limit, 429), alike for every address.
    """
    yield from check_mail_interval(context, "recovery", email)
    account = yield from store.account(context.dialect, "email", email)
    if account is None:
        return ()
    return (
        (yield from issue_mail(context, _draft(account.user, "recovery", "recovery", challenge))),
    )


def sign_up_by_mail(
    context: Context,
    email: str,
    password_hash: str,
    data: dict[str, Any],
    challenge: Challenge | None = None,
) -> UnitOfWork[SignedUp]:
    """Make a user who has yet to confirm the address; one who has not yet is written to again.

    Password and metadata are the account's only with the proof of this request's own letter: until
    then anybody may have sent them. The answer does not tell a known address from a new one. Raises
    AuthError (over_email_send_rate_limit, 429).
    """
    yield from check_mail_interval(context, "confirmation", email)
    account = yield from store.account(context.dialect, "email", email)
    if account is not None and account.user.confirmed_at is not None:
        return SignedUp(
            _as_asked(context, replace(new_user(context, email=email, data={}), role=""), data)
        )
    if account is None:
        account = yield from add_user(context, new_user(context, email=email, data={}), {})
    asked = RequestedOptions(context.client, password_hash, merged({}, data))
    draft = replace(_draft(account.user, "confirmation", "signup", challenge), asked=asked)
    letter = yield from issue_mail(context, draft)
    user = replace(account.user, confirmation_sent_at=context.moment)
    return SignedUp(_as_asked(context, user, data, account.identities), (letter,))


def _as_asked(
    context: Context, user: User, data: dict[str, Any], identities: tuple[Identity, ...] = ()
) -> Account:
    """Return the account as whoever asks may see it: with what was sent, not what is stored."""
    new = email_identity(context, user.id, user.email or "", data)
    shown = tuple(replace(one, identity_data=new.identity_data) for one in identities)
    user = replace(
        user,
        user_metadata=merged(new.identity_data, {}) if identities else merged({}, data),
        app_metadata=providers((new,)),
    )
    return Account(user, shown)


def resend_confirmation(
    context: Context, email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Write again to a user whose address is yet to be confirmed; none when there is no such.

    The letter repeats what the same client asked for when it signed up. Another client's proves
    the address and nothing else, or a stranger's password would be confirmed with it.
    """
    yield from check_mail_interval(context, "confirmation", email)
    account = yield from store.account(context.dialect, "email", email)
    if account is None or account.user.confirmed_at is not None:
        return ()
    waiting = yield from store.one_time_tokens(context.dialect, account.user.id)
    own = (
        RequestedOptions(one.client, one.encrypted_password, one.data)
        for one in waiting
        if one.slot == "confirmation" and one.client == context.client
    )
    asked = next(own, RequestedOptions(context.client))
    draft = replace(_draft(account.user, "confirmation", "signup", challenge), asked=asked)
    return ((yield from issue_mail(context, draft)),)


def request_magic_link(
    context: Context,
    email: str,
    data: dict[str, Any],
    challenge: Challenge | None = None,
    *,
    create: bool,
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Write to whoever wants in without a password; unless `create` is off, they may be new.

    Raises AuthError: otp_disabled or signup_disabled (422) for one who would be new and may not,
    over_email_send_rate_limit (429).
    """
    account = yield from store.account(context.dialect, "email", email)
    if account is None and not create:
        raise AuthError(422, "otp_disabled", "Signups not allowed for otp")
    if account is None and context.policy.signup_disabled:
        raise AuthError(422, "signup_disabled", "Signups not allowed for this instance")
    confirmed = account is not None and account.user.confirmed_at is not None
    slot: Slot = "recovery" if confirmed else "confirmation"
    # Both pauses, or asking for one letter after the other would tell which of them it was.
    yield from check_mail_interval(context, "recovery", email)
    yield from check_mail_interval(context, "confirmation", email)
    if account is None:
        account = yield from add_user(context, new_user(context, email=email, data={}), {})
    draft = _draft(account.user, slot, "magiclink", challenge)
    if not confirmed:
        draft = replace(draft, asked=RequestedOptions(context.client, None, merged({}, data)))
    return ((yield from issue_mail(context, draft)),)


def _draft(user: User, slot: Slot, purpose: Purpose, challenge: Challenge | None) -> MailDraft:
    verification = "signup" if slot == "confirmation" else purpose
    return MailDraft(user, user.email or "", slot, purpose, verification, challenge)


def verify_code(
    context: Context, kind: str, email: str, code: str
) -> UnitOfWork[IssuedSession | AuthError]:
    """Give a session for the code of a mail; a wrong one is counted, so the error is returned.

    Raises AuthError (user_banned, 403).
    """
    slots = SLOTS[kind]
    worn = yield from ledger.locked_slots(
        context.dialect, context.policy, context.now, slots, email
    )
    wanted = stored_hash(link_token(context.token_key, email, code))
    account = yield from store.account(context.dialect, "email", email)
    tokens: tuple[OneTimeToken, ...] = ()
    if account is not None:
        tokens = yield from store.one_time_tokens(context.dialect, account.user.id)
    fitting = [one for one in tokens if hmac.compare_digest(one.token_hash, wanted)]
    token = _usable(context, fitting, kind, email)
    if account is None or token is None or token.slot in worn:
        yield from ledger.record_failed_code(context.dialect, context.now, slots, email)
        return AuthError(403, "otp_expired", "Token has expired or is invalid")
    yield from ledger.reset_failed_codes(context.dialect, slots, email)
    return (yield from issue_session(context, (yield from _accept(context, account, token)), "otp"))


def verify_link(context: Context, kind: str, token: str) -> UnitOfWork[IssuedSession]:
    """Give a session for a link's token. Raises AuthError (403): otp_expired, user_banned."""
    account, _ = yield from _linked(context, kind, token)
    return (yield from issue_session(context, account, "otp"))


def open_link(context: Context, kind: str, token: str) -> UnitOfWork[IssuedSession | AuthCode]:
    """Give what an opened link leads on with: a session, or in a PKCE flow a code.

    Raises AuthError (403): otp_expired, user_banned.
    """
    account, proof = yield from _linked(context, kind, token)
    return (yield from session_or_code(context, account, proof))


def _linked(context: Context, kind: str, token: str) -> UnitOfWork[tuple[Account, OneTimeToken]]:
    found = yield from store.one(context.dialect, OneTimeToken, "token_hash", stored_hash(token))
    account = None
    if found is not None:
        account = yield from store.account(context.dialect, "id", found.user_id)
    email = account.user.email if account else None
    usable = _usable(context, [found] if found else [], kind, email)
    if account is None or usable is None:
        raise AuthError(403, "otp_expired", "Email link is invalid or has expired")
    return (yield from _accept(context, account, usable)), usable


def _usable(
    context: Context, tokens: list[OneTimeToken], kind: str, email: str | None
) -> OneTimeToken | None:
    lifetime = context.policy.otp_expiry
    good = (
        one
        for one in tokens
        if proves(one, kind, email) and not is_over(one, context.now, lifetime)
    )
    return next(good, None) if kind in SLOTS else None


def _accept(context: Context, account: Account, token: OneTimeToken) -> UnitOfWork[Account]:
    user = account.user
    check_not_banned(user, context.now)
    yield store.delete(context.dialect, OneTimeToken, {"user_id": user.id})
    data = {} if user.confirmed_at else token.data
    identities = yield from _verified_identities(context, account, data)
    columns: dict[str, Any] = {
        "email_confirmed_at": user.email_confirmed_at or context.moment,
        "user_metadata": {
            **user.user_metadata,
            **{name: value for name, value in data.items() if name not in CLAIMS},
            "email_verified": True,
        },
        "app_metadata": {**user.app_metadata, **providers(identities)},
    }
    check_metadata(columns["user_metadata"], "data")
    if user.confirmed_at is None and (token.encrypted_password or token.purpose != "signup"):
        # Who asked for this letter set this password, or none: nobody else's is confirmed.
        columns["encrypted_password"] = token.encrypted_password
    yield store.update(context.dialect, User, user.id, columns)
    return Account(replace(user, **columns), identities)


def _verified_identities(
    context: Context, account: Account, data: dict[str, Any]
) -> UnitOfWork[tuple[Identity, ...]]:
    verified = []
    for one in account.identities:
        if one.provider != "email" or one.identity_data.get("email_verified") is True:
            verified.append(one)
            continue
        columns: dict[str, Any] = {
            "identity_data": {**data, **one.identity_data, "email_verified": True},
            "updated_at": context.moment,
        }
        yield store.update(context.dialect, Identity, one.identity_id, columns)
        verified.append(replace(one, **columns))
    return tuple(verified)
