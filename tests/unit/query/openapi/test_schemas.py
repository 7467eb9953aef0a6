"""Tables as schemas of the document: names, references, and what a caller is not shown."""

from typing import Any

from tests.unit.schema.projects import ID, TEXT, model, table, table_file

from jotbase.query.openapi.schemas import (
    component_names,
    insert_schema,
    row_schema,
    table_schema,
    update_schema,
)
from jotbase.query.openapi.visibility import Visibility, pointer_token

OPEN = Visibility(frozenset({"t", "p"}), internals=True)
CLOSED = Visibility(frozenset({"t"}), internals=False)


def test_names_are_made_fit_for_components_and_stay_apart() -> None:
    """Two tables never share a component, whatever their names are made of."""
    assert component_names(["a b", "a_b", "é", "a?b"]) == {
        "a b": "a_b",
        "a_b": "a_b_2",
        "é": "_",
        "a?b": "a_b_3",
    }


def test_a_name_is_a_step_of_a_pointer_in_a_fragment() -> None:
    """Slash and tilde are escaped for the pointer, the rest for the URI."""
    assert pointer_token("a/b~ç d") == "a~1b~0%C3%A7%20d"


def test_keywords_are_kept_and_references_lead_into_the_document() -> None:
    """A pointer within the file and an anchor both become places below the component."""
    schema = table(
        {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#money"}, "c": {**TEXT, "x-ours": 1}},
        **{"$defs": {"x": TEXT, "y/z": {"$anchor": "money", "type": "integer"}}},
        primaryKey=["a"],
    )

    found = table_schema(schema, "called", OPEN)

    assert found == {
        "title": "t",
        "type": "object",
        "properties": {
            "a": {"$ref": "#/components/schemas/called/$defs/x"},
            "b": {"$ref": "#/components/schemas/called/$defs/y~1z"},
            "c": {"type": "string", "x-ours": 1},
        },
        "$defs": {"x": TEXT, "y/z": {"type": "integer"}},
        "primaryKey": ["a"],
    }


def test_a_data_value_that_looks_like_a_keyword_stays() -> None:
    """Only schemas are rewritten: neither a default nor a column called access is one."""
    own: dict[str, Any] = {"type": "object", "default": {"access": 1, "$ref": "#"}}

    found = table_schema(table({"access": own}), "t", CLOSED)

    assert found["properties"] == {"access": own}


def test_rules_and_sql_are_for_the_service_role() -> None:
    """Others see neither `access` nor the SQL of a view."""
    schema = table({"a": TEXT}, access={"select": "True"}, view="select 'x' as a")

    assert {"access", "view"} <= table_schema(schema, "t", OPEN).keys()
    assert {"access", "view"}.isdisjoint(table_schema(schema, "t", CLOSED))


def test_references_to_hidden_tables_are_left_out() -> None:
    """A caller does not learn the name of a table that it may not use; accounts are no secret."""
    tables = model(
        p=table_file({"id": ID, "n": TEXT}, primaryKey=["id"], unique=[["n"]]),
        t=table_file(
            {
                "up": {"type": "integer", "references": "p.id", "onDelete": "cascade"},
                "n": TEXT,
                "who": {**TEXT, "format": "uuid", "references": "auth.users.id"},
            },
            foreignKeys=[{"columns": ["n"], "references": {"table": "p", "columns": ["n"]}}],
        ),
    )

    found = table_schema(tables.tables["t"], "t", CLOSED)

    assert found["properties"]["up"] == {"type": "integer"}
    assert found["properties"]["who"]["references"] == "auth.users.id"
    assert found["foreignKeys"] == []
    seen = table_schema(tables.tables["t"], "t", OPEN)
    assert seen["properties"]["up"]["references"] == "p.id"
    assert len(seen["foreignKeys"]) == 1


def test_of_a_hidden_table_only_what_is_referred_to_is_brought_along() -> None:
    """A `$ref` into another table's file shows that one column and no other."""
    tables = model(
        p=table_file({"id": ID, "secret": TEXT, "kind": {"enum": ["a", "b"]}}, required=["secret"]),
        t=table_file({"kind": {"$ref": "p.json#/properties/kind"}}),
    )
    schema = tables.tables["t"]

    closed = table_schema(schema, "t", CLOSED)
    assert closed["$defs"] == {"part1": {"properties": {"kind": {"enum": ["a", "b"]}}}}
    assert closed["properties"]["kind"] == {
        "$ref": "#/components/schemas/t/$defs/part1/properties/kind"
    }
    assert "secret" in str(table_schema(schema, "t", OPEN)["$defs"])


def test_a_row_has_the_columns_that_are_sent() -> None:
    """Write-only columns are missing, and an optional one may be null where it is absent."""
    schema = table({"a": TEXT, "b": {**TEXT, "writeOnly": True}}, required=["b"])

    assert row_schema(schema, "t")["properties"] == {
        "a": {
            "anyOf": [{"$ref": "#/components/schemas/t/properties/a"}, {"type": "null"}],
            "description": "null: there is no value",
        }
    }


def test_an_insert_needs_what_has_no_default() -> None:
    """Columns that the server fills are not required, and read-only ones are not there."""
    schema = table(
        {
            "id": {**ID, "readOnly": True},
            "a": TEXT,
            "b": {**TEXT, "default": "x"},
            "c": {**TEXT, "generated": "a || b"},
        },
        required=["id", "a", "b"],
        primaryKey=["id"],
    )

    found = insert_schema(schema, "t", None)

    assert list(found["properties"]) == ["a", "b"]
    assert found["required"] == ["a"]
    assert found["additionalProperties"] is False


def test_a_change_requires_nothing() -> None:
    """What is not named stays as it is."""
    found = update_schema(table({"a": TEXT}, required=["a"]), "t", None)

    assert "required" not in found
    assert found["properties"] == {"a": {"$ref": "#/components/schemas/t/properties/a"}}
