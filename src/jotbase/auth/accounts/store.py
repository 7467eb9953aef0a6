"""The data access layer of accounts: SELECT, INSERT, UPDATE and DELETE of their rows.

In charge of mapping users, identities, sessions and tokens to bound values and back (JSON as text,
booleans as 0 and 1). Must not know the operations that use it (`accounts`, `administration`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import orjson

from jotbase.auth.sessions.audit_entries import AuditEntry
from jotbase.auth.sessions.factors import Factor, FactorChallenge
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Account, Identity, User
from jotbase.auth.tokens.current_facts import identifier
from jotbase.auth.tokens.one_time import FlowState, OneTimeToken
from jotbase.auth.tokens.stored_json import stored_methods, stored_object
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, join, sql
from jotbase.sql.units import UnitOfWork

RowT = TypeVar(
    "RowT",
    User,
    Identity,
    Session,
    OneTimeToken,
    FlowState,
    AuditEntry,
    Factor,
    FactorChallenge,
)

Row = User | Identity | Session | OneTimeToken | FlowState | AuditEntry | Factor | FactorChallenge

_TABLES: dict[type, str] = {
    User: "auth.users",
    Identity: "auth.identities",
    Session: "auth.sessions",
    OneTimeToken: "auth.one_time_tokens",
    FlowState: "auth.flow_states",
    AuditEntry: "auth.audit_log_entries",
    Factor: "auth.mfa_factors",
    FactorChallenge: "auth.mfa_challenges",
}
_COLUMNS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in _TABLES
}
_KEYS: dict[type, str] = {
    User: "id",
    Identity: "identity_id",
    Session: "id",
    OneTimeToken: "token_hash",
    FlowState: "code_hash",
    AuditEntry: "id",
    Factor: "id",
    FactorChallenge: "id",
}
_JSON = frozenset(("app_metadata", "user_metadata", "identity_data", "amr", "data", "payload"))


#: Columns that hold a uuid in each table that has them (`auth.identities` has a text `id`, which
#: nobody is found by).
_UUIDS = frozenset(("id", "user_id", "identity_id", "session_id", "factor_id"))


def insert(dialect: Dialect, value: Row) -> Fragment:
    """Return the INSERT of a new row."""
    kind = type(value)
    columns = join(", ", (_name(dialect, column) for column in _COLUMNS[kind]))
    values = join(
        ", ", (_bound(dialect, column, getattr(value, column)) for column in _COLUMNS[kind])
    )
    return _into(dialect, kind) + " (" + columns + ") VALUES (" + values + ")"


def update(dialect: Dialect, kind: type, key: str, change: Mapping[str, Any]) -> Fragment:
    """Return the UPDATE of some columns of the row with that primary key."""
    settings = join(
        ", ",
        (
            _name(dialect, column) + " = " + _bound(dialect, column, value)
            for column, value in change.items()
        ),
    )
    return (
        "UPDATE " + _table(dialect, kind) + " SET " + settings + _where(dialect, _KEYS[kind], key)
    )


def one_or_none(
    dialect: Dialect, kind: type[RowT], column: str, value: str
) -> UnitOfWork[RowT | None]:
    """Read the first row whose column has the value, None when there is none."""
    rows = yield _select(dialect, kind) + _where(dialect, column, value)
    return _loaded(kind, rows[0]) if rows else None


def account(dialect: Dialect, column: str, value: str) -> UnitOfWork[Account | None]:
    """Read the user whose column (`id` or `email`) has the value, with its identities and factors,
    or None.
    """
    user = yield from one_or_none(dialect, User, column, value)
    if user is None:
        return None
    found = yield from identities(dialect, user.id)
    return Account(user, found, (yield from factors(dialect, user.id)))


def identities(dialect: Dialect, user_id: str) -> UnitOfWork[tuple[Identity, ...]]:
    """Read the user's identities, in the order in which they were created."""
    rows = yield (
        _select(dialect, Identity)
        + _where(dialect, "user_id", user_id)
        + ' ORDER BY "created_at", "identity_id"'
    )
    return tuple(_loaded(Identity, row) for row in rows)


def factors(dialect: Dialect, user_id: str) -> UnitOfWork[tuple[Factor, ...]]:
    """Read the user's second factors, in the order in which they were enrolled."""
    rows = yield (
        _select(dialect, Factor)
        + _where(dialect, "user_id", user_id)
        + ' ORDER BY "created_at", "id"'
    )
    return tuple(_loaded(Factor, row) for row in rows)


def challenges(
    dialect: Dialect, factor_id: str, since: str
) -> UnitOfWork[tuple[FactorChallenge, ...]]:
    """Read the factor's challenges from after that time, the oldest first."""
    rows = yield (
        _select(dialect, FactorChallenge)
        + _where(dialect, "factor_id", factor_id)
        + (' AND "created_at" > ' + bound(since))
        + ' ORDER BY "created_at"'
    )
    return tuple(_loaded(FactorChallenge, row) for row in rows)


def prune_challenges(dialect: Dialect, factor_id: str, before: str) -> Fragment:
    """Return the DELETE of the factor's challenges from before that time."""
    older = ' AND "created_at" < ' + bound(before)
    where = _where(dialect, "factor_id", factor_id)
    return "DELETE FROM " + _table(dialect, FactorChallenge) + where + older


