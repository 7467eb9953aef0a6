"""Accounts: sign-up, sign-in, sign-out, refresh, the current user.

In charge of each operation as a unit of work. Must not hash, sign, or know HTTP; the time and
random bytes come in the `Context`, password hashes as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jotbase.auth.accounts import audit, store
from jotbase.auth.accounts.context import Context
from jotbase.auth.sessions.refresh_tokens import RefreshToken
from jotbase.auth.sessions.sessions import TRANSITIONS, Session, Situation, current_token
from jotbase.auth.sessions.sessions import refresh as refreshed
from jotbase.auth.sessions.users import Account, Identity, User, assurance, merged, providers
from jotbase.auth.tokens.times import is_in_future
from jotbase.errors import AuthError
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.values import AUTHENTICATED, Principal

Scope = Literal["global", "local", "others"]


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A session to be given to the caller, with its account and its current refresh token."""

    account: Account
    session: Session
    refresh_token: str = field(repr=False)


def check_not_banned(user: User, now: float, status: int = 403) -> None:
    """Raise AuthError (user_banned) with that HTTP status while the user is banned."""
    if is_in_future(user.banned_until, now):
        raise AuthError(status, "user_banned", "User is banned")


def sign_up(
    context: Context, email: str, password_hash: str, data: dict[str, Any]
) -> UnitOfWork[IssuedSession]:
    """Create a user whose address needs no confirmation (`autoconfirm`), and a session.

    Raises AuthError (user_already_exists, 422) when another user has the address.
    """
    known = yield from store.one_or_none(context.dialect, User, "email", email)
    if known is not None:
        raise AuthError(422, "user_already_exists", "User already registered")
    user = new_user(context, email=email, data=data)
    user = replace(user, encrypted_password=password_hash, email_confirmed_at=context.moment)
    account = yield from add_user(context, user, data)
    yield audit.by_user(context, "user_signedup", account.user, provider="email")
    return (yield from issue_session(context, account, "password"))


def sign_up_anonymously(context: Context, data: dict[str, Any]) -> UnitOfWork[IssuedSession]:
    """Create an anonymous user, without address, password or identity, and a session."""
    user = replace(new_user(context, email=None, data=data), is_anonymous=True)
    yield store.insert(context.dialect, user)
    return (yield from issue_session(context, Account(user), "anonymous"))


def new_user(context: Context, *, email: str | None, data: dict[str, Any]) -> User:
    """Return a new user, not stored yet."""
    return User(
        id=context.new_id(0),
        aud=context.policy.audience,
        role=AUTHENTICATED,
        created_at=context.moment,
        updated_at=context.moment,
        email=email,
        user_metadata=merged({}, data),
    )


def add_user(context: Context, user: User, data: dict[str, Any]) -> UnitOfWork[Account]:
    """Insert a user who signed up, with its identity; `data` and `CLAIMS` become its metadata."""
    claims = email_identity(context, user.id, user.email or "", data).identity_data
    verified = {"email_verified": user.email_confirmed_at is not None}
    user = replace(user, user_metadata=merged(claims, verified))
    return (yield from store_user(context, user, data))


def store_user(context: Context, user: User, data: dict[str, Any]) -> UnitOfWork[Account]:
    """Insert a user unchanged, with the identity of its address if it has one."""
    if user.email is None:
        yield store.insert(context.dialect, user)
        return Account(user)
    identity = email_identity(context, user.id, user.email, data)
    user = replace(user, app_metadata={**providers((identity,)), **user.app_metadata})
    yield store.insert(context.dialect, user)
    yield store.insert(context.dialect, identity)
    return Account(user, (identity,))


def email_identity(context: Context, user_id: str, email: str, data: dict[str, Any]) -> Identity:
    """Return a new identity of the provider `email`, not stored yet."""
    claims = {"sub": user_id, "email": email, "email_verified": False, "phone_verified": False}
    return Identity(
        identity_id=context.new_id(1),
        id=user_id,
        user_id=user_id,
        provider="email",
        created_at=context.moment,
        updated_at=context.moment,
        last_sign_in_at=context.moment,
        email=email,
        identity_data={**merged({}, data), **claims},
    )


def sign_in(
    context: Context, user_id: str, checked_hash: str, new_hash: str | None = None
) -> UnitOfWork[IssuedSession]:
    """Issue a session to a user whose password matched `checked_hash`; `new_hash` replaces it.

    Raises AuthError (400): invalid_credentials when the user's hash has changed since it was
    checked, user_banned, email_not_confirmed.
    """
    account = yield from store.account(context.dialect, "id", user_id)
    if account is None:
        raise invalid_credentials()
    check_not_banned(account.user, context.now, 400)
    if account.user.confirmed_at is None:
        raise AuthError(400, "email_not_confirmed", "Email not confirmed")
    if account.user.encrypted_password != checked_hash:
        raise invalid_credentials()
    if new_hash is not None:
        kept = yield from store.sessions(context.dialect, user_id)
        yield from set_password(context, user_id, {"encrypted_password": new_hash}, kept)
    yield audit.by_user(context, "login", account.user, provider="email")
    return (yield from issue_session(context, account, "password"))


