"""The model's own small answers."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table, table_file

from jotbase.schema.model.tables import USERS, Column, Model, Table, Type


def test_rows_are_told_apart_by_a_name_of_the_row_number_that_is_free() -> None:
    """Where there are no row numbers, by the primary key."""
    without = table({"a": TEXT}, primaryKey=["a"], withoutRowid=True)

    assert table({"a": TEXT}).row_key == ("_rowid_",)
    assert table({"_ROWID_": TEXT, "rowid": TEXT}).row_key == ("oid",)
    assert without.row_key == ("a",)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (NUMBER, "int8"),
        ({"type": "string", "format": "date-time"}, "timestamptz"),
        ({"type": "object"}, "jsonb"),
        ({"type": "array", "items": TEXT}, "_text"),
        ({"type": "array", "items": {}}, "jsonb"),
    ],
)
def test_types_have_the_short_names_that_realtime_clients_read(
    schema: dict[str, Any], name: str
) -> None:
    """An array's name is that of its items with a line before it."""
    assert table({"a": schema}).by_name["a"].type_name == name


@pytest.mark.parametrize(
    ("extra", "filled"),
    [
        ({}, False),
        ({"default": None}, True),
        ({"default_expression": "now()"}, True),
        ({"identity": True}, True),
        ({"generated": "1"}, True),
    ],
)
def test_the_server_fills_columns_with_any_kind_of_default(
    extra: dict[str, Any], filled: bool
) -> None:
    """A default of null is one too."""
    column: Any = Column("a", Type.TEXT, {}, nullable=True, **extra)

    assert column.has_default is filled


def test_write_only_columns_are_not_readable() -> None:
    """They are stored and never sent."""
    found = table({"a": TEXT, "secret": {**TEXT, "writeOnly": True}})

    assert [column.name for column in found.readable] == ["a"]


def test_the_first_of_several_references_of_a_column_is_followed() -> None:
    """Only references of one column can be followed in a rule."""
    up = {**NUMBER, "references": "t.id"}
    key = {"columns": ["up"], "references": {"table": "t", "columns": ["id"]}, "name": "second"}
    found = table({"id": ID, "up": up}, primaryKey=["id"], foreignKeys=[key])

    assert found.references["up"].name == "t_up_fkey"


def test_a_model_gives_its_tables_by_name_and_in_order() -> None:
    """What is not there is None; accounts are no part of it."""
    both = model(b=table_file({"x": TEXT}), a=table_file({"x": TEXT}))

    assert [one.name for one in both] == ["a", "b"]
    assert both.get("c") is None
    assert both.get(USERS.name) is None


def test_tables_are_equal_when_all_they_say_is() -> None:
    """Then their hashes are, too."""
    one, same, other = table({"a": TEXT}), table({"a": TEXT}), table({"a": NUMBER})

    assert one == same
    assert one != other
    assert hash(one) == hash(same)


def test_what_did_not_change_stays_the_same_object() -> None:
    """A model that is read again keeps the tables of the one before, as far as they are equal."""
    before = Model({name: Table(name, (), schema={"title": name}) for name in ("a", "b", "gone")})
    after = Model(
        {"a": Table("a", (), schema={"title": "a"}), "b": Table("b", ()), USERS.name: USERS}
    )

    kept = after.keeping(before)

    assert list(kept.tables) == ["a", "b", USERS.name]
    assert kept.tables["a"] is before.tables["a"]
    assert kept.tables["b"] is after.tables["b"]


def test_tables_of_one_name_are_told_apart_without_comparing() -> None:
    """Equal tables have one hash; one whose file says something else has another."""
    one = Table("a", (), schema={"title": "x", "maximum": 2**70})

    assert hash(one) == hash(Table("a", (), schema={"maximum": 2**70, "title": "x"}))
    assert hash(one) != hash(Table("a", (), schema={"title": "y"}))
