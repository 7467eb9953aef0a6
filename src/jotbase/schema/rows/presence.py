"""What a schema says of rows whose NULLs are left out: SQL has one NULL, JSON has null and absent.

To every keyword that asks whether a property is there, NULL is absent, also in a column that admits
null; to a keyword that asks what its value is, it is null. So the rows are judged without their
NULLs, and here a schema is rewritten to say of such rows what it says of values: a subschema that a
column's null would break asks for the column. The root's own `required` asks for columns, which the
row always has. In charge of that rewriting. Must not know rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from jotbase.schema.keywords.subschemas import local_target

#: Whether a column's subschema lets null pass.
LetsNull = Callable[[Any], bool]

#: Keywords whose subschemas judge the row itself (2020-12 Core 10.2).
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


def without_nulls(
    root: Mapping[str, Any], nullable: AbstractSet[str], lets_null: LetsNull
) -> dict[str, Any]:
    """Return the schema for rows without their NULLs; `nullable` are the columns that admit null.

    `root` must be without `$id`: references are looked up in it.
    """
    writer = _Writer(root, nullable, lets_null)
    told = writer.inside(root)
    if "required" in root:
        told["required"] = [name for name in root["required"] if name not in nullable]
    if writer.copies:
        told["$defs"] = {**root.get("$defs", {}), **writer.copies}
    return told


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes subschemas that judge rows; `copies` are those that references lead to, by name."""

    root: Mapping[str, Any]
    nullable: AbstractSet[str]
    lets_null: LetsNull
    copies: dict[str, Any] = field(default_factory=dict)

    def inside(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Write all that is within a schema, and not what it says of properties."""
        told = dict(schema)
        for word in _LISTS:
            if isinstance(schema.get(word), list):
                told[word] = [self.whole(one) for one in schema[word]]
        for word in _SINGLE:
            if word in schema:
                told[word] = self.whole(schema[word])
        if isinstance(schema.get("dependentSchemas"), Mapping):
            told["dependentSchemas"] = {
                name: self.whole(one) for name, one in schema["dependentSchemas"].items()
            }
        if isinstance(schema.get("$ref"), str):
            told["$ref"] = self.copied(schema["$ref"])
        return told

    def whole(self, schema: Any) -> Any:
        """Write a subschema that judges the row."""
        if not isinstance(schema, Mapping):
            return schema
        told = self.inside(schema)
        asked = self.broken_by_null(schema.get("properties"))
        if asked:
            told["required"] = list(dict.fromkeys((*schema.get("required", ()), *asked)))
        if "const" in schema:
            told["const"] = self.bare(schema["const"])
        if isinstance(schema.get("enum"), list):
            told["enum"] = [self.bare(one) for one in schema["enum"]]
        return told

    def broken_by_null(self, properties: Any) -> list[str]:
        """Return the columns that may not be NULL if what is said of properties is to hold."""
        if not isinstance(properties, Mapping):
            return []
        return [
            name
            for name, one in properties.items()
            if name in self.nullable and not self.lets_null(one)
        ]

    def bare(self, value: Any) -> Any:
        """Write a row that stands in a schema as what rows are judged as."""
        if not isinstance(value, Mapping):
            return value
        return {
            name: one for name, one in value.items() if one is not None or name not in self.nullable
        }

    def copied(self, reference: str) -> str:
        """Write what a reference within the document leads to, once, and return its new place."""
        target = local_target(self.root, reference)
        if not isinstance(target, Mapping):
            return reference
        name = f"row:{reference.lstrip('#/').replace('/', ':').replace('~', ':') or 'root'}"
        if name not in self.copies:
            self.copies[name] = {}
            self.copies[name] = self.whole(target)
        return f"#/$defs/{name}"
