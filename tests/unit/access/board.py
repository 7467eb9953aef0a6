"""A small job board, its rules and its callers: what the access room's tests judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jotbase.access.enforcement.policy import Policy, load_policy
from jotbase.errors import ProjectError
from jotbase.expression.expr import Context, Expr
from jotbase.expression.predicate import predicate
from jotbase.schema.model.tables import Column, ForeignKey, Model, Table, Type
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Rows, Statement, UnitOfWork
from jotbase.values import Principal, Row

ADA = "00000000-0000-4000-8000-00000000000a"
BOB = "00000000-0000-4000-8000-00000000000b"
NOW = "2026-01-01T00:00:00+00:00"


def column(name: str, kind: Type = Type.TEXT, **more: Any) -> Column:
    """Return a column that may be null."""
    return Column(name, kind, {}, nullable=True, **more)


def key(name: str, target: str, target_column: str) -> ForeignKey:
    """Return a foreign key over one column."""
    return ForeignKey(f"{name}_fkey", (name,), target, (target_column,))


def model(**access: Mapping[str, str]) -> Model:
    """Return the board's tables with those rules."""
    tables = (
        Table(
            "jobs",
            (
                column("id", Type.INTEGER),
                column("title"),
                column("company"),
                column("salary", Type.INTEGER),
                column("equity", Type.NUMBER),
                column("fee", Type.DECIMAL),
                column("open", Type.BOOLEAN),
                column("tags", Type.ARRAY, item=Type.TEXT),
                column("mixed", Type.ARRAY),
                column("settings", Type.JSON),
                column("logo", Type.BYTES),
                column("posted_by", Type.UUID),
                column("created_at", Type.TIMESTAMP),
            ),
            ("id",),
            foreign_keys=(
                key("company", "companies", "handle"),
                key("posted_by", "auth.users", "id"),
            ),
            access=access.get("jobs", {}),
            file="schemas/jobs.json",
        ),
        Table(
            "companies",
            (column("handle"), column("owner", Type.UUID)),
            ("handle",),
            access=access.get("companies", {}),
            file="schemas/companies.json",
        ),
        Table(
            "members",
            (column("id", Type.INTEGER), column("user", Type.UUID), column("job", Type.INTEGER)),
            ("id",),
            foreign_keys=(key("job", "jobs", "id"),),
            access=access.get("members", {}),
            file="schemas/members.json",
        ),
    )
    return Model({table.name: table for table in tables})


BOARD = model()
JOBS, COMPANIES, MEMBERS = (BOARD.tables[name] for name in ("jobs", "companies", "members"))


def policy(**access: str) -> Policy:
    """Return the policy of the board with those rules for jobs."""
    return load_policy(model(jobs=access))


def caller(user: str | None = ADA, **claims: Any) -> Context:
    """Return the context of a signed-in caller, or of an anonymous one."""
    role = "anon" if user is None else "authenticated"
    return Context(Principal(role, user, "ada@example.org", claims=claims), (), NOW)


SERVICE = Context(Principal("service_role"), (), NOW)


def job(**columns: Any) -> Row:
    """Return a whole job, null where nothing is said."""
    return {**dict.fromkeys(JOBS.by_name), **columns}


def text(expression: Expr) -> str:
    """Return an expression's SQL for SQLite, identifiers unquoted so that it reads well."""
    return predicate(expression, SQLITE).text.replace('"', "")


def faults(error: ProjectError) -> list[tuple[str, str | None]]:
    """Return reason and hint of each fault."""
    return [(fault.reason, fault.hint) for fault in error.faults]


def drive(work: UnitOfWork[None], *answers: Rows) -> list[Statement]:
    """Run a unit with those answers in turn, and return what it asked."""
    asked: list[Statement] = []
    waiting = list(answers)
    try:
        runnable = next(work)
        while True:
            asked.append(Statement(runnable.text, list(runnable.params)))
            runnable = work.send(waiting.pop(0) if waiting else [])
    except StopIteration:
        return asked
