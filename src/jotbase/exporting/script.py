"""A project's tables and rules as one SQL script, for a Supabase project or its like.

In charge of the script's order, and of saying in it what does not translate. Must not know how a
table or a rule is spelled (`tables`, `row_security`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jotbase.access.enforcement.policy import Policy
from jotbase.exporting.row_security import SCHEMA, row_security
from jotbase.exporting.tables import (
    CALLERS,
    caller_defaults,
    exported_references,
    exported_table,
    privileges,
    published,
    unheld,
)
from jotbase.schema.model.tables import Model, Table

_HEAD = (
    "Made by `jotbase export`: tables, constraints, indexes and row-level security,",
    "for PostgreSQL 15 or later with Supabase's auth.uid(), auth.jwt() and roles.",
    "Rows, accounts and the project's functions are not in it.",
)


@dataclass(frozen=True, slots=True)
class Exported:
    """A script, and what it does not hold of the project, in words that stand in it as well."""

    sql: str
    notes: tuple[str, ...]


def exported(model: Model, policy: Policy) -> Exported:
    """Return the script that makes the model, with its rules, in an empty schema `public`."""
    tables = [table for table in model if table.view is None]
    notes: list[str] = []
    lines = [_comment(line) for line in _HEAD]
    lines += ["", "BEGIN;", "SET LOCAL search_path = public;"]
    for table in tables:
        lines += ["", *_described(table), f"{exported_table(table)};"]
        lines += [f"{one};" for one in caller_defaults(table)]
        notes += _noted(unheld(table), lines)
    lines.append("")
    for table in tables:
        lines += [f"{one};" for one in exported_references(table)]
    lines += ["", f"CREATE SCHEMA {SCHEMA};"]
    lines.append(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {CALLERS}, service_role;")
    for table in tables:
        lines += ["", *_rules(table)]
        made = row_security(policy, table)
        notes += _noted(made.notes, lines)
        lines += [f"{one};" for one in (*made.statements, *privileges(table, made.granted))]
        lines += [f"{published(table)};"] if table.realtime else []
    for table in model:
        if table.view is not None:
            told = f"{table.name}: a view's SQL is the project's own, and no policy guards a view"
            lines.append("")
            notes += _noted([told], lines)
    return Exported("\n".join((*lines, "", "COMMIT;", "")), tuple(notes))


def _noted(notes: list[str], lines: list[str]) -> list[str]:
    lines += [_comment(f"NOT EXPORTED: {note}") for note in notes]
    return notes


def _described(table: Table) -> Iterator[str]:
    if table.description:
        yield _comment(f"{table.name}: {table.description}")


def _rules(table: Table) -> Iterator[str]:
    for action, rule in table.access.items():
        yield _comment(f"{table.name}: {action}: {rule}")


def _comment(text: str) -> str:
    # A comment ends with its line, so it must not hold a line's end.
    return f"-- {' '.join(text.split())}"
