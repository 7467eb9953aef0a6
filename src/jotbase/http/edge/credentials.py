"""Authentication: API key and bearer token to a `Principal`, verified once and cached.

In charge of resolving API keys to roles, and of reading the current state of a token's session and
user. Must not know the request's purpose.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from jotbase.auth.tokens.apikeys import resolve_key
from jotbase.auth.tokens.credentials import read_credentials
from jotbase.auth.tokens.current_facts import (
    Facts,
    current_facts_query,
    current_principal,
    with_current_facts,
)
from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.token_cache import TokenCache
from jotbase.auth.tokens.tokens import check_audience, verify
from jotbase.engines.base import Engine
from jotbase.errors import AccessError
from jotbase.sql.units import Rows
from jotbase.values import ANONYMOUS, AUTHENTICATED, Principal

#: Runs the statement that `current_facts.standing` makes of a principal.
Standing = Callable[[Principal], Awaitable[Rows]]


def standing_in(engine: Engine) -> Standing:
    """Return a function that reads the current state of a token's session and user."""

    async def ask(principal: Principal) -> Rows:
        statement = current_facts_query(engine.dialect, principal)
        return await engine.read_internal(statement.numbered(engine.dialect.mark), statement.params)

    return ask


class CredentialCheck:
    """Verifies credentials with key ring, database and clock; belongs to one event loop."""

    def __init__(
        self,
        ring: KeyRing,
        now: Callable[[], float],
        current_facts_query: Standing,
        audience: str | None = None,
    ) -> None:
        self.live = TokenCache()
        self._ring = ring
        self._now = now
        self._standing = current_facts_query
        self._audience = audience
        self._holders: dict[str, Principal] = {}

    async def principal(self, headers: Mapping[str, str], query: str = "") -> Principal:
        """Return the caller of a request with these headers (names in lower case).

        Raises AccessError: PGRST301 and PGRST303 for an invalid token, PGRST301 for an unknown API
        key.
        """
        given = read_credentials(headers, query)
        holder = self._holder(given.key) if given.key is not None else ANONYMOUS
        if given.bearer is None or given.bearer == given.key:
            return holder
        return await self.token(given.bearer)

    def known(self, headers: Mapping[str, str]) -> Principal | None:
        """Return the cached caller of a request, None if it must be verified."""
        given = read_credentials(headers, "")
        if given.key is not None and given.key not in self._holders:
            return None
        if given.bearer is None:
            return ANONYMOUS if given.key is None else self._holders[given.key]
        return self.live.get(given.bearer, self._now())

    def _holder(self, key: str) -> Principal:
        known = self._holders.get(key)
        if known is not None:
            return known
        holder = resolve_key(key, self._ring, self._now())
        if holder is None:
            raise AccessError(
                "PGRST301",
                "Invalid API key",
                hint="`jotbase keys` shows the keys of this project.",
            )
        if key.startswith("sb_"):
            self._holders[key] = holder
        return holder

    async def token(self, text: str) -> Principal:
        """Verify a bearer token and return its principal. Raises AccessError."""
        known = self.live.get(text, self._now())
        if known is not None:
            return known
        mark = self.live.mark()
        principal = verify(text, self._ring, self._now(), audience=self._audience)
        if principal.id is not None or principal.session_id is not None:
            principal = current_principal(principal, await self._standing(principal), self._now())
            check_audience(principal.claims, self._audience)
        self.live.put(text, principal, mark)
        return principal

    async def user(self, identifier: str) -> Principal:
        """Return a user as a token issued now names it. Raises AccessError if there is none."""
        principal = Principal(AUTHENTICATED, identifier, claims={"sub": identifier})
        return current_principal(principal, await self._standing(principal), self._now())

    def with_current_facts(self, principal: Principal, facts: Facts) -> Principal:
        """Return the principal with the user's current facts. Raises AccessError if its audience is
        another one now.
        """
        known = with_current_facts(principal, facts)
        check_audience(known.claims, self._audience)
        return known
