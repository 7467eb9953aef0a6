"""What of a table's file a caller is shown."""

from typing import Any

from tests.unit.schema.projects import ID, TEXT, model, table, table_file

from jotbase.query.openapi.schemas import table_schema
from jotbase.query.openapi.visibility import Visibility

PIN = {**TEXT, "writeOnly": True}


def seen(schema: dict[str, Any], *hidden: str, **more: Any) -> dict[str, Any]:
    """Return the schema of `t` for a caller from whom columns are hidden."""
    return table_schema(
        table(schema, **more), "t", Visibility(frozenset({"t"}), False, {"t": frozenset(hidden)})
    )


def test_a_hidden_column_is_named_nowhere() -> None:
    """Keywords of the whole row that name it go, or what of them does."""
    found = seen(
        {"id": ID, "pin": PIN, "name": {"$ref": "#/properties/pin"}},
        "pin",
        required=["id", "pin"],
        unique=[["name"], ["name", "pin"]],
        **{
            "$defs": {"digits": {"pattern": "^[0-9]$"}},
            "if": {"properties": {"pin": {"const": "1"}}},
            "dependentRequired": {"name": ["pin"]},
            "allOf": [{"required": ["pin"]}, {"required": ["name"]}],
            "anyOf": [{"properties": {"name": {"$ref": "#/properties/pin"}}}, {}],
        },
    )

    assert found == {
        "title": "t",
        "type": "object",
        "properties": {"id": ID, "name": {}},
        "required": ["id"],
        "unique": [["name"]],
        "allOf": [{"required": ["name"]}],
        "anyOf": [{"properties": {"name": {}}}, {}],
    }


def test_what_authors_tell_each_other_is_for_the_service_role() -> None:
    """Acknowledged advice, comments and expressions say where a project is weak."""
    found = seen(
        {"a": {**TEXT, "$comment": "legacy", "defaultExpression": "user.id"}},
        acknowledges={"anonymous-write": "visitors sign it"},
        access={"insert": "True"},
    )

    assert found == {"title": "t", "type": "object", "properties": {"a": TEXT}}


def test_definitions_are_shown_that_are_referred_to() -> None:
    """Also by one another; a hidden column's own are not."""
    found = seen(
        {"a": {"$ref": "#/$defs/list"}, "pin": {"$ref": "#/$defs/secret"}},
        "pin",
        **{
            "$defs": {
                "list": {"type": "array", "items": {"$ref": "#/$defs/item"}},
                "item": TEXT,
                "secret": PIN,
            }
        },
    )

    assert sorted(found["$defs"]) == ["item", "list"]


def test_references_to_hidden_columns_are_left_out() -> None:
    """A key that leads to a column that is not shown would name it."""
    tables = model(
        p=table_file({"id": ID, "pin": PIN}, primaryKey=["id"], unique=[["pin"]]),
        t=table_file(
            {"to": {**TEXT, "references": "p.pin"}, "on": {"type": "integer", "references": "p.id"}}
        ),
    )
    shown = Visibility(frozenset({"t", "p"}), False, {"p": frozenset({"pin"})})

    found = table_schema(tables.tables["t"], "t", shown)["properties"]

    assert found == {"to": TEXT, "on": {"type": "integer", "references": "p.id"}}


def test_a_column_of_another_file_brings_what_it_needs() -> None:
    """By a name that is no table's, where that table is hidden."""
    tables = model(
        p=table_file(
            {"id": ID, "kind": {"$ref": "#/$defs/kinds"}, "pin": PIN},
            primaryKey=["id"],
            **{"$defs": {"kinds": {"enum": ["a", "b"]}, "more": TEXT}},
        ),
        t=table_file({"kind": {"$ref": "p.json#/properties/kind"}}),
    )

    found = table_schema(tables.tables["t"], "t", Visibility(frozenset({"t"}), False))

    place = "#/components/schemas/t/$defs/part1"
    assert found["properties"] == {"kind": {"$ref": f"{place}/properties/kind"}}
    assert found["$defs"] == {
        "part1": {
            "properties": {"kind": {"$ref": f"{place}/$defs/kinds"}},
            "$defs": {"kinds": {"enum": ["a", "b"]}},
        }
    }
