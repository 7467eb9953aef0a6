"""A token's facts as they are now: the database's word, in the place of the token's.

In charge of the question that tells how a token's session and user stand, and of the principal that
comes of the answer. Must not run it, nor remember anything (`live`). Decision 56.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from jotbase.auth.tokens.revocation_triggers import FACTS
from jotbase.auth.tokens.times import lies_ahead
from jotbase.errors import AccessError
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound
from jotbase.sql.units import Rows
from jotbase.values import ANON, Principal

_CLAIMS = FACTS[:-2]
_JSON = ("app_metadata", "user_metadata")


@dataclass(frozen=True, slots=True)
class Facts:
    """How a user stands: the claims that a token issued now would have, and what refuses it."""

    claims: Mapping[str, Any]
    banned_until: str | None = None
    deleted_at: str | None = None

    def is_refused(self, now: float) -> bool:
        """Whether no token of the user is taken now."""
        if self.deleted_at is not None:
            return True
        return lies_ahead(self.banned_until, now)


def facts_columns(dialect: Dialect, alias: str) -> str:
    """Return what `read_facts` reads, as columns of the users' table under that alias."""
    return ", ".join(f"{alias}.{dialect.identifier(name)}" for name in FACTS)


def read_facts(values: tuple[Any, ...]) -> Facts:
    """Return the facts of a row of `facts_columns`."""
    found = dict(zip(FACTS, values, strict=True))
    for name in _JSON:
        if isinstance(found[name], str):
            found[name] = orjson.loads(found[name])
    claims = {name: found[name] for name in _CLAIMS}
    claims |= {name: claims[name] or "" for name in ("email", "phone")}
    claims["is_anonymous"] = bool(claims["is_anonymous"])
    return Facts(claims, found["banned_until"], found["deleted_at"])


def current_facts_query(dialect: Dialect, principal: Principal) -> Fragment:
    """Return the statement whose one row says how the token's session and its user stand.

    A token without a session, made by the project's own servers, asks for the user alone.
    """
    users, sessions = dialect.identifier("auth.users"), dialect.identifier("auth.sessions")
    columns = (
        f"SELECT u.{dialect.identifier('id')}, {facts_columns(dialect, 'u')} FROM {users} AS u"
    )
    if principal.session_id is None:
        return f'{columns} WHERE u."id" = ' + bound(principal.id)
    joined = f'{columns} JOIN {sessions} AS s ON s."user_id" = u."id" WHERE s."id" = '
    return joined + bound(principal.session_id)


def current_principal(principal: Principal, rows: Rows, now: float) -> Principal:
    """Return the principal as the rows of `current_facts_query` say that it is.

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
    """Return the principal with the user's facts in the place of those that the token was given."""
    claims = {**principal.claims, **facts.claims}
    return replace(
        principal, role=claims["role"] or ANON, email=claims["email"] or None, claims=claims
    )
