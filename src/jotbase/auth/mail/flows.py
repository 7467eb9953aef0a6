"""Flows by mail: sign-up with confirmation, magic links, recovery, and verifying their tokens.

In charge of each operation as a unit of work that returns the mails to be sent once it is
committed. No result discloses whether an address has an account (OWASP Forgot Password Cheat
Sheet). Must not send, sign, or know HTTP.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Any

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import (
    IssuedSession,
    add_user,
    check_not_banned,
    email_identity,
    issue_session,
    new_user,
)
from jotbase.auth.accounts.context import Context
from jotbase.auth.accounts.request_bodies import check_metadata
from jotbase.auth.mail import attempt_log
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
    is_expired,
    is_valid_for,
    link_token,
    stored_hash,
)
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork


@dataclass(frozen=True, slots=True)
class SignedUp:
    """The account as the caller may see it, and the confirmation mail, if any."""

    account: Account
    mails: tuple[PendingMail, ...] = ()


def request_recovery(
    context: Context, email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Return the recovery mail of the user with that address, () when there is no such user.

    Raises AuthError (over_email_send_rate_limit, 429), for unknown addresses as for known ones.
    """
    yield from check_mail_interval(context, "recovery", email)
    account = yield from store.account(context.dialect, "email", email)
    if account is None:
        return ()
    yield audit.by_user(context, "user_recovery_requested", account.user)
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
    """Create an unconfirmed user and its confirmation mail; an existing unconfirmed one gets
    another mail.

    Password and metadata are stored with the mail's token and become the account's when this token
    is used: until then the request may be anybody's. The result is the same for a known and for a
    new address. Raises AuthError (over_email_send_rate_limit, 429).
    """
    yield from check_mail_interval(context, "confirmation", email)
    account = yield from store.account(context.dialect, "email", email)
    if account is not None and account.user.confirmed_at is not None:
        yield audit.by_user(context, "user_repeated_signup", account.user, provider="email")
        return SignedUp(
            _as_requested(context, replace(new_user(context, email=email, data={}), role=""), data)
        )
    if account is None:
        account = yield from add_user(context, new_user(context, email=email, data={}), {})
    options = RequestedOptions(context.client, password_hash, merged({}, data))
    draft = replace(_draft(account.user, "confirmation", "signup", challenge), options=options)
    mail = yield from issue_mail(context, draft)
    yield audit.by_user(context, "user_confirmation_requested", account.user, provider="email")
    user = replace(account.user, confirmation_sent_at=context.moment)
    return SignedUp(_as_requested(context, user, data, account.identities), (mail,))


def _as_requested(
    context: Context, user: User, data: dict[str, Any], identities: tuple[Identity, ...] = ()
) -> Account:
    """Return the account with the request's own metadata in place of what is stored."""
    new = email_identity(context, user.id, user.email or "", data)
    masked = tuple(replace(one, identity_data=new.identity_data) for one in identities)
    user = replace(
        user,
        user_metadata=merged(new.identity_data, {}) if identities else merged({}, data),
        app_metadata=providers((new,)),
    )
    return Account(user, masked)


