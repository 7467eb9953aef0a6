"""The dependencies of the accounts API, and its authentication.

In charge of the clock, randomness, threads and database that endpoints use, and of checking a
request's API key and token. Must not know any endpoint.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from jotbase.auth.accounts import hooks, store
from jotbase.auth.accounts.accounts import new_user
from jotbase.auth.accounts.context import RANDOMNESS, Context
from jotbase.auth.accounts.passwords import SALT_BYTES, hash_password
from jotbase.auth.mail.messages import Mail, PendingMail, email_payload, render_mail
from jotbase.auth.mail.templates import Templates, own_mail
from jotbase.auth.sessions.users import User
from jotbase.auth.tokens.apikeys import resolve_key
from jotbase.auth.tokens.client_address import client_of
from jotbase.auth.tokens.credentials import Credentials, read_credentials
from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.one_time import token_key
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.rate_limits import AuthRateLimits
from jotbase.auth.tokens.tokens import verify
from jotbase.engines.base import Engine
from jotbase.errors import AuthError, JotError
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import Runnable, UnitOfWork
from jotbase.values import Principal, Request

Result = TypeVar("Result")

log = logging.getLogger(__name__)

#: Mails that a hook is taking: the event loop keeps no reference to a task.
_UNDER_WAY: set[asyncio.Task[None]] = set()


class RunInThread(Protocol):
    """Runs a slow function off the event loop, in a pool of few threads: a hash takes 20 MiB."""

    def __call__(
        self,
        function: Callable[..., Result],
        /,
        *arguments: Any,
        check: Callable[[], None] = ...,
        client: str = ...,
    ) -> Awaitable[Result]:
        """Return the function's result, for a client or for the service role ("").

        `check` is called just before the function and may raise.
        """


class CallHooks(Protocol):
    """Calls the hooks of a project's functions."""

    def has(self, name: str) -> bool:
        """Whether the project hooks this."""

    async def call(self, name: str, payload: dict[str, Any]) -> Any:
        """Return what the function gives back. Raises AuthError."""


class NoHooks:
    """The hooks of a project that has none."""

    def has(self, _name: str) -> bool:
        """Return False."""
        return False

    async def call(self, name: str, _payload: dict[str, Any]) -> Any:
        """Raise LookupError."""
        raise LookupError(name)


#: GoTrue's error codes that disclose whether an address has an account.
_DISCLOSING = frozenset(("email_exists", "otp_disabled"))


