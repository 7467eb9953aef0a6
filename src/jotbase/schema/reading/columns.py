"""Reading one property of a schema file as a `Column`, or its faults.

In charge of one column at a time. Must not know keys, or other tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jotbase.errors import Fault, RequestError
from jotbase.schema.ddl.file_sql import expression_fault
from jotbase.schema.keywords.other_spellings import computed_hint
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.keywords.types import UnmappableType, applied_schemas, column_type
from jotbase.schema.model.names import name_fault
from jotbase.schema.model.tables import MISSING, Column, Table, Type
from jotbase.schema.rows.check import RowCheck
from jotbase.schema.values.convert import canonical

_EXAMPLES = {
    Type.DATE: "2026-01-31",
    Type.TIME: "12:00:00",
    Type.TIMESTAMP: "2026-01-31T12:00:00Z",
    Type.UUID: "00000000-0000-4000-8000-000000000000",
    Type.DECIMAL: "0.00",
}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
#: Types whose values are text in JSON.
_WRITTEN = frozenset(Type) - {Type.INTEGER, Type.NUMBER, Type.BOOLEAN, Type.JSON, Type.ARRAY}


def read_column(name: str, root: Mapping[str, Any], file: str) -> tuple[Column | None, list[Fault]]:
    """Return (column, faults) of a property; the column is None if no type fits.

    `root` is the file's whole schema, with references to other files inlined.
    """
    at = pointer(["properties", name])
    faults = [Fault(file, at, *fault)] if (fault := name_fault(name, "column")) else []
    schema = root["properties"][name]
    try:
        kind, item, null = column_type(schema, root)
    except UnmappableType as error:
        return None, [*faults, Fault(file, at, error.reason, error.hint)]
    keywords = schema if isinstance(schema, Mapping) else {}
    column = Column(
        name=name,
        type=kind,
        schema=keywords,
        nullable=null,
        null_is_value=null,
        item=item,
        default=_default(schema, root),
        default_expression=keywords.get("defaultExpression"),
        identity=keywords.get("identity", False),
        read_only=_says(schema, root, "readOnly") or "generated" in keywords,
        write_only=_says(schema, root, "writeOnly"),
        generated=keywords.get("generated"),
        description=_text(schema, root),
    )
    faults.extend(Fault(file, at + place, *fault) for place, *fault in _faults(column))
    return replace(column, nullable=_nullable(column, root)), faults


def _says(schema: Any, root: Mapping[str, Any], keyword: str) -> bool:
    return any(one.get(keyword) is True for one in applied_schemas(schema, root))


def _default(schema: Any, root: Mapping[str, Any]) -> Any:
    """Return the default, also from a `$ref` or `allOf`; the outermost one wins."""
    return next(
        (one["default"] for one in applied_schemas(schema, root) if "default" in one), MISSING
    )


def _text(schema: Any, root: Mapping[str, Any]) -> str | None:
    return next(
        (one["description"] for one in applied_schemas(schema, root) if "description" in one), None
    )


def _nullable(column: Column, root: Mapping[str, Any]) -> bool:
    """Return whether the column may be NULL: its schema allows null, or it is not required."""
    if column.identity or column.name in root.get("primaryKey", ()):
        return False
    if column.null_is_value:
        return True
    if column.name in root.get("required", ()):
        return False
    return column.generated is not None or not column.has_default


def _faults(column: Column) -> Iterator[tuple[str, str, str]]:
    """Yield (pointer, reason, hint) for keywords that exclude each other."""
    if column.identity and column.type is not Type.INTEGER:
        yield "/identity", "only an integer can number the rows", 'write "type": "integer"'
    given = [
        word
        for word, has in (
            ("default", column.default is not MISSING),
            ("defaultExpression", column.default_expression is not None),
            ("identity", column.identity),
            ("generated", column.generated is not None),
        )
        if has
    ]
    if len(given) > 1:
        reason = f"{' and '.join(given)} cannot both fill the column"
        yield f"/{given[-1]}", reason, "keep one of them"
    if column.generated is not None and (fault := expression_fault(column.generated)):
        yield "/generated", *fault
    if "references" not in column.schema:
        for word in ("onDelete", "onUpdate"):
            if word in column.schema:
                yield f"/{word}", f'"{word}" says nothing without "references"', "add references"


def default_faults(table: Table, check: RowCheck) -> tuple[Table, list[Fault]]:
    """Return the table with its defaults in canonical form, and a fault for each default that is
    not valid under its column's schema.
    """
    columns: list[Column] = []
    faults: list[Fault] = []
    for column in table.columns:
        if column.default is MISSING:
            columns.append(column)
            continue
        refusals = [
            fault["message"] for fault in check.column_faults({column.name: column.default})
        ]
        try:
            value = column.default if refusals else canonical(column, column.default)
            columns.append(replace(column, default=value))
        except RequestError as error:
            refusals.append(error.message)
        at = pointer(["properties", column.name, "default"])
        hint = default_hint(column)
        if refusals:
            reason = f"the column's own schema refuses its default: {refusals[0]}"
            faults.append(Fault(table.file, at, reason, hint))
    return replace(table, columns=tuple(columns)), faults


def default_hint(column: Column) -> str | None:
    """Return what was most likely meant by a default that the column's own schema refuses."""
    default = column.default
    if hint := computed_hint(default):
        return hint
    if default is None:
        return 'allow null in its type, ["string", "null"], or leave "default" out'
    if not isinstance(default, str):
        return "write it in double quotes" if column.type in _WRITTEN else None
    if _NUMBER.fullmatch(default) and column.type not in _WRITTEN:
        return f"write {default}, without quotes"
    if default.lower() in ("true", "false"):
        return f"write {default.lower()}, without quotes"
    if (plain := default.strip("'\"")) != default:
        return f"write {json.dumps(plain)}, in double quotes alone"
    if column.type in _EXAMPLES:
        return f'as in "{_EXAMPLES[column.type]}"'
    return "write a value that the column takes"
