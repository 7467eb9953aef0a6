"""Names of tables and constraints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.schema.model.names import constraint_name, default_name, name_fault


@pytest.mark.parametrize(
    ("table", "columns", "label", "name"),
    [
        ("jobs", ["company"], "fkey", "jobs_company_fkey"),
        ("jobs", ["company", "title"], "key", "jobs_company_title_key"),
        ("jobs", [], "pkey", "jobs_pkey"),
        # As makeObjectName's loop ends (PostgreSQL, indexcmds.c): of equal parts the second gives.
        ("t" * 40, ["c" * 40], "fkey", "t" * 29 + "_" + "c" * 28 + "_fkey"),
        ("t" * 63, [], "pkey", "t" * 58 + "_pkey"),
        ("t", ["c" * 63], "idx", "t_" + "c" * 57 + "_idx"),
    ],
)
def test_names_are_postgresqls(table: str, columns: list[str], label: str, name: str) -> None:
    """The longer part gives way until the whole has 63 bytes."""
    assert default_name(table, columns, label) == name


@given(st.text(min_size=1, max_size=70), st.lists(st.text(min_size=1, max_size=70), max_size=3))
def test_names_never_grow_too_long(table: str, columns: list[str]) -> None:
    """Whatever the letters, a name has at most 63 bytes and is whole letters."""
    assert len(default_name(table, columns, "fkey").encode()) <= 63


@pytest.mark.parametrize("name", ["jobs", "Server Today", "Escap3e;", 'a"b', "ünï", "do$llar$s"])
def test_any_usual_name_will_do(name: str) -> None:
    """Blanks, quotes, capitals and letters of any script are allowed."""
    assert name_fault(name, "table") is None


@pytest.mark.parametrize("name", ["", "a.b", "sqlite_x", "SQLite_x", "a\x00", "\ud800", "x" * 64])
def test_some_names_cannot_be_tables(name: str) -> None:
    """Empty, dotted, reserved, unwritable and overlong names are refused."""
    assert name_fault(name, "table") is not None


def test_columns_may_have_dots() -> None:
    """A dot sets the server's tables apart, and columns do not need that."""
    assert name_fault("a.b", "column") is None


def test_constraints_are_found_by_their_columns() -> None:
    """Primary keys, unique lists and foreign keys have their names; other columns none."""
    jobs = table_file({"id": ID, "c": TEXT}, primaryKey=["id"], unique=[["c", "id"]])
    apps = table_file({"job": {"type": "integer", "references": "jobs.id"}})
    both = model(jobs=jobs, apps=apps)

    assert constraint_name(both, "unique", "jobs", ("id",)) == "jobs_pkey"
    assert constraint_name(both, "unique", "jobs", ("id", "c")) == "jobs_c_id_key"
    assert constraint_name(both, "foreign", "apps", ("job",)) == "apps_job_fkey"
    assert constraint_name(both, "unique", "jobs", ("c",)) is None
    assert constraint_name(both, "foreign", "none", ("job",)) is None
