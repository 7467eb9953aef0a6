"""Renames that schema files declare."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.renames import described, renamed_model

OLD = model(
    t=table_file({"id": ID, "a": TEXT}, primaryKey=["id"], unique=[["a"]]),
    u=table_file({"t": {**NUMBER, "references": "t.id"}}),
)


def project(named: dict[str, Any], table: str = "t", **more: Any) -> Model:
    """Return the old project with other columns and another name for its first table."""
    first = table_file(named, primaryKey=["id"], unique=[["b" if "b" in named else "a"]], **more)
    return model(**{table: first, "u": table_file({"t": {**NUMBER, "references": f"{table}.id"}})})


def test_a_column_has_its_new_name_wherever_it_stands() -> None:
    """In keys and in the names that PostgreSQL gives them."""
    named, found = renamed_model(OLD, project({"id": ID, "b": {**TEXT, "renamedFrom": "a"}}))

    (unique,) = named.tables["t"].unique
    assert (unique.name, unique.columns) == ("t_b_key", ("b",))
    assert list(described(found)) == ["t: column b renamed from a"]


def test_a_table_has_its_new_name_in_other_tables_too() -> None:
    """Their own keys keep their names."""
    named, found = renamed_model(OLD, project({"id": ID, "a": TEXT}, "v", renamedFrom="t"))

    (key,) = named.tables["u"].foreign_keys
    assert (key.name, key.target) == ("u_t_fkey", "v")
    assert list(named.tables) == ["v", "u"]
    assert list(described(found)) == ["v: renamed from t"]


@pytest.mark.parametrize(
    "new",
    [
        project({"id": ID, "b": TEXT}),
        project({"id": ID, "a": TEXT, "b": {**TEXT, "renamedFrom": "a"}}),
        project({"id": ID, "b": {**TEXT, "renamedFrom": "gone"}}),
        project({"id": ID, "a": {**TEXT, "renamedFrom": "b"}}),
    ],
)
def test_nothing_is_guessed(new: Model) -> None:
    """Without a declaration, or where the old name is still there or was never."""
    assert renamed_model(OLD, new) == (OLD, [])
