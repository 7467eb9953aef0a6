"""Files before their meaning is looked at."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import JSON

from jotbase.errors import Fault
from jotbase.schema.reading.parsing import Parsed, parse


def told(document: Any) -> list[tuple[str, str, str | None]]:
    """Return place, reason and hint of each fault in a document."""
    parsed = parse("t.json", orjson.dumps(document))
    found = [parsed] if isinstance(parsed, Fault) else parsed.faults
    return [(fault.pointer, fault.reason, fault.hint) for fault in found]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "line 1, column 1: Expecting value"),
        (b'{\n  "a": 1,\n}', "line 3, column 1: Expecting property name enclosed in double quotes"),
        (b"{'a': 1}", "line 1, column 2: Expecting property name enclosed in double quotes"),
        (b'{"a": 1} x', "line 1, column 10: Extra data"),
        (b'{"a": \xff}', "byte 6 is not UTF-8"),
        (b'{"a": {"b": 1, "b": 2}}', 'the key "b" stands twice in one object'),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1e999}', "1e999 is larger than any number that can be kept"),
        (b"[]", "a schema file holds one JSON object"),
        (b"[" * 100_000, "the JSON is nested too deeply"),
    ],
)
def test_what_is_no_json_object_is_one_fault(data: bytes, reason: str) -> None:
    """Line and column, or the byte, are told."""
    parsed = parse("t.json", data)

    assert isinstance(parsed, Fault)
    assert (parsed.file, parsed.reason) == ("t.json", reason)


def test_a_byte_order_mark_is_no_fault() -> None:
    """Editors on some systems write one."""
    assert isinstance(parse("t.json", b'\xef\xbb\xbf{"properties": {}}'), Parsed)


@given(st.binary() | JSON.map(orjson.dumps))
def test_no_bytes_are_more_than_a_fault(data: bytes) -> None:
    """Whatever is in a file, it is read or a fault."""
    assert isinstance(parse("t.json", data), Parsed | Fault)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (
            {"properties": {"a": {"type": "strin"}}},
            ("/properties/a/type", '"strin" is no JSON type', 'did you mean "string"?'),
        ),
        (
            {"properties": {"a": {"type": "text"}}},
            (
                "/properties/a/type",
                '"text" is no JSON type',
                'write "type": "string"',
            ),
        ),
        ({"type": "array"}, ("/type", "a row is an object", 'write "type": "object"')),
        (
            {"properties": {"a": {"type": "string", "required": True}}},
            (
                "/properties/a/required",
                '"required" is a list of names, not true or false',
                'list the column in "required" beside "properties"',
            ),
        ),
        (
            {"access": {"selct": "True"}},
            ("/access/selct", 'unknown key "selct"', 'did you mean "select"?'),
        ),
        (
            {"properties": {"a": {"type": "string", "maxlength": 3}}},
            (
                "/properties/a/maxlength",
                'unknown keyword "maxlength"',
                'did you mean "maxLength"?',
            ),
        ),
        (
            {"properties": {"a": {"items": {"format": "datetime"}}}},
            (
                "/properties/a/items/format",
                'unknown format "datetime"',
                'write "format": "date-time"',
            ),
        ),
        (
            {"view": "delete from jobs"},
            ("/view", "a view is a SELECT", 'write "view": "select … from …"'),
        ),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#"},
            (
                "/$schema",
                "http://json-schema.org/draft-07/schema# is not read here",
                'write "https://jotbase.dev/schema/table/v1"',
            ),
        ),
        (
            {"primaryKey": "id"},
            ("/primaryKey", '"primaryKey" is a list of columns', 'write "primaryKey": ["id"]'),
        ),
        (
            {"unique": ["a", "b"]},
            (
                "/unique",
                '"unique" is a list of lists of columns',
                'write "unique": [["a"]], or [["a", "…"]] for several together',
            ),
        ),
        (
            {"indexes": "a"},
            (
                "/indexes",
                '"indexes" is a list of lists of columns',
                'write "indexes": [["a"]], or [["a", "…"]] for several together',
            ),
        ),
    ],
)
def test_each_mistake_is_told_with_place_and_hint(
    document: Any, fault: tuple[str, str, str | None]
) -> None:
    """The nearest right word is given where there is one."""
    assert told(document) == [fault]


def test_both_meta_schemas_may_be_named_or_none() -> None:
    """Editors need one; reading needs none."""
    ours = "https://jotbase.dev/schema/table/v1"
    standard = "https://json-schema.org/draft/2020-12/schema"

    assert [told({"$schema": one}) for one in (ours, standard)] == [[], []]
    assert told({}) == []


def test_a_column_with_a_fault_stays_by_its_name() -> None:
    """The rest of the file can still be read, so that all mistakes are told at once."""
    document = {"properties": {"a": {"type": "strin"}, "b": {"type": "string"}}, "unique": "a"}
    parsed = parse("t.json", orjson.dumps(document))

    assert isinstance(parsed, Parsed)
    assert parsed.document == {"properties": {"a": {}, "b": {"type": "string"}}}
    assert parsed.invalid_columns == {"a"}


def test_properties_at_fault_twice_are_left_out_once() -> None:
    """A column without a name has the pointer of the whole, which goes with it."""
    assert isinstance(parse("t.json", b'{"properties": {"": null, ":": null}}'), Parsed)
