"""The history of migrations that a database keeps: when, by whom, to which model, by which steps.

In charge of its table and of the statement that notes one migration, in the unit of work that
applies it. Must not know what a migration does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Model
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import Statement

HISTORY = {"sqlite": '"jotbase.migrations"', "postgres": '"jotbase"."migrations"'}
_COLUMNS = (
    '"applied_by" {text} NOT NULL, "model" {text} NOT NULL,'
    ' "changes" {text} NOT NULL, "statements" {text} NOT NULL'
)
#: `model` is the SHA-256 of the stored model; `changes` and `statements` are JSON arrays of texts.
CREATE_HISTORY = {
    "sqlite": (
        f"CREATE TABLE IF NOT EXISTS {HISTORY['sqlite']}"
        ' ("number" INTEGER PRIMARY KEY NOT NULL, "applied_at" TEXT NOT NULL'
        f" DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), {_COLUMNS.format(text='TEXT')}) STRICT"
    ),
    "postgres": (
        f"CREATE TABLE IF NOT EXISTS {HISTORY['postgres']}"
        ' ("number" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
        ' "applied_at" timestamptz NOT NULL DEFAULT clock_timestamp(),'
        f" {_COLUMNS.format(text='text')})"
    ),
}


def model_hash(model: Model) -> str:
    """Return the SHA-256 of a model in its stored form."""
    return sha256(serialization.dump(model).encode()).hexdigest()


def noted_migration(
    dialect: Dialect, model: Model, by: str, changes: Sequence[str], statements: Sequence[str]
) -> Statement:
    """Return the statement that notes a migration."""
    return Statement(
        f"INSERT INTO {HISTORY[dialect.name]}"
        ' ("applied_by", "model", "changes", "statements") VALUES (?, ?, ?, ?)',
        (by, model_hash(model), json.dumps([*changes]), json.dumps([*statements])),
    )


def noted_migrations(dialect: Dialect) -> Statement:
    """Return the statement that reads the history, oldest first."""
    at = 'CAST("applied_at" AS text)'
    return Statement(
        f'SELECT "number", {at}, "applied_by", "model", "changes", "statements"'
        f' FROM {HISTORY[dialect.name]} ORDER BY "number"'
    )
