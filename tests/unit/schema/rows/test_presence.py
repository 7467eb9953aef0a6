"""Presence keywords and NULL: one rule for every keyword, in columns that admit null or not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import validator_for
from tests.unit.schema.projects import TEXT, table

from jotbase.schema.rows.check import RowCheck
from jotbase.schema.rows.presence import without_nulls

ODD = {"type": ["string", "null"]}
COLUMNS: dict[str, Any] = {"email": ODD, "phone": ODD, "kind": TEXT}
EITHER = [{"required": ["email"]}, {"required": ["phone"]}]


def fits(row: dict[str, Any], **keywords: Any) -> bool:
    """Say whether a row fits a table that says this of it."""
    return RowCheck(table(**{"properties": COLUMNS} | keywords)).faults(row) == []


@pytest.mark.parametrize("null", [{}, {"phone": None}])
@pytest.mark.parametrize(
    ("keywords", "one", "none"),
    [
        ({"anyOf": EITHER}, True, False),
        ({"oneOf": EITHER}, True, False),
        ({"not": {"required": ["phone"]}}, True, True),
        ({"if": {"required": ["email"]}, "then": {"required": ["phone"]}}, False, True),
        ({"if": {"required": ["phone"]}, "else": {"required": ["email"]}}, True, False),
        ({"dependentRequired": {"email": ["phone"]}}, False, True),
        ({"dependentSchemas": {"email": {"required": ["phone"]}}}, False, True),
        ({"dependentSchemas": {"phone": False}}, True, True),
        ({"minProperties": 1}, True, False),
        ({"maxProperties": 0}, False, True),
        ({"propertyNames": {"enum": ["email"]}}, True, True),
        ({"allOf": [{"required": ["phone"]}]}, False, False),
        ({"allOf": [{"properties": {"email": {}}, "additionalProperties": False}]}, True, True),
        ({"properties": COLUMNS | {"phone": ODD}, "unevaluatedProperties": False}, True, True),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"minProperties": 1}}}, True, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": EITHER}}}, True, False),
    ],
)
def test_null_is_absent(
    keywords: dict[str, Any], one: bool, none: bool, null: dict[str, Any]
) -> None:
    """A row with an e-mail address alone, and one with nothing, by what they lack or leave NULL."""
    assert fits({"email": "x"} | null, **keywords) is one
    assert fits({"email": None} | null, **keywords) is none
    assert fits(null, **keywords) is none


@pytest.mark.parametrize(
    ("said", "null"),
    [
        ({"const": None}, True),
        ({"type": "null"}, True),
        ({"type": "string"}, False),
        ({"const": "a"}, False),
        ({"$ref": "#/$defs/text"}, False),
        ({"not": {"const": "a"}}, True),
        (True, True),
        (False, False),
    ],
)
def test_null_is_null_where_the_value_is_asked_for(said: Any, null: bool) -> None:
    """`if` and its like see a value that is null, and no hole where anything fits."""
    more = {"$defs": {"text": TEXT}}
    row = {"email": None, "phone": "x"}

    assert fits(row, allOf=[{"properties": {"email": said}}], **more) is null
    assert fits(row, **{"if": {"properties": {"email": said}}, "then": False}, **more) is not null


def test_the_roots_required_asks_for_a_column() -> None:
    """Which a stored row has, if only as NULL; where no null is admitted it asks for a value."""
    assert fits({"email": None, "kind": "a"}, required=["email", "kind"])
    assert not fits({"email": None}, required=["email", "kind"])


def test_references_that_turn_in_a_circle_are_copied_once() -> None:
    """A schema may name itself."""
    root = {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"properties": {"x": False}}]}}}
    told = without_nulls(root | {"$ref": "#/$defs/a"}, {"x"}, lambda schema: schema is not False)

    assert told["$ref"] == "#/$defs/row:$defs:a"
    assert told["$defs"]["row:$defs:a"] == {
        "anyOf": [
            {"$ref": "#/$defs/row:$defs:a"},
            {"properties": {"x": False}, "required": ["x"]},
        ]
    }
    assert told["$defs"]["a"] == root["$defs"]["a"]


def test_rows_that_stand_in_a_schema_lose_their_nulls() -> None:
    """`const` and `enum` of whole rows."""
    row = {"email": None, "phone": "x", "kind": None}

    assert without_nulls(
        {"not": {"const": row}, "anyOf": [{"enum": [row, 1]}]}, {"email"}, bool
    ) == {
        "not": {"const": {"phone": "x", "kind": None}},
        "anyOf": [{"enum": [{"phone": "x", "kind": None}, 1]}],
    }


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from([{"const": 1}, {"const": None}, {"type": "integer"}, True, False])
LEAVES = st.one_of(
    st.builds(lambda one: {"required": [one]}, NAMES),
    st.builds(lambda one, other: {"dependentRequired": {one: [other]}}, NAMES, NAMES),
    st.builds(lambda count: {"minProperties": count}, st.integers(0, 3)),
    st.builds(lambda count: {"maxProperties": count}, st.integers(0, 3)),
    st.builds(lambda one, said: {"properties": {one: said}}, NAMES, VALUES),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"oneOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda a, b, c: {"if": a, "then": b, "else": c}, inner, inner, inner),
        st.builds(lambda one, part: {"dependentSchemas": {one: part}}, NAMES, inner),
    ),
    max_leaves=6,
)


def holds(schema: Any, row: dict[str, Any]) -> bool:
    """Say what the rule says: presence counts what is not NULL, values may be null."""
    (word, said), *branches = schema.items()
    there = {name for name, value in row.items() if value is not None}
    if word == "if":
        chosen = "then" if holds(said, row) else "else"
        return holds(dict(branches)[chosen], row)
    asked: dict[str, Callable[[], bool]] = {
        "required": lambda: there >= set(said),
        "dependentRequired": lambda: all(
            one not in there or there >= set(more) for one, more in said.items()
        ),
        "minProperties": lambda: len(there) >= int(said),
        "maxProperties": lambda: len(there) <= int(said),
        "properties": lambda: all(
            validator_for(one).is_valid(row[name]) for name, one in said.items()
        ),
        "dependentSchemas": lambda: all(
            name not in there or holds(one, row) for name, one in said.items()
        ),
        "anyOf": lambda: any(holds(one, row) for one in said),
        "oneOf": lambda: sum(holds(one, row) for one in said) == 1,
        "not": lambda: not holds(said, row),
    }
    return asked[word]()


@given(SCHEMAS)
def test_any_schema_says_of_rows_without_nulls_what_the_rule_says(schema: dict[str, Any]) -> None:
    """Whatever is nested in whatever."""
    told = without_nulls(
        {"allOf": [schema]}, {"a", "b", "c"}, lambda one: validator_for(one).is_valid(None)
    )
    judge = validator_for(told)

    for values in product((1, 2, None), repeat=3):
        row = dict(zip("abc", values, strict=True))
        bare = {name: value for name, value in row.items() if value is not None}
        assert judge.is_valid(bare) is holds(schema, row)
