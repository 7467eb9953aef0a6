"""Drives units of work without a database: the test says what each statement gives back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

import orjson

from jotbase.auth.accounts.context import Context
from jotbase.auth.sessions.factors import Factor, FactorChallenge
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Identity, User
from jotbase.auth.tokens.one_time import OneTimeToken
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Rows, UnitOfWork

Result = TypeVar("Result")

NOW = 1_780_000_000.0
MOMENT = "2026-05-28T20:26:40+00:00"
POLICY = AuthPolicy("http://localhost/auth/v1")
CONTEXT = Context(SQLITE, POLICY, NOW, bytes(range(96)), "test", b"key")
ADA = User(
    id="00000000-0000-4000-8000-00000000000a",
    aud="authenticated",
    role="authenticated",
    created_at=MOMENT,
    updated_at=MOMENT,
    email="ada@example.com",
    encrypted_password="hash",
    email_confirmed_at=MOMENT,
    user_metadata={"name": "Ada"},
)


def drive(
    unit: UnitOfWork[Result], *answers: Rows, factors: Rows | None = None
) -> tuple[Result, list[str]]:
    """Return the unit's result and the first word of each statement; answers run out to no rows.

    Entries of the audit log are passed over: tests/api/test_accounts_audit.py looks at them. So is
    the reading of a user's second factors, which are those given.
    """
    given, verbs = list(answers), []
    try:
        statement = next(unit)
        while True:
            if "auth.audit_log_entries" in statement.text:
                statement = unit.send([])
                continue
            if statement.text.startswith("SELECT") and "auth.mfa_factors" in statement.text:
                statement = unit.send(factors or [])
                continue
            verbs.append(statement.text.split(" ")[0])
            statement = unit.send(given.pop(0) if given else [])
    except StopIteration as ended:
        result: Result = ended.value
        return result, verbs


def row(
    value: User | Identity | Session | OneTimeToken | Factor | FactorChallenge,
) -> tuple[Any, ...]:
    """Return the value as SQLite would give it."""
    return tuple(_stored(getattr(value, field.name)) for field in fields(value))


def _stored(value: Any) -> Any:
    if isinstance(value, dict | tuple):
        return orjson.dumps(value).decode()
    return int(value) if isinstance(value, bool) else value
