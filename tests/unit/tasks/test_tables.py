"""The tables of background work."""

from __future__ import annotations

from jotbase.tasks.tables import create_task_tables


def test_both_databases_have_the_same_tables() -> None:
    """Each is made if it is not there, and begins with a lease that nobody holds."""
    sqlite, postgres = create_task_tables("sqlite"), create_task_tables("postgres")

    assert sqlite[3] == (
        'CREATE TABLE IF NOT EXISTS "jotbase.runner" ("one" INTEGER PRIMARY KEY NOT NULL,'
        ' "holder" TEXT NOT NULL, "until" REAL NOT NULL) STRICT'
    )
    assert postgres[3] == (
        'CREATE TABLE IF NOT EXISTS "jotbase"."runner" ("one" bigint PRIMARY KEY NOT NULL,'
        ' "holder" text NOT NULL, "until" double precision NOT NULL)'
    )
    assert len(sqlite) == len(postgres) == 6
