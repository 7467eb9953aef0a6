"""Rows that are there when a schema changes: each fits the new one, or nothing is changed."""

from typing import Any

import apsw
import pytest
from tests.contract.made import bring, made, rows
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.errors import Fault, ProjectError
from jotbase.schema.model.tables import Model


def of(properties: dict[str, Any], **keywords: Any) -> Model:
    """Return a model of the one table t with a key."""
    return model(t=table_file({"id": ID, **properties}, primaryKey=["id"], **keywords))


def refusal_faults(connection: apsw.Connection, wanted: Model) -> Fault:
    """Return the one fault with which an upgrade is refused; the rows are as they were."""
    before = rows(connection, "SELECT * FROM t")
    with pytest.raises(ProjectError) as caught:
        bring(connection, wanted)
    assert rows(connection, "SELECT * FROM t") == before
    (fault,) = caught.value.faults
    return fault


def test_a_filled_column_does_not_become_computed() -> None:
    """Its values would be gone; the refusal says how many rows have one, and what to do."""
    connection = made(of({"a": TEXT, "b": TEXT}))
    connection.execute("INSERT INTO t (a, b) VALUES ('x', 'own'), ('y', NULL)")
    wanted = of({"a": TEXT, "b": {**TEXT, "generated": "upper(a)"}})

    fault = refusal_faults(connection, wanted)
    assert fault.pointer == "/properties/b/generated"
    assert fault.reason.startswith('1 row(s) have a value of their own in "b"')

    assert fault.hint is not None
    permit = fault.hint[fault.hint.index("INSERT INTO") :].partition(";")[0]
    connection.execute(permit)
    bring(connection, wanted)
    assert rows(connection, "SELECT b FROM t") == [("X",), ("Y",)]
    assert rows(connection, "SELECT * FROM \"jotbase.meta\" WHERE key <> 'model'") == []