def resend_confirmation(
    context: Context, email: str, challenge: Challenge | None = None
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Return another confirmation mail of an unconfirmed user, () when there is no such user.

    The mail's token carries the password and metadata of the same client's sign-up. For another
    client it carries none: confirming the address must not set a stranger's password.
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
    options = next(own, RequestedOptions(context.client))
    draft = replace(_draft(account.user, "confirmation", "signup", challenge), options=options)
    return ((yield from issue_mail(context, draft)),)


def request_magic_link(
    context: Context,
    email: str,
    data: dict[str, Any],
    challenge: Challenge | None = None,
    *,
    create: bool,
) -> UnitOfWork[tuple[PendingMail, ...]]:
    """Return a mail to sign in without a password; with `create` an unknown user is created.

    Raises AuthError: otp_disabled or signup_disabled (422) for an unknown address that may not sign
    up, over_email_send_rate_limit (429).
    """
    account = yield from store.account(context.dialect, "email", email)
    if account is None and not create:
        raise AuthError(422, "otp_disabled", "Signups not allowed for otp")
    if account is None and context.policy.signup_disabled:
        raise AuthError(422, "signup_disabled", "Signups not allowed for this instance")
    confirmed = account is not None and account.user.confirmed_at is not None
    slot: Slot = "recovery" if confirmed else "confirmation"
    # Both intervals are checked: which of the two mails is sent depends on whether the account is
    # confirmed, and requesting one kind after the other would disclose it.
    yield from check_mail_interval(context, "recovery", email)
    yield from check_mail_interval(context, "confirmation", email)
    if account is None:
        account = yield from add_user(context, new_user(context, email=email, data={}), {})
    draft = _draft(account.user, slot, "magiclink", challenge)
    if not confirmed:
        draft = replace(draft, options=RequestedOptions(context.client, None, merged({}, data)))
    return ((yield from issue_mail(context, draft)),)


def _draft(user: User, slot: Slot, purpose: Purpose, challenge: Challenge | None) -> MailDraft:
    verification = "signup" if slot == "confirmation" else purpose
    return MailDraft(user, user.email or "", slot, purpose, verification, challenge)


def verify_code(
    context: Context, kind: str, email: str, code: str
) -> UnitOfWork[IssuedSession | AuthError]:
    """Verify the code of a mail and issue a session; `kind` is the `type` of `/verify`.

    Returns AuthError (otp_expired, 403) for a wrong code, so that its count is committed. Raises
    AuthError (user_banned, 403).
    """
    slots = SLOTS[kind]
    locked = yield from attempt_log.locked_slots(
        context.dialect, context.policy, context.now, slots, email
    )
    expected = stored_hash(link_token(context.token_key, email, code))
    account = yield from store.account(context.dialect, "email", email)
    tokens: tuple[OneTimeToken, ...] = ()
    if account is not None:
        tokens = yield from store.one_time_tokens(context.dialect, account.user.id)
    matching = [one for one in tokens if hmac.compare_digest(one.token_hash, expected)]
    token = _usable(context, matching, kind, email)
    if account is None or token is None or token.slot in locked:
        yield from attempt_log.record_failed_code(context.dialect, context.now, slots, email)
        return AuthError(403, "otp_expired", "Token has expired or is invalid")
    yield from attempt_log.reset_failed_codes(context.dialect, slots, email)
    return (yield from issue_session(context, (yield from _accept(context, account, token)), "otp"))


def verify_link(context: Context, kind: str, token: str) -> UnitOfWork[IssuedSession]:
    """Verify a link's token and issue a session.

    Raises AuthError (403): otp_expired, user_banned.
    """
    account, _ = yield from _redeem_link(context, kind, token)
    return (yield from issue_session(context, account, "otp"))


def open_link(context: Context, kind: str, token: str) -> UnitOfWork[IssuedSession | AuthCode]:
    """Verify the token of an opened link; return a session, or in a PKCE flow a code.

    Raises AuthError (403): otp_expired, user_banned.
    """
    account, redeemed = yield from _redeem_link(context, kind, token)
    return (yield from session_or_code(context, account, redeemed))


def _redeem_link(
    context: Context, kind: str, token: str
) -> UnitOfWork[tuple[Account, OneTimeToken]]:
    found = yield from store.one_or_none(
        context.dialect, OneTimeToken, "token_hash", stored_hash(token)
    )
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
    valid = (
        one
        for one in tokens
        if is_valid_for(one, kind, email) and not is_expired(one, context.now, lifetime)
    )
    return next(valid, None) if kind in SLOTS else None


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
        # The password of the request behind this very mail, which may be none: confirming must not
        # set the password of another request.
        columns["encrypted_password"] = token.encrypted_password
    yield store.update(context.dialect, User, user.id, columns)
    yield audit.by_user(context, _action(user, token), user, provider="email")
    return replace(account, user=replace(user, **columns), identities=identities)


def _action(user: User, token: OneTimeToken) -> str:
    if user.confirmed_at is not None:
        return "login"
    return "invite_accepted" if token.purpose == "invite" else "user_signedup"


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
