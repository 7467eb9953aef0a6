"""The tokens that are known to be good now, and what takes that back at once.

In charge of remembering checked tokens (checking costs some 100 µs, remembering 1 µs), of
forgetting those of a session that ended or a user that changed, and of the question that tells
which have. Must not run it, nor check anything.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from jotbase.auth.tokens.current_facts import Facts, facts_columns, read_facts
from jotbase.auth.tokens.tokens import has_expired
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound
from jotbase.sql.units import Rows
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


@dataclass(frozen=True, slots=True)
class Renewal:
    """A user whose facts changed, as they are now; its sessions go on."""

    user_id: str
    facts: Facts

    def covers(self, principal: Principal) -> bool:
        """Whether the principal's facts are the user's."""
        return principal.id == self.user_id


Notice = Revocation | Renewal

#: Lines of the log that are read at a time.
MOST_CHANGES = 1000


def changed_since(dialect: Dialect, number: int) -> Fragment:
    """Return the statement that reads what was logged after that number, for `notices`.

    For SQLite, where other processes may have changed users and ended sessions too. Each row says
    how session and user stand now, so that what was logged twice, or long ago, does no harm.
    """
    return (
        'SELECT r."number", r."session_id", r."user_id", s."id", u."id", '
        + facts_columns(dialect, "u")
        + ' FROM "auth.revocations" AS r LEFT JOIN "auth.sessions" AS s ON s."id" = r."session_id"'
        ' LEFT JOIN "auth.users" AS u ON u."id" = r."user_id" WHERE r."number" > '
        + bound(number)
        + f' ORDER BY r."number" LIMIT {MOST_CHANGES}'
    )


def last_change() -> str:
    """Return the statement that reads the newest number of the log."""
    return 'SELECT coalesce(max("number"), 0) FROM "auth.revocations"'


def notices(rows: Rows, now: float) -> tuple[Notice, ...]:
    """Return what the rows of `changed_since` come to, one notice for each session or user."""
    found: dict[tuple[str, str], Notice] = {}
    for _, session, user, alive, known, *values in rows:
        facts = None if known is None else read_facts(tuple(values))
        if facts is None or facts.is_refused(now):
            found[user, ""] = Revocation(user)
        elif session and alive is None:
            found[user, session] = Revocation(user, (session,))
        else:
            found[user, ""] = Renewal(user, facts)
    return tuple(found.values())


class TokenCache:
    """A bounded memory of checked tokens, the least recently used forgotten first.

    Belongs to one event loop. On a miss: take `mark()`, check the token, ask the database how its
    session and user stand (`current_facts`), then `put` with the mark.
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

    def forget(self, told: Iterable[Notice]) -> None:
        """Forget every token of sessions that ended, and of users whose facts changed."""
        self._revocations += 1
        users: set[str] = set()
        sessions: set[str] = set()
        for one in told:
            if isinstance(one, Renewal) or one.session_ids is None:
                users.add(one.user_id)
            else:
                sessions.update(one.session_ids)
        stale = [
            token
            for token, known in self._tokens.items()
            if known.id in users or known.session_id in sessions
        ]
        for token in stale:
            del self._tokens[token]

    def clear(self) -> None:
        """Forget everything: what was missed cannot be told."""
        self._revocations += 1
        self._tokens.clear()
