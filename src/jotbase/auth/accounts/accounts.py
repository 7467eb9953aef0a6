"""What users do with their accounts: sign up, in and out, refresh, prove who they are.

In charge of each as a unit of work: what is read, decided and written together. Must not hash,
sign, or know HTTP; the time and random bytes come in the `Context`, hashes as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID

from jotbase.auth.accounts import store
from jotbase.auth.sessions.refresh_tokens import KEY_BYTES, RefreshToken
from jotbase.auth.sessions.sessions import TRANSITIONS, Session, Situation, current_token
from jotbase.auth.sessions.sessions import refresh as refreshed
from jotbase.auth.sessions.users import Account, Identity, User, assurance, merged, providers
from jotbase.auth.tokens.one_time import CODE_BYTES
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import lies_ahead, timestamp
from jotbase.errors import AuthError
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.values import AUTHENTICATED, Principal

#: Random bytes that a `Context` needs: three ids, a session's key, and two codes.
RANDOMNESS = 3 * 16 + KEY_BYTES + 2 * CODE_BYTES

Scope = Literal["global", "local", "others"]


@dataclass(frozen=True, slots=True)
class Context:
    """What every unit of work is given: the dialect, the policy, the time, `RANDOMNESS` bytes.

    `token_key` makes the links of mails; `client` is who asks (`client_address`).
    """

    dialect: Dialect
    policy: AuthPolicy
    now: float
    random: bytes = field(repr=False)
    user_agent: str | None = None
    token_key: bytes = field(default=b"", repr=False)
    client: str = ""

    @property
    def moment(self) -> str:
        """The time, in its stored form."""
        return timestamp(self.now)

    def new_id(self, number: Literal[0, 1, 2]) -> str:
        """Return one of the three new ids: the user's, the identity's, the session's."""
        return str(UUID(bytes=self.random[16 * number : 16 * number + 16], version=4))

    @property
    def session_key(self) -> bytes:
        """The key that signs a new session's refresh tokens."""
        return self.random[48 : 48 + KEY_BYTES]

    def code_bytes(self, number: Literal[0, 1]) -> bytes:
        """Return the bytes of one of two new one-time codes."""
        start = 48 + KEY_BYTES + CODE_BYTES * number
        return self.random[start : start + CODE_BYTES]


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A session that the caller may have, with its current refresh token."""

    account: Account
    session: Session
    refresh_token: str = field(repr=False)


def check_not_banned(user: User, now: float, status: int = 403) -> None:
    """Raise AuthError (user_banned) while the user is banned."""
    if lies_ahead(user.banned_until, now):
        raise AuthError(status, "user_banned", "User is banned")


def sign_up(
    context: Context, email: str, password_hash: str, data: dict[str, Any]
) -> UnitOfWork[IssuedSession]:
    """Make a user whose address needs no confirmation, and a session.

    Raises AuthError (user_already_exists, 422) for a known address.
    """
    known = yield from store.one(context.dialect, User, "email", email)
    if known is not None:
        raise AuthError(422, "user_already_exists", "User already registered")
    user = new_user(context, email=email, data=data)
    user = replace(user, encrypted_password=password_hash, email_confirmed_at=context.moment)
    account = yield from add_user(context, user, data)
    return (yield from issue_session(context, account, "password"))


def sign_up_anonymously(context: Context, data: dict[str, Any]) -> UnitOfWork[IssuedSession]:
    """Make a user without address, password or identity, and its session."""
    user = replace(new_user(context, email=None, data=data), is_anonymous=True)
    yield store.insert(context.dialect, user)
    return (yield from issue_session(context, Account(user), "anonymous"))


def new_user(context: Context, *, email: str | None, data: dict[str, Any]) -> User:
    """Return a user made now, who is not stored yet."""
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
    """Store a user who signed up: its metadata has `data` and what its identity claims."""
    claims = email_identity(context, user.id, user.email or "", data).identity_data
    verified = {"email_verified": user.email_confirmed_at is not None}
    user = replace(user, user_metadata=merged(claims, verified))
    return (yield from store_user(context, user, data))


def store_user(context: Context, user: User, data: dict[str, Any]) -> UnitOfWork[Account]:
    """Store a new user as it is, with the identity of its address if it has one."""
    if user.email is None:
        yield store.insert(context.dialect, user)
        return Account(user)
    identity = email_identity(context, user.id, user.email, data)
    user = replace(user, app_metadata={**providers((identity,)), **user.app_metadata})
    yield store.insert(context.dialect, user)
    yield store.insert(context.dialect, identity)
    return Account(user, (identity,))


def email_identity(context: Context, user_id: str, email: str, data: dict[str, Any]) -> Identity:
    """Return the identity of an address, which is not stored yet."""
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
    """Give a session to a user whose password fitted `checked_hash`; `new_hash` replaces it.

    Raises AuthError (400): invalid_credentials when the hash is no longer the user's, user_banned,
    email_not_confirmed.
    """
    account = yield from store.account(context.dialect, "id", user_id)
    if account is None:
        raise wrong_credentials()
    check_not_banned(account.user, context.now, 400)
    if account.user.confirmed_at is None:
        raise AuthError(400, "email_not_confirmed", "Email not confirmed")
    if account.user.encrypted_password != checked_hash:
        raise wrong_credentials()
    if new_hash is not None:
        kept = yield from store.sessions(context.dialect, user_id)
        yield from set_password(context, user_id, {"encrypted_password": new_hash}, kept)
    return (yield from issue_session(context, account, "password"))


def password_of(dialect: Dialect, email: str) -> UnitOfWork[tuple[User | None, str | None]]:
    """Read who has the address, and the hash that a password must fit.

    Of one who is unconfirmed it is that of the last sign-up: whoever gives its password is told
    that the address is yet to be confirmed.
    """
    user = yield from store.one(dialect, User, "email", email)
    if user is None or user.encrypted_password is not None or user.confirmed_at is not None:
        return user, user.encrypted_password if user else None
    waiting = yield from store.one_time_tokens(dialect, user.id)
    return user, next((one.encrypted_password for one in waiting if one.encrypted_password), None)


def set_password(
    context: Context, user_id: str, columns: dict[str, Any], kept: tuple[Session, ...]
) -> UnitOfWork[None]:
    """Change columns of a user, the password among them; these sessions outlive that.

    All others end with the old password, and so does every proof (`revocation_triggers`).
    """
    yield store.update(context.dialect, User, user_id, columns)
    for session in kept:
        yield store.insert(context.dialect, session)


def wrong_credentials() -> AuthError:
    """Return the one answer to a wrong password, an unknown address, no password at all."""
    return AuthError(400, "invalid_credentials", "Invalid login credentials")


def issue_session(context: Context, account: Account, method: str) -> UnitOfWork[IssuedSession]:
    """Begin a session that was reached by that method (an `amr` of the access token)."""
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
    )
    yield store.insert(context.dialect, session)
    change: dict[str, Any] = {"last_sign_in_at": context.moment, "updated_at": context.moment}
    yield store.update(context.dialect, User, account.user.id, change)
    account = replace(account, user=replace(account.user, **change))
    return IssuedSession(account, session, current_token(session))


def refresh(context: Context, token: RefreshToken) -> UnitOfWork[IssuedSession | AuthError]:
    """Rotate a session's refresh token, by the table in `sessions`.

    Raises AuthError (400) where nothing changes; returns it where the session ended, which is
    committed all the same.
    """
    session = yield from store.one(context.dialect, Session, "id", token.session_id)
    account = None
    if session is not None:
        account = yield from store.account(context.dialect, "id", session.user_id)
    if session is None or account is None:
        rule = TRANSITIONS[Situation.FORGED]
        raise AuthError(400, rule.code or "", rule.message)
    outcome = refreshed(session, token, context.now, context.policy)
    if outcome.session is None and outcome.error is not None:
        yield store.delete(context.dialect, Session, {"id": session.id})
        return outcome.error
    if outcome.session is None or outcome.token is None:
        raise outcome.error or wrong_credentials()
    check_not_banned(account.user, context.now, 400)
    kept = replace(outcome.session, user_agent=context.user_agent)
    yield store.update(context.dialect, Session, kept.id, _advance(kept))
    return IssuedSession(account, kept, outcome.token)


def _advance(session: Session) -> dict[str, Any]:
    columns = ("refresh_counter", "refreshed_at", "updated_at", "user_agent")
    return {column: getattr(session, column) for column in columns}


def signed_in(context: Context, principal: Principal) -> UnitOfWork[Account]:
    """Read the account behind an access token.

    Raises AuthError (403): user_not_found, session_not_found, user_banned.
    """
    account = yield from store.account(context.dialect, "id", principal.id or "")
    if account is None or account.user.deleted_at is not None:
        raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
    if principal.session_id is not None:
        session = yield from store.one(context.dialect, Session, "id", principal.session_id)
        if session is None or session.user_id != account.user.id:
            raise AuthError(
                403, "session_not_found", "Session from session_id claim in JWT does not exist"
            )
    check_not_banned(account.user, context.now)
    return account


def sign_out(context: Context, principal: Principal, scope: Scope) -> UnitOfWork[None]:
    """End all sessions of the user, this one, or all others."""
    account = yield from signed_in(context, principal)
    user_id, session_id = account.user.id, principal.session_id
    if session_id is None or scope == "global":
        yield store.delete(context.dialect, Session, {"user_id": user_id})
    elif scope == "others":
        yield store.delete(context.dialect, Session, {"user_id": user_id}, keep=session_id)
    else:
        yield store.delete(context.dialect, Session, {"id": session_id, "user_id": user_id})
