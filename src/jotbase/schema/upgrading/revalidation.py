"""Which stored values and rows must be validated again after a schema file has changed.

In charge of a conservative decision: a column is skipped only if every value that is valid under
the old schema is valid under the new one. Must not know how rows are read (`stored_rows`), or SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jotbase.schema.keywords.compatibility import has_reference, is_widened, json_equal
from jotbase.schema.keywords.subschemas import map_subschemas, walk
from jotbase.schema.keywords.vocabulary import COLUMN_ONLY, TABLE_ONLY
from jotbase.schema.model.tables import Column, Table
from jotbase.schema.rows.check import is_whole_row_keyword

#: Keywords that do not affect validation, wherever they occur.
_NOTES = frozenset(
    {"$comment", "title", "description", "default", "deprecated", "readOnly", "writeOnly"}
    | {"examples"}
    | COLUMN_ONLY
)

_DEFINITIONS = ("$defs", "definitions")

#: Keywords that may reject null although the column's type allows it.
_JUDGING_NULL = frozenset({"not", "if", "allOf", "anyOf", "oneOf", "$ref", "$dynamicRef"})


def columns_to_revalidate(old: Table, new: Table) -> Iterator[str]:
    """Yield the columns whose stored values might violate the new schema."""
    for column in new.columns:
        was = old.by_name.get(column.name)
        if was is None:
            continue
        if (
            not is_widened(was.schema, column.schema)
            or _changed_elsewhere(column.schema, old, new)
            or (_is_null_now(was, column) and _judges_null(column.schema))
        ):
            yield column.name


def _is_null_now(was: Column, column: Column) -> bool:
    """Return whether a stored NULL meant "absent" before and means the value null now."""
    return column.null_is_value and not was.null_is_value


def _judges_null(schema: Mapping[str, Any]) -> bool:
    return any(_JUDGING_NULL & inner.keys() for _, inner in walk(schema))


def must_revalidate_rows(old: Table, new: Table) -> bool:
    """Return whether a keyword on whole rows might reject stored rows.

    The target of a `$ref` counts as changed when anything in the file did. A column that is added
    with values, removed, or computed differently changes the stored rows as well.
    """
    before, after = _of_rows(old.schema), _of_rows(new.schema)
    if not after:
        return False
    changed = not json_equal(before, after) or _changed_elsewhere(after, old, new)
    return changed or _shown_otherwise(old, new)


def _shown_otherwise(old: Table, new: Table) -> bool:
    """Return whether stored rows have other properties than before, or differently computed
    ones.
    """
    before = {_shown(one) for one in old.columns}
    after = {_shown(one) for one in new.columns if one.name in old.by_name or one.has_default}
    return before != after


def _shown(column: Column) -> tuple[str, bool, str | None, bool]:
    """Return the facts that decide whether rows have the column's property, and its value."""
    return column.name, column.null_is_value, column.generated, column.has_default


def _changed_elsewhere(schema: Mapping[str, Any], old: Table, new: Table) -> bool:
    """Return whether the target of a `$ref` might have changed: the definitions, or anything in the
    file for a reference to another part of it.
    """
    if not has_reference(schema):
        return False
    before, after = _asserted(old.schema), _asserted(new.schema)
    shared = {word: after[word] for word in _DEFINITIONS if word in after}
    if all(_is_defined(one) for part in (schema, shared) for _, one in walk(part)):
        return not all(json_equal(before.get(word), after.get(word)) for word in _DEFINITIONS)
    return not json_equal(before, after)


def _is_defined(schema: Mapping[str, Any]) -> bool:
    """Return whether all `$ref`s of a schema refer to `$defs` or `definitions`."""
    target = schema.get("$ref", "#/$defs/")
    return "$dynamicRef" not in schema and str(target).startswith(("#/$defs/", "#/definitions/"))


def _of_rows(schema: Mapping[str, Any]) -> dict[str, Any]:
    row_keywords = {
        word: value for word, value in schema.items() if is_whole_row_keyword(word, value)
    }
    return _asserted(row_keywords)


def _asserted(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords that affect validation, without those about the table itself."""
    own = {word: value for word, value in schema.items() if word not in TABLE_ONLY}

    def change(inner: dict[str, Any]) -> dict[str, Any]:
        return {word: value for word, value in inner.items() if word not in _NOTES}

    found: dict[str, Any] = map_subschemas(own, change)
    return found
