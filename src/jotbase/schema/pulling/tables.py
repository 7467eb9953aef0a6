"""Reflected tables and views to schema files.

In charge of keys, references, conditions and defaults, and of a view's columns. Must not know how
a column's type is determined (`columns`), or whether the file is valid (`pull`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jotbase.schema.ddl.definitions import Definition, read_table, read_trigger, read_view
from jotbase.schema.ddl.exact_decimals import inner_body, unrounded
from jotbase.schema.keywords.types import column_type
from jotbase.schema.keywords.vocabulary import TABLE_META_SCHEMA
from jotbase.schema.model.tables import Type
from jotbase.schema.pulling.checks import keywords
from jotbase.schema.pulling.columns import (
    NotLiteral,
    column_schema,
    default_value,
    is_mixed,
    time_note,
    with_null,
)
from jotbase.sql.catalog import ReflectedColumn, ReflectedForeignKey, ReflectedIndex, ReflectedTable

COMMENT = (
    "Pulled from a database that was there before. Without access rules, the service role alone"
    ' may use it: add "access".'
)


@dataclass(slots=True)
class Document:
    """The content of a schema file, and notes on what it cannot express."""

    schema: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def table_document(table: ReflectedTable, known: Mapping[str, ReflectedTable]) -> Document:
    """Return the schema file of a table; `known` are all tables by name in lower case."""
    definition = read_table(table.text)
    document = Document({"$schema": TABLE_META_SCHEMA, "$comment": COMMENT, "type": "object"})
    schema, notes = document.schema, document.notes
    numbered = _row_number(table)
    schema["properties"] = {
        column.name: _property(column, column.name == numbered, definition)
        for column in table.columns
    }
    schema["required"] = [column.name for column in table.columns if _is_required(column, schema)]
    schema["additionalProperties"] = False
    if not table.row_numbers:
        schema["withoutRowid"] = True
    _add_keys(table, schema, notes)
    _add_references(table, known, definition, schema)
    _add_checks(definition, schema)
    notes.extend(_column_notes(table, definition))
    if table.triggers:
        notes.append(f"its triggers stay as they are: {', '.join(table.triggers)}")
    for word in ("required", "x-checks"):
        if not schema.get(word):
            schema.pop(word, None)
    return document


def _row_number(table: ReflectedTable) -> str | None:
    """Return the column that aliases the rowid (sqlite.org/lang_createtable.html, 5), or None."""
    keys = [column for column in table.columns if column.key]
    if len(keys) != 1 or not table.row_numbers or keys[0].declared.upper() != "INTEGER":
        return None
    return None if any(index.origin == "pk" for index in table.indexes) else keys[0].name


def _property(column: ReflectedColumn, numbered: bool, definition: Definition) -> dict[str, Any]:
    if numbered:
        return {"type": "integer", "identity": True}
    schema = column_schema(column)
    if column.generated:
        return schema | {"generated": unrounded(definition.generated[column.name])}
    if column.default is None:
        return schema
    kind = column_type(schema, {})[0]
    try:
        value = default_value(kind, column.default)
    except NotLiteral:
        return schema | {"x-default": column.default}
    return schema if value is None else schema | {"default": value}


def _is_required(column: ReflectedColumn, schema: Mapping[str, Any]) -> bool:
    """Return whether an inserted row must have the column: the database fills no value in."""
    own = schema["properties"][column.name]
    filled = any(word in own for word in ("identity", "generated", "x-default"))
    return column.not_null and not filled


def _add_keys(table: ReflectedTable, schema: dict[str, Any], notes: list[str]) -> None:
    keys = sorted((one for one in table.columns if one.key), key=lambda one: one.key)
    uniques = [list(index.columns) for index in table.indexes if _is_unique(index)]
    if any(one.statistics.nulls for one in keys):
        notes.append("the primary key holds NULL, so it is said to be unique only")
        uniques.insert(0, [one.name for one in keys])
    elif keys:
        schema["primaryKey"] = [one.name for one in keys]
        for one in keys:
            _without_null(schema["properties"][one.name])
    lists = {
        "unique": uniques,
        "indexes": [list(one.columns) for one in table.indexes if _is_index(one)],
    }
    for word, columns in lists.items():
        different = [one for place, one in enumerate(columns) if one not in columns[:place]]
        if different:
            schema[word] = different
    odd = [index.name for index in table.indexes if index.origin == "c" and not index.plain]
    if odd:
        notes.append(f"its partial and special indexes stay as they are: {', '.join(odd)}")


def _without_null(schema: dict[str, Any]) -> None:
    if isinstance(schema["type"], list):
        kinds = [one for one in schema["type"] if one != "null"]
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds


def _is_unique(index: ReflectedIndex) -> bool:
    return index.origin == "u" or (index.origin == "c" and index.unique and index.plain)


def _is_index(index: ReflectedIndex) -> bool:
    return index.origin == "c" and index.plain and not index.unique


def _add_references(
    table: ReflectedTable,
    known: Mapping[str, ReflectedTable],
    definition: Definition,
    schema: dict[str, Any],
) -> None:
    keys: list[dict[str, Any]] = []
    for reference in table.references:
        target = known.get(reference.target.lower())
        name = definition.key_names.get(tuple(one.lower() for one in reference.columns))
        called = reference.target if target is None else target.name
        columns = _target_columns(reference, target)
        own = schema["properties"][reference.columns[0]]
        if name is None and len(columns) == len(reference.columns) == 1 and "references" not in own:
            own |= {"references": f"{called}.{columns[0]}", **_actions(reference)}
            continue
        key = {
            "columns": list(reference.columns),
            "references": {"table": called, "columns": columns},
            **_actions(reference),
        }
        keys.append(key if name is None else {"name": name, **key})
    if keys:
        schema["foreignKeys"] = keys


def _target_columns(reference: ReflectedForeignKey, target: ReflectedTable | None) -> list[str]:
    if target is None:
        return list(reference.target_columns)
    if not reference.target_columns:
        keys = sorted((one for one in target.columns if one.key), key=lambda one: one.key)
        return [one.name for one in keys]
    spelled = {one.name.lower(): one.name for one in target.columns}
    return [spelled.get(one.lower(), one) for one in reference.target_columns]


def _actions(reference: ReflectedForeignKey) -> dict[str, str]:
    actions = {"onDelete": reference.on_delete.lower(), "onUpdate": reference.on_update.lower()}
    return {word: action for word, action in actions.items() if action != "no action"}


def _add_checks(definition: Definition, schema: dict[str, Any]) -> None:
    """Add conditions as keywords where they are equivalent, else as SQL text under `x-checks`."""
    spelled = {name.lower(): name for name in schema["properties"]}
    types: dict[str, Type] = {}
    for lower, name in spelled.items():
        if definition.collations.get(name, "BINARY") == "BINARY":
            types[lower] = column_type(schema["properties"][name], {})[0]
    left: list[str] = []
    for condition in definition.checks:
        found = keywords(condition, types)
        if found is None:
            left.append(condition)
            continue
        for lower, words in found.items():
            own = schema["properties"][spelled[lower]]
            own |= {word: value for word, value in words.items() if word not in own}
            if "enum" in words and "null" in own["type"]:
                own |= with_null(own)
    schema["x-checks"] = left


def _column_notes(table: ReflectedTable, definition: Definition) -> Iterator[str]:
    for column in table.columns:
        if is_mixed(column):
            kinds = ", ".join(sorted(column.statistics.storages))
            sent = "not sent" if "blob" in column.statistics.storages else "sent as they are"
            yield f"{column.name} holds values of several types ({kinds}), which are {sent}"
        collation = definition.collations.get(column.name, "BINARY")
        if collation != "BINARY":
            yield f"{column.name} is compared by {collation} in the database"
        note = time_note(column)
        if note is not None:
            yield note


def view_document(view: ReflectedTable, known: Mapping[str, ReflectedTable]) -> Document:
    """Return the file of a view. What shows a table's column is of that column's type."""
    body = inner_body(read_view(view.text))
    shown = {
        column.name: _view_column(column, view.origins.get(column.name), known)
        for column in view.columns
    }
    if any(read_trigger(text) for text in view.triggers.values()):
        for schema in shown.values():
            schema.pop("readOnly", None)  # an INSTEAD OF trigger may accept values for it
    head = {"$schema": TABLE_META_SCHEMA, "$comment": COMMENT, "type": "object", "view": body}
    document = Document({**head, "properties": shown})
    if view.triggers:
        document.notes.append(f"its triggers stay as they are: {', '.join(view.triggers)}")
    return document


def _view_column(
    column: ReflectedColumn, origin: tuple[str, str] | None, known: Mapping[str, ReflectedTable]
) -> dict[str, Any]:
    table = known.get(origin[0].lower()) if origin is not None else None
    behind = None
    if table is not None and origin is not None:
        behind = next((one for one in table.columns if one.name == origin[1]), None)
    if table is None or behind is None:
        return with_null(column_schema(column))
    schema = with_null(column_schema(behind))
    if behind.generated or behind.name == _row_number(table):
        schema["readOnly"] = True
    return schema
