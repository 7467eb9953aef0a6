"""One column's schema as CHECK conditions, which SQLite enforces for writes of every program.

In charge of literals and of the conditions of a CHECK. What SQL cannot express (`pattern`, most
formats) is left to `schema.rows`. Must not know tables or whole statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jotbase.schema.ddl.keyword_conditions import keyword_conditions
from jotbase.schema.keywords.types import KINDS, applied_schemas, json_types
from jotbase.schema.model.tables import RANGES, Column, Type
from jotbase.schema.values.convert import stored
from jotbase.sql.dialect import SQLITE, text_literal

#: SQLite's types. INT differs from INTEGER in one point: as a primary key it does not alias the
#: rowid, so that rows keep the order of insertion. NUMERIC makes decimals comparable as numbers,
#: and is not allowed in STRICT tables.
TYPES: Mapping[Type, str] = {
    Type.INTEGER: "INT",
    Type.NUMBER: "REAL",
    Type.DECIMAL: "NUMERIC",
    Type.BOOLEAN: "INT",
    Type.TEXT: "TEXT",
    Type.UUID: "TEXT",
    Type.TIMESTAMP: "TEXT",
    Type.DATE: "TEXT",
    Type.TIME: "TEXT",
    Type.BYTES: "BLOB",
    Type.JSON: "TEXT",
    Type.ARRAY: "TEXT",
    **dict.fromkeys(RANGES, "TEXT"),
}

#: The results of `typeof` to be checked in tables that are not STRICT.
_STORAGE = {"INT": ("integer",), "REAL": ("real",), "TEXT": ("text",), "BLOB": ("blob",)}

_HEX = "[0-9a-f]"
_UUID = "-".join(_HEX * count for count in (8, 4, 4, 4, 12))
#: Formats that a single condition on the text or number expresses.
_SHAPES = {
    Type.BOOLEAN: "{0} IN (0, 1)",
    Type.UUID: f"{{0}} GLOB '{_UUID}'",
    **dict.fromkeys(RANGES, "({0} = 'empty' OR {0} GLOB '[[(]?*,*[])]' OR {0} GLOB '(,*[])]')"),
    **dict.fromkeys(
        (Type.INT4RANGE, Type.INT8RANGE, Type.DATERANGE),
        "({0} = 'empty' OR {0} GLOB '[[][-0-9]*,*)' OR {0} GLOB '(,*)')",
    ),
}

#: The results of `json_type` for each JSON type.
_JSON_TYPES = {
    "null": ("null",),
    "boolean": ("true", "false"),
    "integer": ("integer", "real"),
    "number": ("integer", "real"),
    "string": ("text",),
    "array": ("array",),
    "object": ("object",),
}


def literal(value: Any) -> str:
    """Return the SQL literal of a value: null, boolean, number, text or bytes."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return text_literal(str(value))


def stored_literal(kind: Type, value: Any) -> str:
    """Return the SQL literal of a canonical value of a type, in its stored form."""
    return literal(stored(kind, value, SQLITE))


def default_literal(column: Column) -> str:
    """Return the SQL literal of a column's default value."""
    return stored_literal(column.type, column.default)


def check_condition(column: Column, root: Mapping[str, Any], *, strict: bool) -> str:
    """Return the condition that the column's values must satisfy, "" if there is none.

    `root` is the schema that `$ref`s of the column's schema refer to. NULL satisfies every
    condition. In a table that is not STRICT, the condition checks the storage class as well.
    """
    name = SQLITE.identifier(column.name)
    found: list[str] = []
    if not strict and TYPES[column.type] in _STORAGE:
        found.append(f"typeof({name}) IN {_listed((*_STORAGE[TYPES[column.type]], 'null'))}")
    found.extend(_of_type(column, name, root))
    # The guard: text that is no JSON would raise "malformed JSON" instead of failing the CHECK.
    items = f"json_array_length(iif(json_valid({name}), {name}, NULL))"
    for layer in applied_schemas(column.schema, root):
        found.extend(keyword_conditions(column, name, layer, stored_literal, items))
    return " AND ".join(dict.fromkeys(found))


def _of_type(column: Column, name: str, root: Mapping[str, Any]) -> Iterator[str]:
    """Yield the conditions of the column's type: the canonical form of its values."""
    if column.type in _SHAPES:
        yield _SHAPES[column.type].format(name)
    match column.type:
        case Type.NUMBER:  # JSON has no infinity (RFC 8259 section 6)
            yield f"{name} BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
        case Type.DECIMAL:
            yield f"typeof({name}) IN ('integer', 'real', 'null')"
        case Type.DATE:
            yield f"date({name}) IS {name}"
        case Type.TIMESTAMP:
            yield _clock(name, "'%Y-%m-%dT%H:%M:%S'", 19, "+00:00")
        case Type.TIME:
            yield _clock(name, "'%H:%M:%S'", 8, "")
        case Type.ARRAY:
            yield _json_of_type(name, ["array"])
        case Type.JSON:
            yield _json(column, name, root)


def _clock(name: str, form: str, length: int, zone: str) -> str:
    """Return the condition of a canonical time: seconds, an optional fraction without trailing
    zeros, the zone. Equal times are then equal texts, and texts sort in the order of time.
    """
    whole, rest = f"substr({name}, 1, {length})", f"substr({name}, {length + 1})"
    digits = f"substr({rest}, 2, length({rest}) - {len(zone) + 1})"
    fraction = f"{rest} GLOB '.*[1-9]{zone}' AND trim({digits}, '0123456789') = ''"
    return f"strftime({form}, {whole}) IS {whole} AND ({rest} = '{zone}' OR ({fraction}))"


def _json(column: Column, name: str, root: Mapping[str, Any]) -> str:
    allowed = json_types(column.schema, root)
    if allowed >= KINDS - {"null"}:
        # Before SQLite 3.45 json_valid(NULL) is 0.
        return f"({name} IS NULL OR json_valid({name}))"
    return _json_of_type(name, sorted({one for kind in allowed for one in _JSON_TYPES[kind]}))


def _json_of_type(name: str, types: Sequence[str]) -> str:
    """Return the condition that text is JSON of these types.

    `json_type` alone would raise "malformed JSON" instead of failing the CHECK.
    """
    fits = f"json_type({name}) IN {_listed(types)}"
    return f"CASE WHEN json_valid({name}) THEN {fits} ELSE {name} IS NULL END"


def _listed(words: Sequence[str]) -> str:
    return "(" + ", ".join(literal(word) for word in words) + ")"
