"""A token's claims replaced by the current state of its user and session in the database.

In charge of the statement that reads this state, and of the principal that follows from its rows.
Must not run the statement, nor cache anything (`token_cache`). Decision 56.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jotbase.auth.tokens.revocation_triggers import FACTS, SESSION_FACTS
from jotbase.auth.tokens.stored_json import stored_methods, stored_object
from jotbase.auth.tokens.times import is_in_future
from jotbase.errors import AccessError
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound
from jotbase.sql.units import Rows
from jotbase.values import ANON, Principal

_CLAIMS = FACTS[:-2]
_JSON = ("app_metadata", "user_metadata")


@dataclass(frozen=True, slots=True)
class Facts:
    """The current state of a user: the claims of a token issued now, and what makes it invalid.

    `session` holds the claims that are one session's (`SESSION_FACTS`), {} where none was read.
    """

    claims: Mapping[str, Any]
    banned_until: str | None = None
    deleted_at: str | None = None
    session: Mapping[str, Any] = field(default_factory=dict)

    def is_refused(self, now: float) -> bool:
        """Whether the user is banned or deleted, so that none of its tokens is valid."""
        if self.deleted_at is not None:
            return True
        return is_in_future(self.banned_until, now)


def facts_columns(dialect: Dialect, alias: str) -> str:
    """Return the select list that `read_facts` reads, of the users' table under that alias."""
    return ", ".join(f"{alias}.{dialect.identifier(name)}" for name in FACTS)


def session_columns(dialect: Dialect, alias: str) -> str:
    """Return the select list of a session's own facts, which may follow `facts_columns`."""
    return ", ".join(f"{alias}.{dialect.identifier(name)}" for name in SESSION_FACTS)


def read_facts(values: tuple[Any, ...]) -> Facts:
    """Return the facts in a row of `facts_columns`, with or without `session_columns`."""
    columns = dict(zip(FACTS, values[: len(FACTS)], strict=True))
    own = values[len(FACTS) :]
    session: dict[str, Any] = {}
    if own and own[0] is not None:
        session = {"aal": own[0], "amr": list(stored_methods(own[1]))}
    for name in _JSON:
        columns[name] = stored_object(columns[name])
    claims = {name: columns[name] for name in _CLAIMS}
    claims |= {name: claims[name] or "" for name in ("email", "phone")}
    claims["is_anonymous"] = bool(claims["is_anonymous"])
    return Facts(claims, columns["banned_until"], columns["deleted_at"], session)


def current_facts_query(dialect: Dialect, principal: Principal) -> Fragment:
    """Return the statement that reads the user of a token's session: (user id, `facts_columns`,
    `session_columns`).

    No row means that the session has ended. For a token without a `session_id` claim, as the
    project's own servers may sign one, the statement reads the user alone.
    """
    users, sessions = dialect.identifier("auth.users"), dialect.identifier("auth.sessions")
    columns = f"SELECT u.{dialect.identifier('id')}, {facts_columns(dialect, 'u')}"
    if principal.session_id is None:
        alone = f'{columns} FROM {users} AS u WHERE u."id" = '
        return alone + bound(identifier(principal.id, dialect))
    joined = (
        f"{columns}, {session_columns(dialect, 's')} FROM {users} AS u"
        f' JOIN {sessions} AS s ON s."user_id" = u."id" WHERE s."id" = '
    )
    return joined + bound(identifier(principal.session_id, dialect))


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def identifier(text: str | None, dialect: Dialect) -> str | None:
    """Return what is bound for an id of a caller's: PostgreSQL reads no other text than a uuid,
    and NULL equals none.
    """
    if text is None or not dialect.is_postgres:
        return text
    return text if _UUID.fullmatch(text) else None


def current_principal(principal: Principal, rows: Rows, now: float) -> Principal:
    """Return the principal updated by the rows of `current_facts_query`.

    Raises AccessError (PGRST301) when its session has ended, or its user is banned or deleted.
    """
    if principal.session_id is None:
        if rows and read_facts(rows[0][1:]).is_refused(now):
            raise _refused("The user of this token is banned or deleted")
        return principal
    if not rows or rows[0][0] != principal.id:
        raise _refused("The session of this token has ended")
    facts = read_facts(rows[0][1:])
    if facts.is_refused(now):
        raise _refused("The user of this token is banned or deleted")
    return with_current_facts(principal, facts)


def _refused(message: str) -> AccessError:
    return AccessError("PGRST301", message, hint="Sign in again.")


def with_current_facts(principal: Principal, facts: Facts) -> Principal:
    """Return the principal with the current facts of user and session instead of its claims."""
    claims = {**principal.claims, **facts.claims, **facts.session}
    return replace(
        principal, role=claims["role"] or ANON, email=claims["email"] or None, claims=claims
    )
