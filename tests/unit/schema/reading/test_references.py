"""`$ref` to other files, brought into the document."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from jotbase.schema.reading.references import Files

A: dict[str, Any] = {
    "properties": {
        "b": {"$ref": "b.json#/properties/x"},
        "me": {"$ref": "#/$defs/own"},
        "data": {"const": {"$ref": "b.json"}},
    },
    "$defs": {"own": {"type": "integer"}},
}
B: dict[str, Any] = {
    "$id": "https://example.com/b.json",
    "$schema": "https://jotbase.dev/schema/table/v1",
    "properties": {
        "x": {"$ref": "#named"},
        "back": {"$ref": "a.json#/properties/me"},
        "c": {"$ref": "c%20d.json"},
    },
    "$defs": {"n": {"$anchor": "named", "type": "string", "minLength": 2}},
}
C: dict[str, Any] = {"type": "boolean"}
ALL = Files({"a.json": A, "b.json": B, "c d.json": C})


def test_a_document_brings_what_it_refers_to() -> None:
    """Other files stand under $defs, with what they refer to in turn; data is left alone."""
    whole = ALL.inlined("a.json")

    assert list(whole["$defs"]) == ["own", "b.json", "c d.json"]
    assert whole["properties"]["b"] == {"$ref": "#/$defs/b.json/properties/x"}
    assert whole["properties"]["data"] == {"const": {"$ref": "b.json"}}
    assert whole["$defs"]["b.json"]["properties"] == {
        "x": {"$ref": "#/$defs/b.json/$defs/n"},
        "back": {"$ref": "#/properties/me"},
        "c": {"$ref": "#/$defs/c%20d.json"},
    }


@pytest.mark.parametrize(
    ("row", "fits"),
    [({"b": "ab"}, True), ({"b": "a"}, False), ({"me": 1}, True), ({"me": "x"}, False)],
)
def test_the_document_means_what_the_files_mean(row: dict[str, Any], fits: bool) -> None:
    """A validator needs nothing but the document."""
    assert Draft202012Validator(ALL.inlined("a.json"), offline=True).is_valid(row) is fits


def test_a_document_that_needs_no_other_stays_as_it_is() -> None:
    """Nothing is added to it, and the sources are never changed."""
    assert ALL.inlined("c d.json") == C
    assert A["properties"]["b"] == {"$ref": "b.json#/properties/x"}


def test_a_file_is_known_by_its_id_as_well() -> None:
    """An absolute reference to a file's $id is a reference to the file."""
    other = Files({"b.json": B, "z.json": {"$ref": "https://example.com/b.json#named"}})

    assert other.inlined("z.json")["$ref"] == "#/$defs/b.json/$defs/n"


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("b.json", None),
        ("./b.json#/properties/x", None),
        ("b.json#named", None),
        ("#/$defs/own", None),
        ("https://json-schema.org/draft/2020-12/schema", None),
        ("d.json", 'there is no file "d.json" among the schemas'),
        ("http://example.com/x", 'there is no file "http://example.com/x" among the schemas'),
        ("../../etc/passwd", 'there is no file "../../etc/passwd" among the schemas'),
        ("b.json#/properties/z", '"b.json" has nothing at #/properties/z'),
        ("b.json#nameless", '"b.json" has nothing at #nameless'),
        ("#/$defs/other", '"a.json" has nothing at #/$defs/other'),
    ],
)
def test_a_reference_to_nothing_is_a_fault(reference: str, fault: str | None) -> None:
    """Nothing is looked for outside of the files."""
    assert ALL.reference_fault(reference, "a.json") == fault
