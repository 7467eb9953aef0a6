"""A few tables with a change log, and the units of work that the contract tests drive on them."""

from collections.abc import Callable, Sequence
from typing import Any

from jotbase.sql.units import Rows, Statement, UnitOfWork

#: What a database runs until it is stopped, for its one row.
ENDLESS = (
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) AS n FROM c"
)

#: The tables by engine. The columns of "jotbase.changes" are those of `schema.ddl`.
CREATE: dict[str, tuple[str, ...]] = {
    "sqlite": (
        "CREATE TABLE companies (handle TEXT NOT NULL PRIMARY KEY, name TEXT) STRICT",
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL,"
        " company TEXT REFERENCES companies (handle), salary INTEGER"
        " CONSTRAINT jobs_salary_check CHECK (salary >= 0), UNIQUE (company, title)) STRICT",
        "CREATE TABLE teams (company TEXT REFERENCES companies (handle) ON DELETE CASCADE,"
        " lead INTEGER REFERENCES jobs (id) ON DELETE RESTRICT) STRICT",
        "CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES nodes (id),"
        " job INTEGER REFERENCES jobs (id) ON DELETE CASCADE) STRICT",
        'CREATE TABLE "jotbase.changes" (number INTEGER PRIMARY KEY AUTOINCREMENT,'
        ' "table" TEXT NOT NULL, kind TEXT NOT NULL, old TEXT, new TEXT,'
        " committed_at TEXT NOT NULL DEFAULT '2026-08-21T10:11:12+00:00') STRICT",
        "CREATE TRIGGER jobs_insert AFTER INSERT ON jobs BEGIN"
        ' INSERT INTO "jotbase.changes" ("table", kind, new)'
        " VALUES ('jobs', 'INSERT', json_object('id', new.id, 'title', new.title)); END",
        "CREATE TRIGGER jobs_update AFTER UPDATE ON jobs BEGIN"
        ' INSERT INTO "jotbase.changes" ("table", kind, old, new)'
        " VALUES ('jobs', 'UPDATE', json_object('id', old.id, 'title', old.title),"
        " json_object('id', new.id, 'title', new.title)); END",
        "CREATE TRIGGER jobs_delete AFTER DELETE ON jobs BEGIN"
        ' INSERT INTO "jotbase.changes" ("table", kind, old)'
        " VALUES ('jobs', 'DELETE', json_object('id', old.id, 'title', old.title)); END",
    ),
}

Work = Callable[[], UnitOfWork[Any]]


def run(text: str, *values: Any) -> Callable[[], UnitOfWork[Rows]]:
    """Return the unit of one statement; its result is the statement's rows."""

    def unit() -> UnitOfWork[Rows]:
        return (yield Statement(text, values))

    return unit


def run_all(texts: Sequence[str]) -> Callable[[], UnitOfWork[None]]:
    """Return the unit of several statements without values."""

    def unit() -> UnitOfWork[None]:
        for text in texts:
            yield Statement(text)

    return unit


def post(title: str) -> Callable[[], UnitOfWork[Rows]]:
    """Return the unit that inserts one job; its result is `[(id,)]`."""
    return run("INSERT INTO jobs (title) VALUES (?) RETURNING id", title)
