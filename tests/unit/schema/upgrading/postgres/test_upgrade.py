"""A PostgreSQL database brought to a model: looked at, compared, changed, noted."""

from typing import Any

import pytest
from tests.unit.schema.ddl.test_epochs import said
from tests.unit.schema.projects import TEXT, model, table_file

from jotbase.errors import ProjectError
from jotbase.schema.ddl.postgres.tables import internal_statements
from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.postgres.upgrade import lock, upgrade

OLD = model(t=table_file({"a": TEXT}))
NEW = model(t=table_file({"a": TEXT, "b": TEXT}))
INTERNAL: list[list[Any]] = [[] for _ in internal_statements()]


def upgraded(wanted: Model, noted: list[Any], found: list[Any]) -> tuple[list[str], Any]:
    """Return what an upgrade runs besides the server's own tables, and what it comes to."""
    texts, result = said(upgrade(wanted), *INTERNAL, noted, found)
    return texts[len(INTERNAL) + 2 :], result


def test_an_empty_database_is_filled() -> None:
    """It is fresh; the model is noted, and the migration."""
    texts, result = upgraded(OLD, [], [])

    assert [text.split()[0] for text in texts] == ["CREATE", "INSERT", "INSERT"]
    assert result.fresh


def test_the_same_model_changes_nothing() -> None:
    """Not even the note."""
    assert upgraded(OLD, [("model", serialization.dump(OLD))], [("t", "r")])[0] == []


def test_a_new_column_is_added() -> None:
    """And told in words."""
    texts, result = upgraded(NEW, [("model", serialization.dump(OLD))], [("t", "r")])

    assert texts[0].startswith('ALTER TABLE "t" ADD COLUMN "b"')
    assert result.descriptions == ("t: new column b",)


def test_a_column_s_permit_is_used_up() -> None:
    """A later column of that name is not lost by it."""
    noted = [("model", serialization.dump(NEW)), ("drop t.b", "")]
    texts, _ = upgraded(OLD, noted, [("t", "r")])

    assert texts[:2] == [
        'ALTER TABLE "t" DROP COLUMN "b"', 'DELETE FROM "jotbase"."meta" WHERE "key" = ?',
    ]  # fmt: skip


def test_a_stored_model_of_another_version_is_a_fault_of_the_database() -> None:
    """As on SQLite, not of the program."""
    with pytest.raises(ProjectError, match="the model in the database cannot be read"):
        upgraded(OLD, [("model", "{}")], [("t", "r")])


def test_a_table_that_others_made_is_left_alone() -> None:
    """Its name is taken."""
    with pytest.raises(ProjectError, match="Jotbase did not make"):
        upgraded(model(u=table_file({"a": TEXT})), [], [("u", "r")])


def test_one_server_at_a_time_makes_tables() -> None:
    """The lock is the transaction's, which sees what was there when it got the lock."""
    assert said(lock())[0] == [
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SELECT pg_advisory_xact_lock(7366142011)",
    ]