@dataclass(frozen=True, slots=True)
class AccountServices:
    """The dependencies of the accounts API.

    `now` is in epoch seconds; `poll_revocations` passes committed changes of users and sessions to
    the caches; `limits` count guesses and mails by client, behind so many `proxies`; `post` takes a
    mail to be sent and does not wait for it.
    """

    engine: Engine
    ring: KeyRing
    policy: AuthPolicy
    now: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    run_in_thread: RunInThread
    poll_revocations: Callable[[], Awaitable[None]]
    limits: AuthRateLimits
    proxies: int = 0
    post: Callable[[Mail], None] = lambda _mail: None
    hooks: CallHooks = NoHooks()
    templates: Callable[[], Templates] = dict

    def context(self, request: Request | None = None) -> Context:
        """Return the context of a unit of work, with new random bytes."""
        return Context(
            dialect=self.engine.dialect,
            policy=self.policy,
            now=self.now(),
            random=self.random_bytes(RANDOMNESS),
            user_agent=request.headers.get("user-agent") if request else None,
            client=self.client(request) if request else "",
            token_key=token_key(self.ring),
        )

    def client(self, request: Request) -> str:
        """Return the key of the request's client (`client_address.client_of`)."""
        return client_of(request.headers, request.client, self.proxies)

    async def hash(self, password: str, client: str = "") -> str:
        """Hash a password in a thread, for a client or for the service role ("")."""
        salt = self.random_bytes(SALT_BYTES)
        return await self.run_in_thread(hash_password, password, salt, client=client)

    async def hook(self, name: str, context: Context, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a hook's answer, {} where the project does not hook this. Raises AuthError."""
        if not self.hooks.has(name):
            return {}
        whole = {"metadata": hooks.metadata(name, context), **payload}
        return hooks.read_answer(await self.hooks.call(name, whole))

    async def check_new_user(
        self, context: Context, email: str | None, data: dict[str, Any]
    ) -> None:
        """Call `before_user_created` unless the address has a user already. Raises AuthError."""
        if not self.hooks.has("before_user_created"):
            return
        if email is not None:
            sought = store.one_or_none(self.engine.dialect, User, "email", email)
            if await self.read(sought) is not None:
                return
        user = hooks.future_user(new_user(context, email=email, data={}), data)
        await self.hook("before_user_created", context, {"user": user})

    def send(self, mails: Iterable[PendingMail], redirect: str) -> None:
        """Queue mails; to be called once their unit of work is committed.

        With the hook `send_email` it gets them instead. No answer waits for it, so that none tells
        by its time whether there was a mail to send.
        """
        for mail in mails:
            if self.hooks.has("send_email"):
                task = asyncio.create_task(self._handed_over(mail, redirect))
                _UNDER_WAY.add(task)
                task.add_done_callback(_UNDER_WAY.discard)
            else:
                own = own_mail(mail, self.templates(), self.policy, redirect)
                self.post(own or render_mail(mail, self.policy, redirect))

    async def _handed_over(self, mail: PendingMail, redirect: str) -> None:
        payload = email_payload(mail, self.policy, redirect)
        try:
            await self.hook("send_email", self.context(), payload)
        except AuthError as error:
            log.warning("a mail was not taken by the hook send_email: %s", error.message)

    async def write(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit of work; when this returns, sessions that it ended are refused
        everywhere.
        """
        result = await self.engine.write(work)
        await self.poll_revocations()
        return result

    async def write_for_mail(
        self, request: Request, work: Callable[[], UnitOfWork[Result]]
    ) -> Result:
        """Drive a unit of work that sends mail, within the client's rate limit.

        A refusal is not counted, unless it discloses whether an address has an account.
        """
        client = self.client(request)
        self.limits.take_mail(client, self.now())
        try:
            return await self.write(work)
        except JotError as error:
            if error.code not in _DISCLOSING:
                self.limits.give_back_mail(client, self.now())
            raise

    async def read(self, work: UnitOfWork[Result]) -> Result:
        """Drive a unit of work that only reads, outside any transaction."""
        dialect = self.engine.dialect
        try:
            statement = next(work)
            while True:
                text = _text(statement, dialect)
                statement = work.send(await self.engine.read(text, statement.params))
        except StopIteration as ended:
            result: Result = ended.value
            return result


def _text(statement: Runnable, dialect: Dialect) -> str:
    if isinstance(statement, Fragment):
        return statement.numbered(dialect.mark)
    return statement.text


def key_role(request: Request, services: AccountServices) -> str:
    """Return the role of the request's API key. Raises AuthError (401) without a valid one."""
    key = read_credentials(request.headers, request.query).key
    if key is None:
        raise AuthError(401, "no_authorization", "No API key found in request")
    holder = resolve_key(key, services.ring, services.now())
    if holder is None:
        raise AuthError(401, "no_authorization", "Invalid API key")
    return holder.role


def user_principal(request: Request, services: AccountServices) -> Principal:
    """Return the user of the request's access token.

    Raises AuthError: no_authorization (401) without a bearer token, bad_jwt (403) for an invalid
    one or an API key in its place, bad_jwt (400) when the user's id is not a UUID.
    """
    given = read_credentials(request.headers, request.query)
    if given.bearer is None and not _bears_key(request):
        raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
    principal = _verified(given, services)
    if principal.id is None:
        raise AuthError(403, "bad_jwt", "invalid claim: missing sub claim")
    try:
        UUID(principal.id)
    except ValueError:
        raise AuthError(400, "bad_jwt", "invalid claim: sub claim must be a UUID") from None
    return principal


def caller(request: Request, services: AccountServices) -> Principal:
    """Return the principal of the request's token, or without one of its API key."""
    given = read_credentials(request.headers, request.query)
    if given.bearer is None:
        return Principal(role=key_role(request, services))
    return _verified(given, services)


def _bears_key(request: Request) -> bool:
    return request.headers.get("authorization", "").lower().startswith("bearer sb_")


def _verified(given: Credentials, services: AccountServices) -> Principal:
    if given.bearer is None:
        return Principal(role="")
    return verify(given.bearer, services.ring, services.now())
