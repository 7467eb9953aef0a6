"""What the statements of a plan lock, rewrite and lose."""

import pytest

from jotbase.errors import Fault
from jotbase.schema.upgrading.plan import Plan, plan_of
from jotbase.sql.dialect import POSTGRES, SQLITE, Dialect

WRITERS = "writers, until the whole migration is done"
TABLE = "writers of the table, until the migration is done"
ALL = "readers and writers of the table, until the migration is done"


@pytest.mark.parametrize(
    ("dialect", "statement", "effect"),
    [
        (SQLITE, 'DROP TABLE IF EXISTS "t"', (WRITERS, "", "the table with all its rows")),
        (SQLITE, 'DROP TABLE "jotbase.old.t"', (WRITERS, "", "")),
        (
            SQLITE,
            'INSERT INTO "t" ("a") SELECT "a" FROM "jotbase.old.t" ORDER BY rowid',
            (WRITERS, "copies all rows", ""),
        ),
        (SQLITE, 'ALTER TABLE "t" ADD COLUMN "a" TEXT', (WRITERS, "", "")),
        (SQLITE, 'ALTER TABLE "t" ADD CONSTRAINT "c" CHECK (a)', (WRITERS, "reads all rows", "")),
        (SQLITE, "PRAGMA defer_foreign_keys = ON", ("", "", "")),
        (POSTGRES, 'CREATE TABLE "t" ()', ("", "", "")),
        (POSTGRES, "DO $$ BEGIN IF EXISTS (SELECT 1 FROM t)", ("", "reads all rows", "")),
        (POSTGRES, "DO $_$ BEGIN IF EXISTS (SELECT 1 FROM t)", ("", "reads all rows", "")),
        (POSTGRES, 'ALTER TABLE "t" DROP COLUMN "a"', (ALL, "", "the column's values")),
        (POSTGRES, 'ALTER TABLE "t" ADD COLUMN "a" text', (ALL, "", "")),
        (
            POSTGRES,
            'ALTER TABLE "a "" b" ADD CONSTRAINT "c" CHECK (a)',
            (ALL, "reads all rows", ""),
        ),
        (
            POSTGRES,
            'ALTER TABLE "t" ADD CONSTRAINT "c" CHECK (a) NOT VALID',
            (ALL, "", ""),
        ),
        (POSTGRES, 'ALTER TABLE "t" VALIDATE CONSTRAINT "c"', ("", "reads all rows", "")),
        (
            POSTGRES,
            'CREATE INDEX "i" ON "t" ("a")',
            (TABLE, "builds an index of all rows", ""),
        ),
        (
            POSTGRES,
            'ALTER TABLE "t" ALTER COLUMN "a" TYPE text USING "a"::text',
            (ALL, "the table and its indexes", ""),
        ),
    ],
)  # fmt: skip
def test_a_statement_has_its_effect(
    dialect: Dialect, statement: str, effect: tuple[str, str, str]
) -> None:
    """As the database's manual says."""
    (step,) = plan_of([statement], [], [], dialect).steps

    assert (step.effect.locks, step.effect.rewrites, step.effect.loses) == effect


def test_a_plan_is_pending_while_anything_is_to_be_done_or_refused() -> None:
    """An empty one is not."""
    refused = Fault("schemas/t.json", "", "it would be lost", "put it back")

    assert not Plan().is_pending
    assert plan_of([], [], [refused], SQLITE).is_pending
    assert plan_of(["CREATE TABLE t (a)"], [], [], SQLITE).is_pending
