"""Random programs of the expression language.

In charge of strategies for tests that hold two readings of an expression against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st
from tests.contract.pools import KINDS, LINKS, LISTS, PATTERNS, REGEXES, THINGS, VALUES

from jotbase.access.language.coercion import coercer, list_coercer, presence
from jotbase.expression.expr import (
    And,
    Apply,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    Not,
    Now,
    Or,
    RequestValue,
)
from jotbase.schema.model.tables import Table, Type

Programs = st.SearchStrategy[Expr]


def _same(value: Any) -> Any:
    return value


@cache
def _lists(kind: Type) -> Programs:
    constant = st.lists(VALUES[kind], max_size=3).map(lambda items: Literal(tuple(items), kind))
    claim = st.just(Fact(("claims", "list"), list_coercer(kind), kind))
    return constant | claim if kind is not Type.BYTES else constant


@cache
def _leaf(kind: Type, scope: str) -> Programs:
    own: list[Expr] = [
        Field(scope, column.name, kind) for column in THINGS.columns if column.type is kind
    ]
    constants = (st.none() | VALUES[kind]).map(lambda value: Literal(value, kind))
    fit = coercer(kind)
    facts = [Fact(("claims", "a"), fit, kind), Fact(("claims", "deep", "a"), fit, kind)]
    extras: dict[Type, list[Expr]] = {
        Type.TEXT: [
            RequestValue(0, _same, kind),
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


def _either(*choices: Programs) -> Programs:
    """Draw from one of the choices, each as likely: one_of would count what they are made of."""
    return st.sampled_from(choices).flatmap(_same)


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
            (Type.DECIMAL, Type.NUMBER),
            (Type.NUMBER, Type.DECIMAL),
        )
        for operator in orders
    ]
    return _either(st.one_of(*same), st.one_of(*numbers))


@cache
def _texts(scope: str) -> Programs:
    text = values(Type.TEXT, scope)
    patterns = st.sampled_from(PATTERNS).map(lambda value: Literal(value, Type.TEXT)) | st.just(
        RequestValue(1, _same, Type.TEXT)
    )
    regexes = st.sampled_from(REGEXES).map(lambda value: Literal(value, Type.TEXT))
    return _either(
        _applied("like", text, patterns),
        _applied("ilike", text, patterns),
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
    lists = arrays | st.sampled_from(LISTS).map(_array)
    compared = [_applied(word, arrays, lists) for word in ("cs", "cd", "ov", "eq", "lt")]
    documents = values(Type.JSON, scope)
    run_contained = [_applied(word, documents, documents) for word in ("cs", "cd")]
    return _either(
        st.one_of(*among), _either(*holding), st.one_of(*compared), _either(*run_contained)
    )


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
    return _either(
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


@cache
def _loops(scope: str, depth: int) -> Programs:
    """Draw `any(…)` over things, kinds or links, tied to the row outside in some way."""
    inner = "n" if scope == "m" else "m"
    outside = _programs(scope, depth)
    thing = st.sampled_from(
        [
            Apply("eq", (Field(inner, "t", Type.TEXT), Field(scope, "s", Type.TEXT))),
            Apply("neq", (Field(inner, "id", Type.INTEGER), Field(scope, "id", Type.INTEGER))),
            Apply("eq", (Field(inner, "b", Type.BOOLEAN), Field(scope, "c", Type.BOOLEAN))),
        ]
    )
    kind = Apply("eq", (Field("k", "name", Type.TEXT), Field(scope, "kind", Type.TEXT)))
    size = _applied("lt", st.just(Field("k", "size", Type.INTEGER)), values(Type.INTEGER, scope))
    label = _applied("eq", st.just(Field("l", "label", Type.TEXT)), values(Type.TEXT, scope))
    owner = _applied(
        "isdistinct", st.just(followed("l", "kind", "owner")), values(Type.TEXT, scope)
    )
    return _either(
        _looking(THINGS, inner, thing, _programs(inner, depth) | outside),
        _looking(KINDS, "k", st.just(kind), size | outside),
        _looking(LINKS, "l", label | owner, label | owner | outside),
    )


def _looking(table: Table, scope: str, *parts: Programs) -> Programs:
    return st.tuples(*parts).map(lambda drawn: Exists(table, scope, And(drawn)))


@cache
def _programs(scope: str, depth: int) -> Programs:
    if depth == 0:
        return _simple(scope)
    inner = _programs(scope, depth - 1)
    return _either(
        _simple(scope),
        _joined(And, inner),
        _joined(Or, inner),
        inner.map(Not),
        _loops(scope, depth - 1),
        _loops(scope, depth - 1),
    )


#: Conditions over a thing called `row`, with loops in loops.
conditions: Programs = _programs("row", 3)
