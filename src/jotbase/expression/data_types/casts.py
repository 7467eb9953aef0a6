"""The type names of casts (`::name`).

In charge of the mapping from PostgreSQL's type names to types. Must not know the SQL of a cast.
"""

from __future__ import annotations

from dataclasses import dataclass

from jotbase.errors import RequestError
from jotbase.schema.model.tables import RANGES, Type

CASTS: dict[str, Type] = {
    "text": Type.TEXT,
    "varchar": Type.TEXT,
    "character varying": Type.TEXT,
    "char": Type.TEXT,
    "bpchar": Type.TEXT,
    "name": Type.TEXT,
    "citext": Type.TEXT,
    "int": Type.INTEGER,
    "integer": Type.INTEGER,
    "int2": Type.INTEGER,
    "int4": Type.INTEGER,
    "int8": Type.INTEGER,
    "bigint": Type.INTEGER,
    "smallint": Type.INTEGER,
    "oid": Type.INTEGER,
    "float": Type.NUMBER,
    "float4": Type.NUMBER,
    "float8": Type.NUMBER,
    "real": Type.NUMBER,
    "double precision": Type.NUMBER,
    "numeric": Type.DECIMAL,
    "decimal": Type.DECIMAL,
    "bool": Type.BOOLEAN,
    "boolean": Type.BOOLEAN,
    "json": Type.JSON,
    "jsonb": Type.JSON,
    "uuid": Type.UUID,
    "date": Type.DATE,
    "time": Type.TIME,
    "timestamp": Type.TIMESTAMP,
    "timestamptz": Type.TIMESTAMP,
    "bytea": Type.BYTES,
    **{kind.value: kind for kind in RANGES},
}


@dataclass(frozen=True, slots=True)
class Cast:
    """The target type of a cast, and for an array the type of its items."""

    type: Type
    item: Type | None = None


def parse_cast(name: str | None) -> Cast | None:
    """Return the target of a cast: `text`, `int[]`, `_int4`. Raises RequestError 42704."""
    if name is None:
        return None
    word = name.lower()
    if word in CASTS:
        return Cast(CASTS[word])
    item = word.removesuffix("[]") if word.endswith("[]") else word.removeprefix("_")
    if item == word or item not in CASTS:
        raise RequestError("42704", f'type "{name}" does not exist')
    return Cast(Type.ARRAY, CASTS[item])
