"""Renames as statements of each database."""

from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.schema.upgrading.rename_statements import (
    has_renamed_checks,
    postgres_renames,
    sqlite_renames,
)
from jotbase.schema.upgrading.renames import renamed_model

OLD = model(
    t=table_file(
        {"id": ID, "a": {**TEXT, "maxLength": 3}, "n": NUMBER},
        primaryKey=["id"],
        unique=[["a"]],
        indexes=[["a", "n"]],
    )
)
NEW = model(
    v=table_file(
        {"id": ID, "b": {**TEXT, "maxLength": 3, "renamedFrom": "a"}, "n": NUMBER},
        primaryKey=["id"],
        renamedFrom="t",
    )
)
(ONE,) = renamed_model(OLD, NEW)[1]


def test_sqlite_makes_anew_what_it_cannot_rename() -> None:
    """Indexes, and CHECKs where it can alter them."""
    assert list(sqlite_renames(ONE, in_place=True)) == [
        'ALTER TABLE "t" RENAME TO "v"',
        'ALTER TABLE "v" RENAME COLUMN "a" TO "b"',
        'DROP INDEX IF EXISTS "t_a_n_idx"',
        'CREATE INDEX "v_b_n_idx" ON "v" ("b", "n")',
        'ALTER TABLE "v" DROP CONSTRAINT "t_a_check"',
        'ALTER TABLE "v" ADD CONSTRAINT "v_b_check" CHECK (length("b") <= 3)',
    ]
    assert has_renamed_checks(ONE)
    assert not any("CONSTRAINT" in text for text in sqlite_renames(ONE, in_place=False))


def test_postgresql_renames_all_that_bears_the_name() -> None:
    """Nothing is read or written."""
    assert list(postgres_renames(ONE)) == [
        'ALTER TABLE "t" RENAME TO "v"',
        'ALTER TABLE "v" RENAME COLUMN "a" TO "b"',
        'ALTER TABLE "v" RENAME CONSTRAINT "t_pkey" TO "v_pkey"',
        'ALTER TABLE "v" RENAME CONSTRAINT "t_a_key" TO "v_b_key"',
        'ALTER TABLE "v" RENAME CONSTRAINT "t_a_check" TO "v_b_check"',
        'ALTER INDEX "t_a_n_idx" RENAME TO "v_b_n_idx"',
    ]
