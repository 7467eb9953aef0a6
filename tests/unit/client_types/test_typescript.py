"""TypeScript: shapes and files as `createClient<Database>` takes them."""

from __future__ import annotations

import pytest

from jotbase.client_types.relations import Call, Described, Relation
from jotbase.client_types.shapes import (
    ANY,
    Choice,
    Either,
    Enumeration,
    Member,
    Members,
    Null,
    Scalar,
    Several,
    Shape,
)
from jotbase.client_types.typescript import typescript, written
from jotbase.query.plan.functions import Returns
from jotbase.schema.model.tables import Type

TEXT = Scalar(Type.TEXT)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (Scalar(Type.DECIMAL), "number"),
        (Scalar(Type.BOOLEAN), "boolean"),
        (Scalar(Type.TSTZRANGE), "string"),
        (ANY, "Json"),
        (Several(Either((TEXT, Null()))), "(string | null)[]"),
        (Choice(('a "b"', 1, True)), '"a \\"b\\"" | 1 | true'),
        (Enumeration("a_b", ("x",)), 'Database["public"]["Enums"]["a_b"]'),
        (Members((Member("a b", TEXT, required=False),)), '{ "a b"?: string }'),
        (Members((), open=True), "{ [key: string]: Json | undefined }"),
        (Members(()), "{ [key: string]: never }"),
    ],
)
def test_shapes_are_types(shape: Shape, text: str) -> None:
    """Each shape is one type on one line."""
    assert written(shape) == text


def test_a_file_has_the_sections_that_the_client_reads() -> None:
    """An empty project has all sections; a table has Row, Insert, Update and Relationships."""
    member = Member("name", TEXT, required=True)
    parts = Relation("parts", False, "Of */ it", (member,), (), (member,), (), ("id",), ())

    empty, text = typescript(Described((), (), ())), typescript(Described((parts,), (), ()))

    assert empty.count("[_ in never]: never") == 5
    assert "/** Of * / it */" in text
    assert (
        "      parts: {\n        Row: {\n          name: string\n        }\n"
        "        Insert: {\n          name: string\n          id?: never\n        }\n"
        "        Update: {\n          id?: never\n        }\n        Relationships: []\n      }\n"
    ) in text


def test_overloads_are_alternatives() -> None:
    """Functions of one name are a union; one without parameters takes never."""
    some = Call("f", Members((Member("a", TEXT, required=True),)), Returns("value"), TEXT)
    none = Call("f", Members(()), Returns("rows", table="parts"), ANY)

    text = typescript(Described((), (some, none), ()))

    assert "      f:\n        | {\n          Args: { a: string }\n" in text
    assert 'Returns: Database["public"]["Tables"]["parts"]["Row"][]\n' in text
    assert "isSetofReturn: true" in text
