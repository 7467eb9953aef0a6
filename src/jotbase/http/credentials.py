"""Who calls: API key and bearer token to a `Principal`, checked once and remembered.

In charge of the gateway's rule (an opaque key stands for its role), of asking the database whether
a token's session still exists, and of letting go of what was revoked. Must not know what the caller
wants.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from jotbase.auth.apikeys import resolve_key
from jotbase.auth.gate import read_credentials
from jotbase.auth.keys import KeyRing
from jotbase.auth.live import LiveSessions, Revocation
from jotbase.auth.tokens import verify
from jotbase.errors import AccessError
from jotbase.values import ANONYMOUS, Principal

#: Whether the session of that id still stands in the database.
SessionAlive = Callable[[str], Awaitable[bool]]


class CredentialCheck:
    """Checks credentials against ring, database and clock; belongs to one event loop."""

    def __init__(
        self,
        ring: KeyRing,
        now: Callable[[], float],
        session_alive: SessionAlive,
        audience: str | None = None,
    ) -> None:
        self.live = LiveSessions()
        self._ring = ring
        self._now = now
        self._session_alive = session_alive
        self._audience = audience
        self._roles: dict[str, str] = {}

    async def principal(self, headers: Mapping[str, str], query: str = "") -> Principal:
        """Return who sent a request with these headers (names in lower case).

        Raises AccessError: PGRST301 and PGRST303 for a bad token, PGRST301 for an unknown API key.
        """
        given = read_credentials(headers, query)
        role = self._role(given.key) if given.key is not None else None
        if given.bearer is None or given.bearer == given.key:
            return ANONYMOUS if role is None else Principal(role=role)
        return await self.token(given.bearer)

    def known(self, headers: Mapping[str, str]) -> Principal | None:
        """Return who sent a request, if that is remembered: nothing is checked or waited for."""
        given = read_credentials(headers, "")
        if given.key is not None and given.key not in self._roles:
            return None
        if given.bearer is None:
            return ANONYMOUS if given.key is None else Principal(role=self._roles[given.key])
        return self.live.get(given.bearer, self._now())

    def _role(self, key: str) -> str:
        known = self._roles.get(key)
        if known is not None:
            return known
        role = resolve_key(key, self._ring, self._now())
        if role is None:
            raise AccessError(
                "PGRST301",
                "Invalid API key",
                hint="`jotbase keys` shows the keys of this project.",
            )
        if key.startswith("sb_"):
            self._roles[key] = role
        return role

    async def token(self, text: str) -> Principal:
        """Return whom a bearer token stands for. Raises AccessError."""
        known = self.live.get(text, self._now())
        if known is not None:
            return known
        mark = self.live.mark()
        principal = verify(text, self._ring, self._now(), audience=self._audience)
        session = principal.session_id
        if session is not None and not await self._session_alive(session):
            raise AccessError(
                "PGRST301", "The session of this token has ended", hint="Sign in again."
            )
        self.live.put(text, principal, mark)
        return principal

    def revoke(self, revocation: Revocation) -> None:
        """Forget every token of the sessions that ended."""
        self.live.revoke(revocation)
