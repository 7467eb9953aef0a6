"""A model of all types, and random rows, callers and requests for it.

In charge of the values that tests of both readings of an expression are made of.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from jotbase.expression.expr import Context
from jotbase.schema.model.tables import Table, Type
from jotbase.schema.reading.read import read_model
from jotbase.schema.values.convert import canonical
from jotbase.values import Principal, Row

_NULLABLE = {
    "n": {"type": ["integer", "null"]},
    "m": {"type": ["integer", "null"]},
    "x": {"type": ["number", "null"]},
    "d": {"type": ["string", "null"], "format": "decimal"},
    "t": {"type": ["string", "null"]},
    "s": {"type": ["string", "null"]},
    "b": {"type": ["boolean", "null"]},
    "c": {"type": ["boolean", "null"]},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "u": {"type": ["string", "null"], "format": "uuid"},
    "y": {"type": ["string", "null"], "contentEncoding": "base64"},
    "j": {"type": ["object", "array", "string", "number", "boolean", "null"]},
    "ts": {"type": ["array", "null"], "items": {"type": "string"}},
    "ns": {"type": ["array", "null"], "items": {"type": "integer"}},
    "bs": {"type": ["array", "null"], "items": {"type": "boolean"}},
    "ri": {"type": ["string", "null"], "format": "int4range"},
    "rn": {"type": ["string", "null"], "format": "numrange"},
    "rt": {"type": ["string", "null"], "format": "tstzrange"},
    "kind": {"type": ["string", "null"], "references": "kinds.name"},
}
_FILES = {
    "things.json": {"id": {"type": "integer"}, **_NULLABLE},
    "kinds.json": {
        "name": {"type": "string"},
        "owner": {"type": ["string", "null"]},
        "size": {"type": ["integer", "null"]},
        "parent": {"type": ["string", "null"], "references": "kinds.name"},
    },
    "links.json": {
        "id": {"type": "integer"},
        "thing": {"type": ["integer", "null"]},
        "label": {"type": ["string", "null"]},
        "kind": {"type": ["string", "null"], "references": "kinds.name"},
    },
}


def _file(name: str, properties: dict[str, Any]) -> bytes:
    key = "name" if name == "kinds.json" else "id"
    return json.dumps(
        {
            "$schema": "https://jotbase.dev/schema/table/v1",
            "type": "object",
            "properties": properties,
            "required": [key],
            "primaryKey": [key],
        }
    ).encode()


MODEL = read_model({name: _file(name, properties) for name, properties in _FILES.items()})
THINGS, KINDS, LINKS = (MODEL.tables[name] for name in ("things", "kinds", "links"))

NAMES = ("", "a", "A", "é")
#: Values of each type, few and alike, so that they are often equal, in order, or within another.
POOLS: dict[Type, tuple[Any, ...]] = {
    Type.INTEGER: (-1, 0, 1, 2, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)),
    Type.NUMBER: (-0.5, 0.0, 0.1, 1.0, 1.5, 2.0, 1e16, float(2**53), 1e300),
    Type.DECIMAL: ("0", "1", "1.5", "0.1", "-2", "100000000000000", "0.30000000000001"),
    Type.TEXT: (
        "",
        "a",
        "A",
        "b",
        "ab",
        "aB",
        "Éa",
        "éa",
        "ß",
        "𝄞a",
        "a%",
        "a_b",
        "a\\",
        "1",
        "a\nb",
    ),
    Type.BOOLEAN: (True, False),
    Type.TIMESTAMP: (
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.5+00:00",
        "2026-01-01T00:00:00.25+00:00",
        "2026-01-01T00:00:01+00:00",
    ),
    Type.UUID: tuple(f"0000000{n}-0000-4000-8000-00000000000a" for n in range(3)),
    Type.BYTES: ("", "AA==", "/w==", "AP8="),
    Type.INT4RANGE: ("empty", "[1,3)", "[3,5)", "[2,4)", "[10,11)", "(,1)", "[5,)", "(,)"),
    Type.NUMRANGE: (
        "empty",
        "[1,3]",
        "(3,5]",
        "[3,5)",
        "(,-1.5]",
        "[-2,-1.25)",
        "[0.1,0.11]",
        "[10,10]",
        "(1,)",
        "(,)",
    ),
    Type.TSTZRANGE: (
        "empty",
        '["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")',
        '["2026-01-02 00:00:00+00","2026-01-02 00:00:00.5+00"]',
        '("2026-01-01 12:00:00+00",)',
    ),
    Type.JSON: (
        True,
        0,
        1,
        1.0,
        "a",
        "1",
        [],
        [1],
        [True],
        ["a", None],
        {},
        {"a": 1},
        {"a": True, "b": [1, "a"]},
        {"b": {"a": None}},
        {"aa": 1},
    ),
}
PATTERNS = (
    "",
    "a",
    "%",
    "_",
    "a%",
    "%a",
    "%a%",
    "A_",
    "a\\%",
    "a\\_b",
    "a\\",
    "%\\",
    "é%",
    "a\\\\",
    "_%b",
)
PATHS: tuple[tuple[str | int, ...], ...] = (("a",), (0,), (-1,), ("b", "a"), ("b", 1))
REGEXES = ("a", "^a", "b$", "[aé]", "A|b", "")
ITEMS: dict[str, tuple[list[Any], ...]] = {
    "ts": ([], ["a"], ["a", "b"], ["1"], ["true"]),
    "ns": ([], [1], [0, 1], [2**53 + 1]),
    "bs": ([], [True], [False, True]),
}
LISTS = [items for pool in ITEMS.values() for items in pool]
VALUES = {kind: st.sampled_from(pool) for kind, pool in POOLS.items()}
_DOCUMENTS = st.recursive(
    st.none() | st.sampled_from([value for pool in POOLS.values() for value in pool]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=4,
)
VALUES[Type.JSON] = VALUES[Type.JSON] | _DOCUMENTS


def _column(name: str) -> st.SearchStrategy[Any]:
    column = THINGS.by_name[name]
    if column.type is Type.ARRAY:
        return st.none() | st.sampled_from(ITEMS[name])
    return st.none() | VALUES[column.type]


_THING = st.fixed_dictionaries(
    {name: _column(name) for name in _NULLABLE if name != "kind"}
    | {"kind": st.none() | st.sampled_from(NAMES)}
)
_LINK = st.fixed_dictionaries(
    {
        "thing": st.none() | st.integers(0, 3),
        "label": st.none() | VALUES[Type.TEXT],
        "kind": st.none() | st.sampled_from(NAMES),
    }
)


def _numbered(table: Table, rows: list[Row]) -> list[Row]:
    full = ({"id": number, **row} for number, row in enumerate(rows))
    return [
        {column.name: canonical(column, row[column.name]) for column in table.columns}
        for row in full
    ]


@st.composite
def databases(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Draw the rows of all tables; a thing's kind may or may not be there."""
    kinds = [
        {
            "name": name,
            "owner": draw(st.none() | VALUES[Type.TEXT]),
            "size": draw(st.none() | VALUES[Type.INTEGER]),
            "parent": draw(st.none() | st.sampled_from(NAMES)),
        }
        for name in draw(st.sets(st.sampled_from(NAMES)))
    ]
    things = _numbered(THINGS, draw(st.lists(_THING, min_size=1, max_size=4)))
    links = _numbered(LINKS, draw(st.lists(_LINK, max_size=4)))
    return {"things": things, "kinds": kinds, "links": links}


_CLAIM = st.sampled_from(("a", "n", "list", "none")) | st.just("deep")
contexts = st.builds(
    Context,
    st.builds(
        Principal,
        role=st.sampled_from(("anon", "authenticated")),
        id=st.none() | VALUES[Type.UUID] | VALUES[Type.TEXT],
        email=st.none() | VALUES[Type.TEXT],
        claims=st.dictionaries(
            _CLAIM, _DOCUMENTS | st.lists(VALUES[Type.TEXT] | VALUES[Type.INTEGER])
        ),
    ),
    st.tuples(VALUES[Type.TEXT], st.sampled_from(PATTERNS)),
    VALUES[Type.TIMESTAMP],
)
