"""Links and invitations that the service role makes: for a user, or for one that they create.

In charge of `/admin/generate_link` and `/invite` as units of work. A link proves its address like
one that was mailed; whether it is mailed is the caller's matter. Must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.accounts import new_user, store_user
from jotbase.auth.accounts.address import check_email_available, email_exists
from jotbase.auth.accounts.context import Context
from jotbase.auth.accounts.request_bodies import check_metadata
from jotbase.auth.mail.mail_tokens import MailDraft, RequestedOptions, issue_mail, issue_token
from jotbase.auth.mail.messages import PendingMail
from jotbase.auth.sessions.users import Account, User, merged
from jotbase.auth.tokens.one_time import OneTimeToken, Slot
from jotbase.errors import AuthError
from jotbase.sql.units import UnitOfWork

LinkType = Literal[
    "signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new"
]


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What a link is asked for; `password_hash` is a sign-up's, `new_email` a change's."""

    type: LinkType
    email: str
    new_email: str = ""
    password_hash: str | None = field(default=None, repr=False)
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GeneratedLink:
    """The account that a link is of, and the link as a mail that nobody has sent."""

    account: Account
    mail: PendingMail


def read_link_type(given: str) -> LinkType:
    """Return the type of a link. Raises AuthError (validation_failed, 400)."""
    found: LinkType | None = next((one for one in get_args(LinkType) if one == given), None)
    if found is None:
        message = f"Invalid email action link type requested: {given[:40]}"
        raise AuthError(400, "validation_failed", message)
    return found


def generate_link(context: Context, asked: LinkRequest) -> UnitOfWork[GeneratedLink]:
    """Make a link, and with some types its user.

    Raises AuthError: user_not_found (404), email_exists (422).
    """
    account = yield from store.account(context.dialect, "email", asked.email)
    if asked.type == "signup" or (asked.type == "magiclink" and account is None):
        return (yield from _sign_up_link(context, asked, account))
    if asked.type == "invite":
        return (yield from _invitation(context, asked, account))
    if account is None:
        raise AuthError(404, "user_not_found", "User with this email not found")
    if asked.type in ("magiclink", "recovery"):
        draft = MailDraft(account.user, asked.email, "recovery", asked.type, asked.type)
        return (yield from _issued(context, account, draft, {"recovery_sent_at": context.moment}))
    return (yield from _change_link(context, asked, account))


def invite(context: Context, asked: LinkRequest) -> UnitOfWork[GeneratedLink]:
    """Invite an address: its user is created without a password, or invited again.

    Counts the mail, which the caller sends. Raises AuthError (email_exists, 422) for a confirmed
    user.
    """
    account = yield from store.account(context.dialect, "email", asked.email)
    account, draft = yield from _invited(context, asked, account)
    mail = yield from issue_mail(context, draft)
    return GeneratedLink(account, mail)


def _sign_up_link(
    context: Context, asked: LinkRequest, known: Account | None
) -> UnitOfWork[GeneratedLink]:
    account = yield from _unconfirmed(context, asked, known)
    if known is not None and asked.data:
        metadata = merged(account.user.user_metadata, asked.data)
        check_metadata(metadata, "data")
        columns: dict[str, Any] = {"user_metadata": metadata}
        yield store.update(context.dialect, User, account.user.id, columns)
        account = replace(account, user=replace(account.user, **columns))
    # A known user's password is not replaced: the link proves its address and nothing more.
    options = RequestedOptions("", asked.password_hash if known is None else None)
    user = account.user
    draft = MailDraft(user, asked.email, "confirmation", "signup", "signup", options=options)
    return (yield from _issued(context, account, draft, {"confirmation_sent_at": context.moment}))


def _invitation(
    context: Context, asked: LinkRequest, known: Account | None
) -> UnitOfWork[GeneratedLink]:
    account, draft = yield from _invited(context, asked, known)
    return (yield from _issued(context, account, draft, {}))


def _invited(
    context: Context, asked: LinkRequest, known: Account | None
) -> UnitOfWork[tuple[Account, MailDraft]]:
    account = yield from _unconfirmed(context, asked, known)
    columns: dict[str, Any] = {"invited_at": context.moment, "confirmation_sent_at": context.moment}
    yield store.update(context.dialect, User, account.user.id, columns)
    yield audit.by_service(context, "user_invited", account.user)
    account = replace(account, user=replace(account.user, **columns))
    return account, MailDraft(account.user, asked.email, "confirmation", "invite", "invite")


def _unconfirmed(
    context: Context, asked: LinkRequest, known: Account | None
) -> UnitOfWork[Account]:
    """Return the unconfirmed user, created if there is none. Raises AuthError (email_exists)."""
    if known is None:
        user = new_user(context, email=asked.email, data=asked.data)
        return (yield from store_user(context, user, {}))
    if known.user.confirmed_at is not None:
        raise email_exists()
    return known


def _change_link(
    context: Context, asked: LinkRequest, account: Account
) -> UnitOfWork[GeneratedLink]:
    """Make one of the two links of a changed address.

    The other one's token is stored with it, under a code that nobody has, until it is asked for
    itself: one link alone never changes the address.
    """
    user = account.user
    yield from check_email_available(context, asked.new_email)
    if user.new_email != asked.new_email:
        for slot in ("email_change_new", "email_change_current"):
            yield store.delete(context.dialect, OneTimeToken, {"user_id": user.id, "slot": slot})
    columns = {"new_email": asked.new_email, "email_change_sent_at": context.moment}
    waiting = yield from store.one_time_tokens(context.dialect, user.id)
    new = MailDraft(user, asked.new_email, "email_change_new", "email_change", "email_change")
    current = MailDraft(
        user, asked.email, "email_change_current", "email_change_old", "email_change"
    )
    wanted, other = (new, current) if asked.type == "email_change_new" else (current, new)
    is_pending = user.new_email == asked.new_email and _has(waiting, (wanted.slot, other.slot))
    if not is_pending:
        yield from issue_token(context, other, 1)
    return (yield from _issued(context, account, wanted, columns))


def _has(waiting: tuple[OneTimeToken, ...], slots: tuple[Slot, Slot]) -> bool:
    return any(one.slot in slots for one in waiting)


def _issued(
    context: Context, account: Account, draft: MailDraft, columns: dict[str, Any]
) -> UnitOfWork[GeneratedLink]:
    mail = yield from issue_token(context, draft)
    if columns:
        yield store.update(context.dialect, User, account.user.id, columns)
    return GeneratedLink(replace(account, user=replace(account.user, **columns)), mail)
