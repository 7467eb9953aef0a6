"""Random programs of the expression language, and the rows, callers and requests they meet.

In charge of strategies for tests that hold two readings of an expression against each other.
Values are few and alike, so that comparisons come out true, false and unknown about as often.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from jotbase.access.fitting import fitting, fitting_items, presence
from jotbase.query.expr import (
    And,
    Apply,
    Context,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Given,
    Literal,
    Not,
    Now,
    Or,
)
from jotbase.schema.convert import canonical
from jotbase.schema.model import Table, Type
from jotbase.schema.read import read_model
from jotbase.values import Principal, Row

Programs = st.SearchStrategy[Expr]

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
_TEXTS = st.sampled_from(
    ("", "a", "A", "b", "ab", "aB", "Éa", "éa", "ß", "𝄞a", "a%", "a_b", "a\\", "1", "true")
)
_PATTERNS = st.text("aAbÉé%_\\", max_size=5)
_INTEGERS = st.sampled_from((-1, 0, 1, 2, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)))
_NUMBERS = st.sampled_from((-0.5, 0.0, 1.0, 1.5, 2.0, 1e16, float(2**53), 1e300))
_DECIMALS = st.sampled_from(("0", "1", "1.5", "0.1", "-2", "100000000000000", "0.30000000000001"))
_TIMES = st.sampled_from(
    (
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.5+00:00",
        "2026-01-01T00:00:00.25+00:00",
        "2026-01-01T00:00:01+00:00",
    )
)
_UUIDS = st.sampled_from([f"0000000{n}-0000-4000-8000-00000000000a" for n in range(3)])
_BYTES = st.sampled_from(("", "AA==", "/w==", "AP8="))
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | _INTEGERS | _NUMBERS | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=5,
)
VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.INTEGER: _INTEGERS,
    Type.NUMBER: _NUMBERS,
    Type.DECIMAL: _DECIMALS,
    Type.TEXT: _TEXTS,
    Type.BOOLEAN: st.booleans(),
    Type.TIMESTAMP: _TIMES,
    Type.UUID: _UUIDS,
    Type.BYTES: _BYTES,
    Type.JSON: _DOCUMENTS,
}


def _column(name: str) -> st.SearchStrategy[Any]:
    column = THINGS.by_name[name]
    if column.type is Type.ARRAY:
        return st.none() | st.lists(VALUES[column.item or Type.TEXT], max_size=3)
    return st.none() | VALUES[column.type]


_THING = st.fixed_dictionaries(
    {name: _column(name) for name in _NULLABLE if name != "kind"}
    | {"kind": st.none() | st.sampled_from(NAMES)}
)
_LINK = st.fixed_dictionaries(
    {
        "thing": st.none() | st.integers(0, 3),
        "label": st.none() | _TEXTS,
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
            "owner": draw(st.none() | _TEXTS),
            "size": draw(st.none() | _INTEGERS),
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
        id=st.none() | _UUIDS | _TEXTS,
        email=st.none() | _TEXTS,
        claims=st.dictionaries(_CLAIM, _DOCUMENTS | st.lists(_TEXTS | _INTEGERS)),
    ),
    st.tuples(_TEXTS, _PATTERNS),
    _TIMES,
)


def _same(value: Any) -> Any:
    return value


@cache
def _lists(kind: Type) -> Programs:
    constant = st.lists(VALUES[kind], max_size=3).map(lambda items: Literal(tuple(items), kind))
    claim = st.just(Fact(("claims", "list"), fitting_items(kind), kind))
    return constant | claim if kind is not Type.BYTES else constant


@cache
def _leaf(kind: Type, scope: str) -> Programs:
    own = [Field(scope, column.name, kind) for column in THINGS.columns if column.type is kind] or [
        Literal(None, kind)
    ]
    constants = (st.none() | VALUES[kind]).map(lambda value: Literal(value, kind))
    fit = fitting(kind)
    facts = [Fact(("claims", "a"), fit, kind), Fact(("claims", "deep", "a"), fit, kind)]
    extras: dict[Type, list[Expr]] = {
        Type.TEXT: [
            Given(0, _same, kind),
            Fact(("email",), fit, kind),
            followed(scope, "kind", "owner"),
            followed(scope, "kind", "parent", "owner"),
        ],
        Type.UUID: [Fact(("id",), fit, kind)],
        Type.TIMESTAMP: [Now()],
        Type.INTEGER: [followed(scope, "kind", "size")],
    }
    if kind is Type.BYTES:
        facts = []
    return st.sampled_from([*own, *own, *facts, *extras.get(kind, [])]) | constants


def followed(scope: str, first: str, second: str, *rest: str) -> Expr:
    """Return `scope.first.second…`, each reference leading to a kind."""
    inner = f"{scope}>{first}"
    value: Expr = (
        followed(inner, second, *rest) if rest else Field(inner, second, KINDS.by_name[second].type)
    )
    return Follow(Field(scope, first, Type.TEXT), KINDS, inner, "name", value)


_PATHS = st.sampled_from((("a",), ("a", "b"), (0,), (-1,), ("a", 0), ("b",)))


@cache
def values(kind: Type, scope: str = "row") -> Programs:
    """Draw an expression of a type over the thing called `scope`."""
    leaf = _leaf(kind, scope)
    if kind is Type.TEXT:
        lowered = leaf.map(lambda inner: Apply("lower", (inner,)))
        return leaf | lowered | _inside("json_text", scope)
    if kind is Type.INTEGER:
        length = _leaf(Type.TEXT, scope).map(lambda inner: Apply("len", (inner,)))
        arrays = st.sampled_from((Field(scope, "ts", Type.ARRAY), Field(scope, "bs", Type.ARRAY)))
        return leaf | length | arrays.map(lambda inner: Apply("array_len", (inner,)))
    return leaf | _inside("json_get", scope) if kind is Type.JSON else leaf


@cache
def _inside(operator: str, scope: str) -> Programs:
    document = Field(scope, "j", Type.JSON)
    return _PATHS.map(lambda path: Apply(operator, (document, Literal(path))))


def _applied(operator: str, left: Programs, right: Programs) -> Programs:
    return st.builds(lambda *sides: Apply(operator, sides), left, right)


@cache
def _comparisons(scope: str) -> Programs:
    orders = ("eq", "neq", "lt", "lte", "gt", "gte", "isdistinct")
    same = [
        _applied(operator, values(kind, scope), values(kind, scope))
        for kind in VALUES
        for operator in (orders if kind is not Type.BYTES else ("eq", "neq"))
    ]
    numbers = [
        _applied(operator, _leaf(left, scope), _leaf(right, scope))
        for left, right in (
            (Type.INTEGER, Type.NUMBER),
            (Type.NUMBER, Type.INTEGER),
            (Type.DECIMAL, Type.INTEGER),
        )
        for operator in orders
    ]
    return st.one_of(*same, *numbers)


@cache
def _texts(scope: str) -> Programs:
    text = values(Type.TEXT, scope)
    patterns = _PATTERNS.map(lambda value: Literal(value, Type.TEXT)) | st.just(
        Given(1, _same, Type.TEXT)
    )
    regexes = st.sampled_from(("a", "^a", "b$", "[aé]", "A|b", "")).map(
        lambda value: Literal(value, Type.TEXT)
    )
    return st.one_of(
        *(_applied(operator, text, patterns) for operator in ("like", "ilike")),
        *(_applied(operator, text, regexes) for operator in ("match", "imatch")),
        _applied("startswith", text, text),
    )


@cache
def _lists_and_arrays(scope: str) -> Programs:
    among = [_applied("in", values(kind, scope), _lists(kind)) for kind in VALUES]
    holding = [
        _applied("holds", st.just(Field(scope, name, Type.ARRAY, item)), values(item, scope))
        for name, item in (("ts", Type.TEXT), ("ns", Type.INTEGER), ("bs", Type.BOOLEAN))
    ]
    arrays = st.sampled_from([Field(scope, name, Type.ARRAY) for name in ("ts", "ns", "bs")])
    lists = (arrays | st.lists(_TEXTS | _INTEGERS | st.booleans(), max_size=2).map(_array)).map(
        _same
    )
    compared = [_applied(word, arrays, lists) for word in ("cs", "cd", "ov", "eq", "lt")]
    documents = values(Type.JSON, scope)
    contained = [_applied(word, documents, documents) for word in ("cs", "cd")]
    return st.one_of(*among, *holding, *compared, *contained)


def _array(items: list[Any]) -> Expr:
    return Literal(tuple(items), Type.ARRAY)


@cache
def _simple(scope: str) -> Programs:
    anything = st.sampled_from(sorted(VALUES, key=lambda kind: kind.value)).flatmap(
        lambda kind: values(kind, scope)
    )
    known = st.sampled_from(
        [Fact(("claims", "a"), presence, Type.BOOLEAN), Fact(("roles",), presence, Type.BOOLEAN)]
    )
    nulls = _applied("is", anything | known, st.just(Literal(None)))
    truths = _applied("is", values(Type.BOOLEAN, scope), values_of(True, False, None))
    return st.one_of(
        _comparisons(scope),
        _comparisons(scope),
        _texts(scope),
        _lists_and_arrays(scope),
        nulls,
        truths,
        values(Type.BOOLEAN, scope),
    )


def values_of(*constants: bool | None) -> Programs:
    """Draw one of the constants."""
    return st.sampled_from([Literal(constant, Type.BOOLEAN) for constant in constants])


def _joined(build: Callable[[tuple[Expr, ...]], Expr], inner: Programs) -> Programs:
    return st.lists(inner, max_size=3).map(lambda parts: build(tuple(parts)))


@st.composite
def _loops(draw: st.DrawFn, scope: str, conditions: Programs) -> Expr:
    """Draw `any(…)` over things, kinds or links, tied to the row outside in some way."""
    choice = draw(st.integers(0, 2))
    if choice == 0:
        inner = draw(st.sampled_from(("m", "n")))
        tie = Apply("eq", (Field(inner, "t", Type.TEXT), Field(scope, "s", Type.TEXT)))
        return Exists(THINGS, inner, And((tie, draw(_simple(inner)), draw(conditions))))
    if choice == 1:
        tie = Apply("eq", (Field("k", "name", Type.TEXT), Field(scope, "kind", Type.TEXT)))
        size = Apply("lt", (Field("k", "size", Type.INTEGER), draw(values(Type.INTEGER, scope))))
        return Exists(KINDS, "k", Or((And((tie, size)), draw(conditions))))
    label = Apply("eq", (Field("l", "label", Type.TEXT), draw(values(Type.TEXT, scope))))
    owner = Apply("isdistinct", (followed("l", "kind", "owner"), draw(values(Type.TEXT, scope))))
    return Exists(LINKS, "l", And((label, owner, draw(conditions))))


conditions: Programs = st.recursive(
    _simple("row"),
    lambda inner: st.one_of(
        _joined(And, inner), _joined(Or, inner), inner.map(Not), _loops("row", inner)
    ),
    max_leaves=5,
)
