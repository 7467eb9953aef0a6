"""The tokens that are known to be good now, and what takes that back at once.

In charge of remembering checked tokens (checking costs some 100 µs, remembering 1 µs) and of
forgetting those of a session or user that ended, and of the questions that tell which have. Must
not run them, nor check anything.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from jotbase.auth.tokens import has_expired
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound
from jotbase.values import Principal

#: Longer tokens are checked each time, so that a few cannot fill the memory.
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Revocation:
    """Sessions that ended: those named, or with None all of the user's."""

    user_id: str
    session_ids: tuple[str, ...] | None = None

    def covers(self, principal: Principal) -> bool:
        """Whether the principal's session is among those that ended."""
        if self.session_ids is None:
            return principal.id == self.user_id
        return principal.session_id in self.session_ids


def session_alive(dialect: Dialect, session_id: str) -> Fragment:
    """Return the statement whose one row says that the session still exists."""
    table = dialect.identifier("auth.sessions")
    return f'SELECT 1 FROM {table} WHERE "id" = ' + bound(session_id)


def revoked_since(number: int) -> Fragment:
    """Return the statement that reads what ended after that number: number, session, user.

    For SQLite, where other processes may have ended sessions too.
    """
    return (
        'SELECT "number", "session_id", "user_id" FROM "auth.revocations" WHERE "number" > '
        + bound(number)
        + ' ORDER BY "number"'
    )


class LiveSessions:
    """A bounded memory of checked tokens, the least recently used forgotten first.

    Belongs to one event loop. On a miss: take `mark()`, check the token, ask the database whether
    its session exists (`session_alive`), then `put` with the mark.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._tokens: OrderedDict[str, Principal] = OrderedDict()
        self._revocations = 0

    def __len__(self) -> int:
        return len(self._tokens)

    def get(self, token: str, now: float) -> Principal | None:
        """Return the principal of a token known to be good now, or None: check it."""
        principal = self._tokens.get(token)
        if principal is None:
            return None
        if has_expired(principal, now):
            del self._tokens[token]
            return None
        self._tokens.move_to_end(token)
        return principal

    def mark(self) -> int:
        """Return a mark to be taken before the database is asked, for `put`."""
        return self._revocations

    def put(self, token: str, principal: Principal, mark: int) -> None:
        """Remember a token that was found good.

        Does nothing if a revocation came since the mark: the database's answer may predate it.
        """
        if mark != self._revocations or len(token) > _LONGEST:
            return
        self._tokens[token] = principal
        self._tokens.move_to_end(token)
        if len(self._tokens) > self._capacity:
            self._tokens.popitem(last=False)

    def revoke(self, revocation: Revocation) -> None:
        """Forget every token of the sessions that ended."""
        self._revocations += 1
        ended = [token for token, known in self._tokens.items() if revocation.covers(known)]
        for token in ended:
            del self._tokens[token]

    def clear(self) -> None:
        """Forget everything: what was missed cannot be told."""
        self._revocations += 1
        self._tokens.clear()
