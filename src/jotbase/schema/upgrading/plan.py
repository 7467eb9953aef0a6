"""The plan of a migration: its statements in order, each with what it locks, rewrites and loses.

In charge of reading these effects off a statement, by what the manuals of SQLite and PostgreSQL say
of it. Must not know why a statement is in the plan (`diff`, `postgres.changes`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jotbase.errors import Fault
from jotbase.sql.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Effect:
    """What a statement means for a database in use; empty texts where it means nothing.

    `locks` says who waits, and how long; `rewrites` what is read or written whole; `loses` what is
    gone afterwards.
    """

    locks: str = ""
    rewrites: str = ""
    loses: str = ""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One statement of a plan, and its effect."""

    statement: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Plan:
    """A migration before it is applied: its changes in words, its steps, and why it is refused."""

    changes: tuple[str, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def is_pending(self) -> bool:
        """Whether there is something to apply, or something that is refused."""
        return bool(self.changes or self.steps or self.faults)


def plan_of(
    statements: Sequence[str], changes: Sequence[str], faults: Sequence[Fault], dialect: Dialect
) -> Plan:
    """Return the plan of these statements."""
    effects = _POSTGRES if dialect.is_postgres else _SQLITE
    steps = [PlannedStep(text, effect_of(text, effects)) for text in statements]
    return Plan(tuple(changes), tuple(steps), tuple(faults))


Effects = Sequence[tuple[re.Pattern[str], Effect]]


def effect_of(statement: str, effects: Effects) -> Effect:
    """Return the effect of the first row that the statement's beginning matches."""
    return next((effect for form, effect in effects if form.match(statement)), Effect())


#: A quoted name, or several with dots between them.
_NAME = r'(?:"(?:[^"]|"")*"\.?)+'


def _table(*rows: tuple[str, Effect]) -> Effects:
    return [(re.compile(form.replace("NAME", _NAME)), effect) for form, effect in rows]


#: In SQLite all steps are one transaction: other writers wait until it ends, readers never (WAL,
#: sqlite.org/wal.html). What takes long is what reads or writes a table whole.
_WRITERS = "writers, until the whole migration is done"
_SQLITE = _table(
    (r"DROP TABLE (IF EXISTS )?\"jotbase\.", Effect(_WRITERS)),
    (r"DROP TABLE", Effect(_WRITERS, loses="the table with all its rows")),
    (r"INSERT INTO NAME \(.*SELECT .* FROM \"jotbase\.old\.", Effect(_WRITERS, "copies all rows")),
    (r"ALTER TABLE NAME DROP COLUMN", Effect(_WRITERS, "all rows", "the column's values")),
    (r"ALTER TABLE NAME ADD CONSTRAINT", Effect(_WRITERS, "reads all rows")),
    (r"ALTER TABLE NAME ALTER COLUMN NAME SET NOT NULL", Effect(_WRITERS, "reads all rows")),
    (r"CREATE (UNIQUE )?INDEX", Effect(_WRITERS, "reads all rows")),
    (r"CREATE VIRTUAL TABLE", Effect(_WRITERS)),
    (r"UPDATE", Effect(_WRITERS, "writes the rows that it names")),
    (r"(ALTER|CREATE|DROP|INSERT|DELETE)", Effect(_WRITERS)),
)

#: PostgreSQL 17 manual, "ALTER TABLE" (notes) and table 13.2: what each form locks and rewrites.
_EXCLUSIVE = "readers and writers of the table, until the migration is done"
_POSTGRES = _table(
    (r"DO \$_*\$", Effect(rewrites="reads all rows")),
    (r"DROP TABLE", Effect(_EXCLUSIVE, loses="the table with all its rows")),
    (r"ALTER TABLE NAME DROP COLUMN", Effect(_EXCLUSIVE, loses="the column's values")),
    (r"ALTER TABLE NAME ALTER COLUMN NAME TYPE", Effect(_EXCLUSIVE, "the table and its indexes")),
    (r"ALTER TABLE NAME ALTER COLUMN NAME SET NOT NULL", Effect(_EXCLUSIVE, "reads all rows")),
    (
        r"ALTER TABLE NAME ADD COLUMN .* (GENERATED|DEFAULT (gen_random|\())",
        Effect(_EXCLUSIVE, "the table and its indexes"),
    ),
    (
        r"ALTER TABLE NAME ADD CONSTRAINT NAME FOREIGN KEY .*NOT VALID",
        Effect("writers of both tables, for a moment"),
    ),
    (
        r"ALTER TABLE NAME ADD CONSTRAINT NAME FOREIGN KEY",
        Effect("writers of both tables, until the migration is done", "reads all rows"),
    ),
    (r"ALTER TABLE NAME ADD CONSTRAINT .*NOT VALID", Effect(_EXCLUSIVE)),
    (r"ALTER TABLE NAME ADD CONSTRAINT NAME CHECK", Effect(_EXCLUSIVE, "reads all rows")),
    (
        r"ALTER TABLE NAME ADD CONSTRAINT NAME (UNIQUE|PRIMARY KEY) USING INDEX",
        Effect(_EXCLUSIVE),
    ),
    (
        r"ALTER TABLE NAME ADD CONSTRAINT NAME (UNIQUE|PRIMARY KEY)",
        Effect(_EXCLUSIVE, "builds an index of all rows"),
    ),
    (r"ALTER TABLE NAME VALIDATE CONSTRAINT", Effect(rewrites="reads all rows")),
    (r"CREATE (UNIQUE )?INDEX CONCURRENTLY", Effect(rewrites="builds an index of all rows")),
    (
        r"CREATE (UNIQUE )?INDEX",
        Effect("writers of the table, until the migration is done", "builds an index of all rows"),
    ),
    (r"UPDATE", Effect("writers of the rows that it names", "writes the rows that it names")),
    (r"(ALTER TABLE|DROP VIEW|DROP INDEX|ALTER INDEX)", Effect(_EXCLUSIVE)),
)
