"""A cache of verified tokens, invalidated when their session ends or their user changes.

In charge of caching principals by token (verifying costs some 100 µs, a cache hit 1 µs), of
dropping those of ended sessions and changed users, and of the statement that reads which these are
(`auth.revocations`). Must not run the statement, nor verify a token.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from jotbase.auth.tokens.current_facts import Facts, facts_columns, read_facts, session_columns
from jotbase.auth.tokens.tokens import has_expired
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound
from jotbase.sql.units import Rows
from jotbase.values import Principal

#: Longer tokens, in characters, are not cached, so that a few cannot fill the memory.
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Revocation:
    """Sessions that ended: those named, or all of the user's when `session_ids` is None."""

    user_id: str
    session_ids: tuple[str, ...] | None = None

    def covers(self, principal: Principal) -> bool:
        """Whether the principal's session is among those that ended."""
        if self.session_ids is None:
            return principal.id == self.user_id
        return principal.session_id in self.session_ids


@dataclass(frozen=True, slots=True)
class Renewal:
    """A user whose facts changed, with the current ones; its sessions go on.

    With a `session_id` the facts are also that one session's: they say nothing of another.
    """

    user_id: str
    facts: Facts
    session_id: str | None = None

    def covers(self, principal: Principal) -> bool:
        """Whether the principal is this user, in this session where one is named."""
        if self.session_id is not None and principal.session_id != self.session_id:
            return False
        return principal.id == self.user_id


Notice = Revocation | Renewal

#: The most rows of `auth.revocations` that are read at a time.
MAX_REVOCATIONS_READ = 1000


def changed_since(dialect: Dialect, number: int) -> Fragment:
    """Return the statement that reads the log after that number, for `notices`.

    The log holds the changes of all processes. Each row is joined with the current session and
    user, so that reading an entry twice or late gives the same result.
    """
    if dialect.is_postgres:
        return (
            'SELECT * FROM "auth"."changed_since"(' + bound(number) + f", {MAX_REVOCATIONS_READ})"
        )
    return (
        'SELECT r."number", r."session_id", r."user_id", s."id", u."id", '
        + f"{facts_columns(dialect, 'u')}, {session_columns(dialect, 's')}"
        + ' FROM "auth.revocations" AS r LEFT JOIN "auth.sessions" AS s ON s."id" = r."session_id"'
        ' LEFT JOIN "auth.users" AS u ON u."id" = r."user_id" WHERE r."number" > '
        + bound(number)
        + f' ORDER BY r."number" LIMIT {MAX_REVOCATIONS_READ}'
    )


def last_change(dialect: Dialect) -> str:
    """Return the statement that reads the newest number of the log, 0 when it is empty."""
    if dialect.is_postgres:
        return 'SELECT "auth"."number_revocations"()'
    return 'SELECT coalesce(max("number"), 0) FROM "auth.revocations"'


def notices(rows: Rows, now: float) -> tuple[Notice, ...]:
    """Return the notices of the rows of `changed_since`, one for each session or user."""
    latest: dict[tuple[str, str], Notice] = {}
    for _, session, user, alive, known, *values in rows:
        facts = None if known is None else read_facts(tuple(values))
        if facts is None or facts.is_refused(now):
            latest[user, ""] = Revocation(user)
        elif session and alive is None:
            latest[user, session] = Revocation(user, (session,))
        elif session:
            latest[user, session] = Renewal(user, facts, session)
        else:
            latest[user, ""] = Renewal(user, facts)
    return tuple(latest.values())


class TokenCache:
    """A bounded cache from token to principal that drops the least recently used first.

    Belongs to one event loop. On a miss the caller takes `mark()`, verifies the token, reads its
    session and user from the database (`current_facts`), then calls `put` with the mark.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._tokens: OrderedDict[str, Principal] = OrderedDict()
        self._revocations = 0

    def __len__(self) -> int:
        return len(self._tokens)

    def get(self, token: str, now: float) -> Principal | None:
        """Return the principal of a cached token that has not expired, or None."""
        principal = self._tokens.get(token)
        if principal is None:
            return None
        if has_expired(principal, now):
            del self._tokens[token]
            return None
        self._tokens.move_to_end(token)
        return principal

    def mark(self) -> int:
        """Return the number of invalidations so far; to be taken before the database is read."""
        return self._revocations

    def put(self, token: str, principal: Principal, mark: int) -> None:
        """Cache the principal of a valid token.

        Does nothing if there was an invalidation since the mark: what was read from the database
        may be older than it.
        """
        if mark != self._revocations or len(token) > _LONGEST:
            return
        self._tokens[token] = principal
        self._tokens.move_to_end(token)
        if len(self._tokens) > self._capacity:
            self._tokens.popitem(last=False)

    def forget(self, notices: Iterable[Notice]) -> None:
        """Drop every token of sessions that ended and of users whose facts changed."""
        self._revocations += 1
        users: set[str] = set()
        sessions: set[str] = set()
        for notice in notices:
            if isinstance(notice, Renewal) or notice.session_ids is None:
                users.add(notice.user_id)
            else:
                sessions.update(notice.session_ids)
        stale = [
            token
            for token, principal in self._tokens.items()
            if principal.id in users or principal.session_id in sessions
        ]
        for token in stale:
            del self._tokens[token]

    def clear(self) -> None:
        """Drop all tokens, for when entries of the log may have been missed."""
        self._revocations += 1
        self._tokens.clear()
