"""Whether a changed schema accepts every value that the old one accepted.

In charge of a conservative decision: unless it is certain, the stored rows are validated again.
Must not know tables, rows or SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jotbase.schema.keywords.subschemas import walk
from jotbase.schema.keywords.vocabulary import ANNOTATIONS, COLUMN_ONLY, STANDARD

_UPPER = frozenset(
    {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"},
)
_LOWER = frozenset(
    {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"},
)
#: Keywords whose removal accepts more values, independent of other keywords.
_REMOVABLE = _UPPER | _LOWER | {"enum", "const", "pattern", "format", "multipleOf", "uniqueItems"}


def assertions(schema: Any) -> dict[str, Any]:
    """Return the keywords of a column's schema that affect validation."""
    if not isinstance(schema, Mapping):
        return {"": schema}
    keywords = STANDARD - ANNOTATIONS - COLUMN_ONLY
    return {word: value for word, value in schema.items() if word in keywords}


def is_widened(old: Any, new: Any) -> bool:
    """Return whether every value valid under `old` is certainly valid under `new`.

    Targets of `$ref`s are not compared.
    """
    before, after = assertions(old), assertions(new)
    words = before.keys() | after.keys()
    return all(
        _looser(word, before, after)
        for word in words
        if not json_equal(before.get(word), after.get(word))
    )


def json_equal(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal; unlike in Python, 1 and true are not."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _looser(word: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if word not in after:
        return word in _REMOVABLE
    if word not in before:
        return False
    old, new = before[word], after[word]
    if word in _UPPER:
        return bool(new >= old)
    if word in _LOWER:
        return bool(new <= old)
    if word == "enum":
        return all(any(json_equal(value, one) for one in new) for value in old)
    if word == "type":
        return _types(old) <= _types(new)
    return False


def _types(keywords: Any) -> set[str]:
    names = {keywords} if isinstance(keywords, str) else set(keywords)
    return names | {"integer"} if "number" in names else names


def has_reference(schema: Any) -> bool:
    """Return whether a schema contains a reference (`$ref`, `$dynamicRef`)."""
    return any("$ref" in inner or "$dynamicRef" in inner for _, inner in walk(schema))