def password_hash_of(dialect: Dialect, email: str) -> UnitOfWork[tuple[User | None, str | None]]:
    """Read the user with that address, and the hash that the password is verified against.

    For an unconfirmed user it is the hash of the last sign-up, so that a caller with its password
    gets email_not_confirmed.
    """
    user = yield from store.one_or_none(dialect, User, "email", email)
    if user is None or user.encrypted_password is not None or user.confirmed_at is not None:
        return user, user.encrypted_password if user else None
    waiting = yield from store.one_time_tokens(dialect, user.id)
    return user, next((one.encrypted_password for one in waiting if one.encrypted_password), None)


def set_password(
    context: Context, user_id: str, columns: dict[str, Any], kept: tuple[Session, ...]
) -> UnitOfWork[None]:
    """Update columns of a user, the password among them; keep these sessions.

    All other sessions and all one-time tokens end (`revocation_triggers`), so the kept sessions are
    inserted again.
    """
    yield store.update(context.dialect, User, user_id, columns)
    for session in kept:
        yield store.insert(context.dialect, session)


def invalid_credentials() -> AuthError:
    """Return the error of a wrong password, an unknown address or a user without password.

    It is the same for all, so that it does not disclose whether an address has an account.
    """
    return AuthError(400, "invalid_credentials", "Invalid login credentials")


def issue_session(context: Context, account: Account, method: str) -> UnitOfWork[IssuedSession]:
    """Create a session that was authenticated by that method (RFC 8176, the `amr` claim)."""
    amr = ({"method": method, "timestamp": int(context.now)},)
    session = Session(
        id=context.new_id(2),
        user_id=account.user.id,
        created_at=context.moment,
        updated_at=context.moment,
        refresh_key=context.session_key,
        aal=assurance(amr),
        amr=amr,
        user_agent=context.user_agent,
        ip=context.client or None,
    )
    yield store.insert(context.dialect, session)
    change: dict[str, Any] = {"last_sign_in_at": context.moment, "updated_at": context.moment}
    yield store.update(context.dialect, User, account.user.id, change)
    account = replace(account, user=replace(account.user, **change))
    return IssuedSession(account, session, current_token(session))


def refresh(context: Context, token: RefreshToken) -> UnitOfWork[IssuedSession | AuthError]:
    """Rotate a session's refresh token as `sessions.TRANSITIONS` says.

    Raises AuthError (400) when nothing is to be stored; returns it when the session ends, so that
    its deletion is committed.
    """
    session = yield from store.one_or_none(context.dialect, Session, "id", token.session_id)
    account = None
    if session is not None:
        account = yield from store.account(context.dialect, "id", session.user_id)
    if session is None or account is None:
        rule = TRANSITIONS[Situation.FORGED]
        raise AuthError(400, rule.code or "", rule.message)
    outcome = refreshed(session, token, context.now, context.policy)
    if outcome.session is None and outcome.error is not None:
        yield store.delete(context.dialect, Session, {"id": session.id})
        yield audit.by_user(context, "token_revoked", account.user, reason="reuse")
        return outcome.error
    if outcome.session is None or outcome.token is None:
        raise outcome.error or invalid_credentials()
    check_not_banned(account.user, context.now, 400)
    kept = replace(outcome.session, user_agent=context.user_agent)
    yield store.update(context.dialect, Session, kept.id, _advance(kept))
    return IssuedSession(account, kept, outcome.token)


def _advance(session: Session) -> dict[str, Any]:
    columns = ("refresh_counter", "refreshed_at", "updated_at", "user_agent")
    return {column: getattr(session, column) for column in columns}


def current_account(context: Context, principal: Principal) -> UnitOfWork[Account]:
    """Read the account of an access token.

    Raises AuthError (403): user_not_found, session_not_found, user_banned.
    """
    account = yield from store.account(context.dialect, "id", principal.id or "")
    if account is None or account.user.deleted_at is not None:
        raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
    if principal.session_id is not None:
        session = yield from store.one_or_none(context.dialect, Session, "id", principal.session_id)
        if session is None or session.user_id != account.user.id:
            raise AuthError(
                403, "session_not_found", "Session from session_id claim in JWT does not exist"
            )
    check_not_banned(account.user, context.now)
    return account


def sign_out(context: Context, principal: Principal, scope: Scope) -> UnitOfWork[None]:
    """Delete sessions of the user: all (`global`), this one (`local`), or all others (`others`)."""
    account = yield from current_account(context, principal)
    user_id, session_id = account.user.id, principal.session_id
    if session_id is None or scope == "global":
        yield store.delete(context.dialect, Session, {"user_id": user_id})
    elif scope == "others":
        yield store.delete(context.dialect, Session, {"user_id": user_id}, keep=session_id)
    else:
        yield store.delete(context.dialect, Session, {"id": session_id, "user_id": user_id})
    yield audit.by_user(context, "logout", account.user, scope=scope)