def prune_factors(dialect: Dialect, before: str, challenged: str) -> UnitOfWork[None]:
    """Delete challenges older than `challenged`, and unverified factors older than `before` that
    have no challenge; those of all users.
    """
    factor, challenge = _table(dialect, Factor), _table(dialect, FactorChallenge)
    yield "DELETE FROM " + challenge + ' WHERE "created_at" < ' + bound(challenged)
    yield (
        "DELETE FROM "
        + factor
        + " WHERE \"status\" = 'unverified'"
        + ' AND "created_at" < '
        + bound(before)
        + ' AND "id" NOT IN (SELECT "factor_id" FROM '
        + challenge
        + ")"
    )


def one_time_tokens(dialect: Dialect, user_id: str) -> UnitOfWork[tuple[OneTimeToken, ...]]:
    """Read the user's one-time tokens, the newest first."""
    rows = yield (
        _select(dialect, OneTimeToken)
        + _where(dialect, "user_id", user_id)
        + ' ORDER BY "created_at" DESC'
    )
    return tuple(_loaded(OneTimeToken, row) for row in rows)


def sessions(dialect: Dialect, user_id: str) -> UnitOfWork[tuple[Session, ...]]:
    """Read the user's sessions."""
    rows = yield _select(dialect, Session) + _where(dialect, "user_id", user_id)
    return tuple(_loaded(Session, row) for row in rows)


def delete(
    dialect: Dialect, kind: type, match: Mapping[str, str], *, keep: str | None = None
) -> Fragment:
    """Return the DELETE of all rows with these column values, except the one with the id `keep`.

    The statement returns the primary keys of the deleted rows.
    """
    conditions = [
        _name(dialect, column)
        + " = "
        + bound(identifier(value, dialect) if column in _UUIDS else value)
        for column, value in match.items()
    ]
    if keep is not None:
        conditions.append(_name(dialect, "id") + " <> " + bound(keep))
    where = join(" AND ", conditions)
    key = " RETURNING " + _name(dialect, _KEYS[kind])
    return "DELETE FROM " + _table(dialect, kind) + " WHERE " + where + key


def page(
    dialect: Dialect,
    kind: type[RowT],
    where: Fragment,
    limit: int,
    offset: int,
    *,
    ascending: bool = False,
) -> UnitOfWork[list[RowT]]:
    """Read a page of the rows that match, newest first or, `ascending`, oldest first."""
    order = ' ORDER BY "created_at"' + ("" if ascending else " DESC")
    rows = yield (
        _select(dialect, kind)
        + where
        + (order + ', "id" LIMIT ')
        + bound(limit)
        + " OFFSET "
        + bound(offset)
    )
    return [_loaded(kind, row) for row in rows]


def count(dialect: Dialect, kind: type, where: Fragment) -> UnitOfWork[int]:
    """Read the number of rows that match."""
    rows = yield ("SELECT count(*) FROM " + _table(dialect, kind) + where)
    return int(rows[0][0])


def sought_users(dialect: Dialect, filter_text: str, email: str = "") -> Fragment:
    """Return the WHERE clause of users with that address, or else with a part of it or of
    `user_metadata.full_name`, ignoring case; "" is anybody's.
    """
    if email:
        return _where(dialect, "email", email)
    return containing(dialect, ('"email"', "\"user_metadata\" ->> 'full_name'"), filter_text)


def containing(dialect: Dialect, texts: Iterable[str], sought: str) -> Fragment:
    """Return the WHERE clause of rows of which one of the SQL texts contains the sought one."""
    if not sought:
        return Fragment()
    find = {"sqlite": "instr", "postgres": "strpos"}[dialect.name]
    tests = (f"{find}(lower({one}), lower(" + bound(sought) + ")) > 0" for one in texts)
    return " WHERE " + join(" OR ", tests)


def _select(dialect: Dialect, kind: type) -> Fragment:
    columns = join(", ", (_name(dialect, column) for column in _COLUMNS[kind]))
    return "SELECT " + columns + " FROM " + _table(dialect, kind)


def _into(dialect: Dialect, kind: type) -> Fragment:
    return "INSERT INTO " + _table(dialect, kind)


def _table(dialect: Dialect, kind: type) -> Fragment:
    return sql(dialect.identifier(_TABLES[kind]))


def _name(dialect: Dialect, column: str) -> Fragment:
    return sql(dialect.identifier(column))


def _where(dialect: Dialect, column: str, value: str) -> Fragment:
    asked = identifier(value, dialect) if column in _UUIDS else value
    return " WHERE " + _name(dialect, column) + " = " + bound(asked)


def _bound(dialect: Dialect, column: str, value: Any) -> Fragment:
    if column in _JSON:
        return bound(orjson.dumps(value).decode())
    if isinstance(value, bool) and dialect.name == "sqlite":
        return bound(int(value))
    return bound(value)


def _loaded(kind: type[RowT], row: tuple[Any, ...]) -> RowT:
    values = dict(zip(_COLUMNS[kind], row, strict=True))
    for column in _JSON & values.keys():
        read = stored_methods if column == "amr" else stored_object
        values[column] = read(values[column])
    if "is_anonymous" in values:
        values["is_anonymous"] = bool(values["is_anonymous"])
    return kind(**values)