def test_an_empty_column_becomes_computed_and_a_computed_one_goes() -> None:
    """Neither loses a value that the rows do not give again."""
    connection = made(of({"a": TEXT, "b": TEXT}))
    connection.execute("INSERT INTO t (a) VALUES ('x')")

    bring(connection, of({"a": TEXT, "b": {**TEXT, "generated": "upper(a)"}}))
    assert rows(connection, "SELECT b FROM t") == [("X",)]
    bring(connection, of({"a": TEXT}))
    assert rows(connection, "SELECT * FROM t") == [(1, "x")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"$defs": {"s": {}}, "properties": {"a": {**TEXT, "allOf": [{"$ref": "#/$defs/s"}]}}},
            {"$defs": {"s": {"maxLength": 2}}},
        ),
        (
            {"$defs": {"r": {}}, "allOf": [{"$ref": "#/$defs/r"}]},
            {"$defs": {"r": {"required": ["n"]}}},
        ),
        (
            {
                "$defs": {"r": {}, "s": {"$ref": "#/$defs/r"}},
                "if": True,
                "then": {"$ref": "#/$defs/s"},
            },
            {"$defs": {"r": {"dependentRequired": {"a": ["n"]}}, "s": {"$ref": "#/$defs/r"}}},
        ),
        (
            {"if": {"properties": {"a": {"const": "long"}}}, "then": {}},
            {"then": {"required": ["n"]}},
        ),
        (
            {"properties": {"b": TEXT, "a": {"$ref": "#/properties/b"}}},
            {"properties": {"b": {**TEXT, "pattern": "^s"}, "a": {"$ref": "#/properties/b"}}},
        ),
        (
            {
                "allOf": [{"properties": {"n": True}}],
                "dependentSchemas": {"a": {"$ref": "#/allOf/0"}},
            },
            {"allOf": [{"properties": {"n": True}, "required": ["n"]}]},
        ),
        (
            {"allOf": [{"properties": {"id": True, "a": True}}], "unevaluatedProperties": False},
            {"allOf": [{"properties": {"id": True}, "maxProperties": 1}]},
        ),
    ],
)
def test_a_constraint_that_is_tightened_elsewhere_is_held_against_rows(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Behind a reference, in a definition, in a branch: wherever it stands, rows are asked."""
    base: dict[str, Any] = table_file({"id": ID, "a": TEXT, "n": NUMBER}, primaryKey=["id"])
    first = {**base, **before, "properties": {**base["properties"], **before.get("properties", {})}}
    second = {
        **first,
        **after,
        "properties": {**first["properties"], **after.get("properties", {})},
    }
    connection = made(model(t=first))
    connection.execute("INSERT INTO t (a) VALUES ('long')")

    assert refusal_faults(connection, model(t=second)).reason.startswith("1 row(s) do not fit")


def test_a_new_column_that_the_database_fills_is_no_row_in_the_way() -> None:
    """A required column with a default of its own, beside keywords over whole rows."""
    root = {"dependentRequired": {"a": ["at"]}, "minProperties": 2}
    at = {"type": "string", "format": "date-time", "defaultExpression": "now()"}
    key = {"type": "string", "format": "uuid", "defaultExpression": "uuid()"}
    word = {**TEXT, "defaultExpression": "uuid()"}
    size = {**NUMBER, "generated": "length(a)"}
    connection = made(of({"a": TEXT}, minProperties=1))
    connection.execute("INSERT INTO t (a) VALUES ('x'), ('yy')")

    new = {"a": TEXT, "at": at, "key": key, "word": word, "size": size}
    bring(connection, of(new, required=["at", "key", "word", "size"], **root))

    assert rows(connection, "SELECT size, count(DISTINCT key) FROM t GROUP BY size") == [
        (1, 1),
        (2, 1),
    ]
    assert rows(connection, "SELECT count(DISTINCT key), count(DISTINCT word) FROM t") == [(2, 2)]


def test_what_the_database_computes_is_held_against_the_schema_too() -> None:
    """A pattern that no CHECK can say, over values that are there only once they are computed."""
    connection = made(of({"a": TEXT}))
    connection.execute("INSERT INTO t (a) VALUES ('x'), ('fit')")
    wanted = of({"a": TEXT, "b": {**TEXT, "pattern": "^f", "generated": "a || '!'"}})

    assert refusal_faults(connection, wanted).reason == (
        '1 row(s) do not fit the changed schema; the first: id 1: /b the value does not match "^f"'
    )


def test_arrays_take_the_form_of_their_new_items() -> None:
    """What is stored is what a write would store now, so that filters find it."""
    times = {"type": "array", "items": {"type": "string", "format": "date-time"}}
    texts = {"type": "array", "items": TEXT}
    connection = made(of({"a": texts}))
    connection.execute(
        "INSERT INTO t (a) VALUES ('[\"2026-01-01T01:00:00+01:00\"]'), (NULL), ('[]')"
    )
    bring(connection, of({"a": times}))

    assert rows(connection, "SELECT a FROM t ORDER BY id") == [
        ('["2026-01-01T00:00:00+00:00"]',),
        (None,),
        ("[]",),
    ]
    connection.execute("""INSERT INTO t (a) VALUES ('["no time"]')""")
    assert bring(connection, of({"a": texts})).descriptions == ()
    assert "1 row(s) do not fit" in refusal_faults(connection, of({"a": times})).reason


def test_names_that_change_by_case_alone_keep_their_rows() -> None:
    """Tables, columns, keys, references, indexes, followers: respelt, with all that they hold."""
    parent = table_file({"id": ID, "Name": TEXT}, primaryKey=["id"], unique=[["Name"]])
    up = {**NUMBER, "references": "People.id", "onDelete": "cascade"}
    pet = table_file({"Owner": up, "a": TEXT}, indexes=[["Owner", "a"]], realtime=True)
    connection = made(
        model(People=parent, Pets=pet, v=table_file({"a": TEXT}, view="select a from Pets"))
    )
    connection.execute("INSERT INTO People (Name) VALUES ('ada'), ('ben')")
    connection.execute("DELETE FROM People WHERE Name = 'ben'")
    connection.execute("INSERT INTO Pets VALUES (1, 'cat')")

    people = table_file({"id": ID, "name": TEXT}, primaryKey=["id"], unique=[["name"]])
    owner = {**NUMBER, "references": "people.id", "onDelete": "cascade"}
    pets = table_file({"owner": owner, "a": TEXT}, indexes=[["owner", "a"]], realtime=True)
    new = model(people=people, pets=pets, v=table_file({"a": TEXT}, view="select a from pets"))
    bring(connection, new)

    names = rows(connection, "SELECT name FROM sqlite_schema WHERE name IN ('people', 'pets')")
    assert names == [("people",), ("pets",)]
    assert rows(connection, "SELECT name FROM pragma_table_info('pets')") == [("owner",), ("a",)]
    assert rows(connection, "SELECT * FROM people") == [(1, "ada")]
    assert rows(connection, "SELECT * FROM pets") == [(1, "cat")]
    assert rows(connection, "INSERT INTO people (name) VALUES ('eve') RETURNING id") == [(3,)]
    connection.execute("DELETE FROM people WHERE id = 1")
    assert rows(connection, "SELECT * FROM v") == []
    assert bring(connection, new).descriptions == ()
    logged = 'SELECT "table" FROM "jotbase.changes" ORDER BY "number" DESC LIMIT 1'
    assert rows(connection, logged) == [("pets",)]


def test_what_was_made_by_hand_is_not_lost_by_a_change_of_case() -> None:
    """A trigger goes with a table that is made anew, whatever the table's case."""
    connection = made(model(T=table_file({"a": TEXT})))
    connection.execute("CREATE TRIGGER mine AFTER INSERT ON T BEGIN SELECT 1; END")
    with pytest.raises(ProjectError, match="the trigger mine"):
        bring(connection, model(t=table_file({"a": TEXT})))
    assert rows(connection, "SELECT name FROM sqlite_schema WHERE name = 't'") == []


def test_a_column_that_was_computed_by_hand_stays_computed() -> None:
    """It has no values of its own, whatever was noted of it."""
    connection = made(model())
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b AS (upper(a)))")
    connection.execute("INSERT INTO t (a) VALUES ('x')")
    bring(connection, of({"a": TEXT, "b": {**TEXT, "generated": "upper(a)"}}))
    assert rows(connection, "SELECT * FROM t") == [(1, "x", "X")]


