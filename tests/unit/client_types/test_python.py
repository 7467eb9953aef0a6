"""Python: rows as TypedDicts or models, under names that Python can have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jotbase.client_types.python import class_names, field_name, python, written
from jotbase.client_types.relations import Described, Relation
from jotbase.client_types.shapes import Choice, Either, Enumeration, Member, Null, Scalar, Several
from jotbase.schema.model.tables import Type

NAME = Member("class", Scalar(Type.TEXT), required=True)
MADE = Member("made", Either((Scalar(Type.TIMESTAMP), Null())), required=True)
PARTS = Relation("parts", False, None, (NAME, MADE), (), (NAME,), None, (), ())


def test_shapes_are_annotations() -> None:
    """JSON as it is sent, and what Pydantic makes of it."""
    several = Several(Either((Scalar(Type.UUID), Choice(("a", 1)))))

    assert written(several, {}) == 'list[str | Literal["a", 1]]'
    assert written(several, {}, parsed=True) == 'list[uuid.UUID | Literal["a", 1]]'
    assert written(Enumeration("a_b", ("x",)), {"a_b": "AB"}) == "AB"


def test_classes_have_names_of_their_own() -> None:
    """Names are in capitals; doubles are numbered, and Python's own words are not taken."""
    assert class_names(["job_tags", "job-tags", "1st", "none"], ["Taken"]) == {
        "job_tags": "JobTags",
        "job-tags": "JobTags2",
        "1st": "_1st",
        "none": "_None",
    }


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("name", "name"),
        ("class", "class_"),
        ("json", "json_"),
        ("_id", "id"),
        ("2nd name", "field_2nd_name"),
        ("model_x", "model_x_"),
    ],
)
def test_fields_of_models(column: str, field: str) -> None:
    """A field has a name that neither Python nor Pydantic takes."""
    assert field_name(column) == field


def test_modules_are_python() -> None:
    """A name that is a keyword makes a TypedDict by its call, and an alias in a model."""
    found = Described((PARTS,), (), (Enumeration("parts_size", ("s",)),))

    typed, parsed = python(found), python(found, "pydantic")

    compile(typed, "typed", "exec")
    compile(parsed, "parsed", "exec")
    assert 'Parts = TypedDict(\n    "Parts",\n    {\n        "class": "str",\n' in typed
    assert 'PartsSize: TypeAlias = Literal["s"]' in typed
    assert '    class_: str = Field(alias="class")\n    made: datetime.datetime | None\n' in parsed
    assert "PartsUpdate" not in typed


def test_tables_do_not_take_the_names_that_a_module_imports() -> None:
    """The import would otherwise be replaced by the class, and rows with it."""
    names = ("any", "field", "typed_dict")
    rows = tuple(replace(PARTS, name=one, insert=None) for one in names)

    text = python(Described(rows, (), (Enumeration("literal", ("s",)),)), "pydantic")

    assert [one for one in text.split() if one.endswith("(BaseModel):")] == [
        "Any2(BaseModel):",
        "Field2(BaseModel):",
        "TypedDict2(BaseModel):",
    ]
    assert 'Literal2: TypeAlias = Literal["s"]' in text
