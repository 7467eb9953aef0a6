"""References of a batch: how they are spelled, where they stand, and what they stand for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.query.request.references import (
    MAX_RESOLVED_BYTES,
    Reference,
    Results,
    find_references,
    parse_reference,
    query_reference,
    resolve_references,
    resolve_text,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def results(**answers: Any) -> Results:
    """Return what operations of those names have answered."""
    return Results({name: orjson.dumps(value) for name, value in answers.items()})


def code_of(text: str, known: Results) -> str:
    with pytest.raises(RequestError) as refused:
        known.find(parse_reference(text))
    return refused.value.code


@pytest.mark.parametrize(
    ("text", "name", "steps"),
    [
        ("a", "a", ()),
        ("a/", "a", ("",)),
        ("made-1/0/id", "made-1", ("0", "id")),
        ("a/x~1y/~0", "a", ("x/y", "~")),
        ("a/~01", "a", ("~1",)),
    ],
)
def test_spelling(text: str, name: str, steps: tuple[str, ...]) -> None:
    """A name, then a pointer as RFC 6901 writes it."""
    assert parse_reference(text) == Reference(text, name, steps)


@pytest.mark.parametrize("text", ["", "/a", "0", "a b/c", "a/~", "a/~2", "é/0", "a" * 64])
def test_what_is_no_reference(text: str) -> None:
    """Names are ASCII words; `~` is followed by 0 or 1."""
    with pytest.raises(RequestError, match="cannot read the reference"):
        parse_reference(text)


def test_only_lone_refs_are_marks() -> None:
    """An object with more than `$ref`, or another kind of `$ref`, is data; literals hide theirs."""
    ref, literal = {"$ref": "a/0"}, {"$literal": {"$ref": "b"}}
    body = [{"x": ref, "y": [literal]}, {"$ref": "a", "z": 1}, {"$ref": 1}]

    assert list(find_references(body)) == [ref, literal]


def test_values_are_found_step_by_step() -> None:
    """Keys of objects, places in arrays, and the whole answer."""
    known = results(a=[{"id": 7, "tags": ["x", None], "": 0}])

    assert known.find(parse_reference("a/0/id")) == 7
    assert known.find(parse_reference("a/0/tags/1")) is None
    assert known.find(parse_reference("a/0/")) == 0
    assert known.find(parse_reference("a")) == [{"id": 7, "tags": ["x", None], "": 0}]


@pytest.mark.parametrize("step", ["1", "-", "-1", "01", "id", "٠", "9999999999"])
def test_steps_that_lead_nowhere(step: str) -> None:
    """A list has no keys, no negative places and none written with a zero in front."""
    assert code_of(f"a/{step}", results(a=[1])) == "22023"


def test_what_is_brought_in_is_limited() -> None:
    """However often a long value is named, all namings together count."""
    known = results(a="x" * (MAX_RESOLVED_BYTES // 2))

    assert len(known.find(parse_reference("a"))) == MAX_RESOLVED_BYTES // 2
    assert code_of("a", known) == "54000"


def test_bodies_are_filled() -> None:
    """At any depth; a literal's inside is left alone."""
    body = {"a": [{"$ref": "r/0"}], "b": {"$literal": {"$ref": "r"}}, "c": {"$ref": "r", "d": 1}}

    assert resolve_references(body, results(r=[5])) == {
        "a": [5],
        "b": {"$ref": "r"},
        "c": {"$ref": "r", "d": 1},
    }


@given(json_values)
def test_literals_say_anything(value: Any) -> None:
    """What stands in `$literal` comes out as it went in."""
    assert resolve_references({"$literal": value}, results()) == value


@given(json_values)
def test_any_answer_can_be_named_whole(value: Any) -> None:
    """A reference without steps is the answer itself."""
    assert resolve_references([{"$ref": "r"}], results(r=value)) == [value]


@pytest.mark.parametrize(
    ("value", "text"), [("a,b", "a,b"), (5, "5"), (True, "true"), (0.5, "0.5")]
)
def test_filters_take_single_values(value: Any, text: str) -> None:
    """As a filter would write them."""
    reference = query_reference("$ref(r/0)")

    assert reference is not None
    assert resolve_text(reference, results(r=[value])) == text


@pytest.mark.parametrize("value", [None, [], {}])
def test_filters_take_nothing_else(value: Any) -> None:
    """Null is found by `is.null`, and lists have no one spelling."""
    with pytest.raises(RequestError, match="finds no value to compare with"):
        resolve_text(parse_reference("r/0"), results(r=[value]))


@pytest.mark.parametrize(
    "text", ["a$ref(b)", "($ref(a/0),1)", "$ref(a)$ref(b)", "$ref(a", "$ref(()"]
)
def test_a_reference_is_a_whole_value(text: str) -> None:
    """Within a list or among text it is refused, never compared with as it stands."""
    with pytest.raises(RequestError, match="a reference stands where none can"):
        query_reference(text)


@pytest.mark.parametrize("text", ["", "a", "$ref", '("$ref(a)")'])
def test_other_values_are_left_alone(text: str) -> None:
    """What is quoted in a list is text."""
    assert query_reference(text) is None