def test_rows_without_a_value_take_a_new_default() -> None:
    """As they would if the column were new; null that was a value stays in the way."""
    nullable = {"type": ["string", "null"]}
    connection = made(of({"a": TEXT, "b": TEXT, "c": TEXT, "n": nullable}))
    connection.execute("INSERT INTO t (a) VALUES ('x'), (NULL)")
    filled = {
        "a": {**TEXT, "default": "it's"},
        "b": {**TEXT, "default": "d", "maxLength": 1},
        "c": {**TEXT, "defaultExpression": "uuid()"},
    }
    outcome = bring(connection, of({**filled, "n": nullable}, required=["b"]))
    assert "t: rows without a take its default" in outcome.descriptions
    assert rows(connection, "SELECT a, b FROM t") == [("x", "d"), ("it's", "d")]
    assert rows(connection, "SELECT count(DISTINCT c), min(length(c)) FROM t") == [(2, 36)]

    wanted = of({**filled, "n": {**TEXT, "default": "d"}}, required=["b"])
    assert refusal_faults(connection, wanted).reason.startswith('2 row(s) have no value in "n"')


@pytest.mark.parametrize(
    ("before", "after", "stored", "kept"),
    [
        ({**TEXT, "format": "date-time"}, TEXT, "2026-01-01T00:00:00+00:00", None),
        ({**TEXT, "format": "uuid"}, TEXT, "0b9c5b1e-0000-4000-8000-000000000000", None),
        ({**TEXT, "format": "int4range"}, {**TEXT, "format": "int8range"}, "[1,3)", None),
        (NUMBER, {"type": "number"}, 2**53, 2.0**53),
        ({"type": "array", "items": TEXT}, {"type": ["array", "object"]}, '["a"]', None),
        ({"type": ["array", "object"]}, {"type": "array", "items": NUMBER}, "[1.0]", "[1]"),
    ],
)
def test_a_type_that_holds_every_value_may_take_its_place(
    before: dict[str, Any], after: dict[str, Any], stored: Any, kept: Any
) -> None:
    """A format is taken away, a whole number may be a fraction, a document an array."""
    connection = made(of({"a": before}))
    connection.execute("INSERT INTO t (a) VALUES (?), (NULL)", (stored,))
    bring(connection, of({"a": after}))
    assert rows(connection, "SELECT a FROM t") == [(stored if kept is None else kept,), (None,)]


def test_a_type_that_would_lose_a_value_is_refused() -> None:
    """A double cannot tell 2^53 + 1 from 2^53; an object is no array."""
    connection = made(of({"a": NUMBER}))
    connection.execute("INSERT INTO t (a) VALUES (?)", (2**53 + 1,))
    fault = refusal_faults(connection, of({"a": {"type": "number"}}))
    assert fault.reason == "the column is int8 in the database and would become float8"

    connection = made(of({"a": {"type": ["array", "object"]}}))
    connection.execute("INSERT INTO t (a) VALUES ('{}')")
    assert "1 row(s) do not fit" in refusal_faults(connection, of({"a": {"type": "array"}})).reason


def test_an_expression_that_the_schema_refuses_fills_no_row() -> None:
    """The value is held against the schema as any other; one that fits is put in."""
    connection = made(of({"a": TEXT}))
    connection.execute("INSERT INTO t (a) VALUES ('x')")
    word = {**TEXT, "pattern": "^s", "defaultExpression": "'open'"}
    assert "1 row(s) do not fit" in refusal_faults(connection, of({"a": TEXT, "b": word})).reason
    fitting = {**word, "defaultExpression": "'shut'"}
    bring(connection, of({"a": TEXT, "b": fitting}, required=["b"], minProperties=3))
    assert rows(connection, "SELECT b FROM t") == [("shut",)]


def test_a_default_that_fills_rows_is_held_against_whole_rows() -> None:
    """A row that takes it shows one property more than before."""
    connection = made(of({"a": TEXT}, maxProperties=1))
    connection.execute("INSERT INTO t (a) VALUES (NULL)")
    wanted = of({"a": {**TEXT, "default": "d"}}, maxProperties=1)
    assert refusal_faults(connection, wanted).reason.startswith("1 row(s) do not fit")
