"""The document held against OpenAPI 3.1 by a validator that is not ours."""

from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError
from tests.unit.query.calls_board import ADD, ONE_ROW, ROWS, TAKE, TWICE, VALUES, function
from tests.unit.schema.projects import ID, TEXT, files, model, table_file

import jotbase
from jotbase.query.openapi.document import document
from jotbase.query.plan.nodes import Root
from jotbase.schema.model.tables import Model
from jotbase.schema.reading.read import read_model

#: Functions of every kind of argument and result.
FUNCTIONS = (ADD, ONE_ROW, ROWS, TAKE, *TWICE, VALUES, function("a b/{c}", reads=True))
EXAMPLE = Path(jotbase.__file__).parent / "examples" / "jobs" / "schemas"

#: Names, references and recursion that a generator of documents might stumble over.
ODD = files(
    **{
        "odd {name}é": table_file(
            {
                "id": ID,
                "a b/c~": {"$ref": "#/$defs/x~1y"},
                "tree": {"$ref": "#/$defs/tree"},
                "money": {"$ref": "#money"},
                "kind": {"$ref": "plain.json#/properties/kind"},
                "any": {"type": ["object", "array", "string", "number", "boolean", "null"]},
            },
            **{
                "$schema": "https://jotbase.dev/schema/table/v1",
                "$defs": {
                    "x/y": {"type": "array", "items": TEXT},
                    "tree": {
                        "type": "object",
                        "properties": {"of": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
                    },
                    "money": {"$anchor": "money", "type": "number", "minimum": 0},
                },
                "if": {"properties": {"money": {"const": 0}}},
                "then": {"required": ["tree"]},
            },
            primaryKey=["id"],
        ),
        "plain": table_file({"kind": {"enum": ["a", "b"]}}),
        "seen": table_file({"kind": TEXT}, view="select kind from plain"),
    }
)


def faults(told: dict[str, Any]) -> list[str]:
    """Return what the validator says of a document."""
    return [error.message for error in OpenAPIV31SpecValidator(told).iter_errors()]


def example() -> Model:
    """Return the job board's model."""
    return read_model({path.name: path.read_bytes() for path in EXAMPLE.glob("*.json")})


@pytest.mark.parametrize("model_", [example(), read_model(ODD), Model()], ids=["jobs", "odd", "no"])
@pytest.mark.parametrize("passes", [True, False], ids=["service", "ruled"])
def test_the_document_is_valid(model_: Model, passes: bool) -> None:
    """Whoever asks, and whatever the tables are called, it is OpenAPI 3.1."""
    told = document(
        model_,
        lambda table, action: passes or action in table.access,
        Root("http://x", "1"),
        FUNCTIONS,
        internals=passes,
    )

    assert faults(told) == []


def test_every_reference_leads_somewhere() -> None:
    """The validator follows only some; here all of them are followed."""
    told = document(read_model(ODD), lambda *_: True, Root("http://x", "1"), internals=True)
    resolver = OpenAPIV31SpecValidator(told)

    assert [text for text in references(told) if not leads(told, text)] == []
    assert list(resolver.iter_errors()) == []


def references(value: Any) -> list[str]:
    """Return all references in a document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for inner in value.values() for one in references(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in references(inner)]
    return []


def leads(told: Any, reference: str) -> bool:
    """Say whether there is something at a reference's pointer (RFC 6901, 6)."""
    from urllib.parse import unquote

    for step in unquote(reference.removeprefix("#/")).split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if key not in told:
            return False
        told = told[key]
    return True


def test_the_validator_finds_what_is_wrong() -> None:
    """A document without its references' targets is refused, so its yes means something."""
    told = document(model(t=table_file({"a": TEXT})), lambda *_: True, Root("http://x", "1"))
    del told["components"]["responses"]

    try:
        found = faults(told)
    except OpenAPIValidationError as error:
        found = [str(error)]
    except Exception as error:  # noqa: BLE001 - its resolver's errors are of several libraries
        found = [str(error)]

    assert found != []
