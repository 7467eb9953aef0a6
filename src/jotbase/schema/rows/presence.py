"""Rewriting a schema for rows without NULLs: SQL has one NULL, JSON has null and absent.

For keywords that test the presence of a property, a NULL is absent, even in a column that allows
null; for keywords that test its value, it is null. So rows are validated without their NULLs, and
the schema is rewritten accordingly: a subschema that null would violate requires the property. The
root's own `required` names columns, which a row always has. In charge of this rewriting (decision
54). Must not know rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from jotbase.schema.keywords.subschemas import local_target

#: Returns whether a subschema accepts null.
LetsNull = Callable[[Any], bool]

#: Keywords whose subschemas apply to the row itself (2020-12 Core 10.2).
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


def without_nulls(
    root: Mapping[str, Any], nullable: AbstractSet[str], lets_null: LetsNull
) -> dict[str, Any]:
    """Return the schema for rows without NULLs; `nullable` are the columns that allow null.

    `root` must have no `$id`, since its references are resolved within it.
    """
    writer = _Rewriter(root, nullable, lets_null)
    rewritten = writer.inside(root)
    if "required" in root:
        rewritten["required"] = [name for name in root["required"] if name not in nullable]
    if writer.copies:
        rewritten["$defs"] = {**root.get("$defs", {}), **writer.copies}
    return rewritten


@dataclass(frozen=True, slots=True)
class _Rewriter:
    """Rewrites subschemas that apply to rows; `copies` are the rewritten targets of references."""

    root: Mapping[str, Any]
    nullable: AbstractSet[str]
    lets_null: LetsNull
    copies: dict[str, Any] = field(default_factory=dict)

    def inside(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Rewrite the subschemas of a schema, without adding `required`."""
        rewritten = dict(schema)
        for word in _LISTS:
            if isinstance(schema.get(word), list):
                rewritten[word] = [self.whole(one) for one in schema[word]]
        for word in _SINGLE:
            if word in schema:
                rewritten[word] = self.whole(schema[word])
        if isinstance(schema.get("dependentSchemas"), Mapping):
            rewritten["dependentSchemas"] = {
                name: self.whole(one) for name, one in schema["dependentSchemas"].items()
            }
        if isinstance(schema.get("$ref"), str):
            rewritten["$ref"] = self.copied(schema["$ref"])
        return rewritten

    def whole(self, schema: Any) -> Any:
        """Rewrite a subschema that applies to the row."""
        if not isinstance(schema, Mapping):
            return schema
        rewritten = self.inside(schema)
        required = self.broken_by_null(schema.get("properties"))
        if required:
            rewritten["required"] = list(dict.fromkeys((*schema.get("required", ()), *required)))
        if "const" in schema:
            rewritten["const"] = self.bare(schema["const"])
        if isinstance(schema.get("enum"), list):
            rewritten["enum"] = [self.bare(one) for one in schema["enum"]]
        return rewritten

    def broken_by_null(self, properties: Any) -> list[str]:
        """Return the nullable columns for which `properties` rejects null."""
        if not isinstance(properties, Mapping):
            return []
        return [
            name
            for name, one in properties.items()
            if name in self.nullable and not self.lets_null(one)
        ]

    def bare(self, value: Any) -> Any:
        """Remove the nulls of a row in `const` or `enum`."""
        if not isinstance(value, Mapping):
            return value
        return {
            name: one for name, one in value.items() if one is not None or name not in self.nullable
        }

    def copied(self, reference: str) -> str:
        """Rewrite the target of a reference once; return the reference to the rewritten copy."""
        target = local_target(self.root, reference)
        if not isinstance(target, Mapping):
            return reference
        name = f"row:{reference.lstrip('#/').replace('/', ':').replace('~', ':') or 'root'}"
        if name not in self.copies:
            self.copies[name] = {}
            self.copies[name] = self.whole(target)
        return f"#/$defs/{name}"
