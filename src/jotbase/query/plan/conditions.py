"""Resolving filters: the intent's conditions to expressions over a table's columns.

In charge of resolving a filter's column, checking that its operator fits the type, and parsing its
operand. Must not know SQL; `expression.operators` defines the operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from jotbase.errors import RequestError
from jotbase.expression.data_types.casting import type_name
from jotbase.expression.data_types.patterns import parse_like, parse_regex
from jotbase.expression.expr import TRUE, And, Apply, Expr, Field, Literal, Not, Or, RequestValue
from jotbase.expression.operators import OPERATORS
from jotbase.query.plan.nodes import Combined, Condition, Embed, HasEmbed
from jotbase.query.request.filter_grammar import list_items
from jotbase.query.request.intent import Condition as FilterCondition
from jotbase.query.request.intent import FieldPath, Filter, JsonStep, Logic, Placeholder
from jotbase.query.request.shape import SEARCHES
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.values.array_literals import literal_items
from jotbase.schema.values.convert import TYPE_NAMES, from_text
from jotbase.schema.values.zones import value_in_zone
from jotbase.search.lexing import configuration
from jotbase.search.spelling import nearest
from jotbase.search.textsearch import parse_search

#: The most parts of one AND or OR node; more are nested.
WIDTH = 16
_LIKE = ("like", "ilike")
_REGULAR = ("match", "imatch")
_SYMBOLS = {
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "like": "~~",
    "ilike": "~~*",
    "match": "~",
    "imatch": "~*",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxr": "&<",
    "nxl": "&>",
    "adj": "-|-",
    "fts": "@@",
    "plfts": "@@",
    "phfts": "@@",
    "wfts": "@@",
}


class UnknownColumn(RequestError):
    """An unknown column; the hint names a similar one."""

    def __init__(self, table: Table, name: str, hint: str | None) -> None:
        super().__init__("42703", f"column {table.name}.{name} does not exist", hint=hint)
        self.table = table


def column_of(table: Table, name: str) -> Column:
    """Return a readable column. Raises RequestError 42703 for any other.

    A `writeOnly` column counts as unknown: filtering or sorting by it would disclose its value.
    """
    column = table.by_name.get(name)
    if column is None or column.write_only:
        raise unknown_column(table, name)
    return column


def unknown_column(table: Table, name: str) -> UnknownColumn:
    """Return the error for an unknown column, with the most similar one as a hint."""
    close = nearest(name, (column.name for column in table.readable), 0.6)
    hint = f'Perhaps you meant to reference the column "{table.name}.{close}".' if close else None
    return UnknownColumn(table, name, hint)


def value_type(column: Column, steps: tuple[JsonStep, ...]) -> Type:
    """Return the type at the end of a JSON path. Raises RequestError 42883 if there is none."""
    kind = column.type
    for step in steps:
        if kind not in (Type.JSON, Type.ARRAY):
            arrow = "->>" if step.as_text else "->"
            operand = "integer" if isinstance(step.key, int) else "unknown"
            raise _no_operator(f"{TYPE_NAMES[kind]} {arrow} {operand}")
        kind = Type.TEXT if step.as_text else Type.JSON
    return kind


def json_keys(steps: Iterable[JsonStep]) -> Literal:
    """Return the keys of a JSON path as an operand of the operators."""
    return Literal(tuple(step.key for step in steps))


def operand_expression(
    table: Table, alias: str, field: FieldPath
) -> tuple[Expr, Type, Type | None]:
    """Return (left operand of an operator, its type, its items' type)."""
    column = column_of(table, field.name)
    expression: Expr = Field(alias, column.name, column.type, column.item)
    if not field.steps:
        return expression, column.type, column.item
    kind = value_type(column, field.steps)
    operator = "json_text" if field.steps[-1].as_text else "json_get"
    return Apply(operator, (expression, json_keys(field.steps))), kind, None


def condition_of(
    filters: Iterable[Filter],
    table: Table,
    alias: str,
    embeds: Mapping[str, Embed],
    zone: str | None = None,
) -> Condition:
    """Return the conjunction of a table's filters; `embeds` may be asked for by is.null.

    A time without an offset is one of the `zone`, or of UTC.
    """
    parts = [_condition(one, table, alias, embeds, zone) for one in filters]
    return _combined("and", parts, negated=False) if parts else TRUE


def _condition(
    requested: Filter, table: Table, alias: str, embeds: Mapping[str, Embed], zone: str | None
) -> Condition:
    if isinstance(requested, Logic):
        parts = [_condition(part, table, alias, embeds, zone) for part in requested.parts]
        return _combined(requested.operator, parts, requested.negated)
    embed = embeds.get(requested.field.name) if not requested.field.steps else None
    if embed is not None:
        if requested.operator == "is" and requested.operand in ("null", "not_null"):
            absent = (requested.operand == "null") != requested.negated
            return HasEmbed(embed, negated=absent)
        if requested.field.name not in table.by_name:
            raise RequestError(
                "PGRST120",
                "Bad operator on the '" + requested.field.name + "' embedded resource",
                details="Only is null or not is null filters are allowed on embedded resources",
            )
    return _comparison(requested, table, alias, zone)


def _combined(operator: str, parts: list[Condition], negated: bool) -> Condition:
    """Combine conditions; plain expressions become one expression."""
    plain = [part for part in parts if not isinstance(part, HasEmbed | Combined)]
    if len(plain) < len(parts):
        if len(parts) == 1 and not negated:
            return parts[0]
        return Combined("or" if operator == "or" else "and", tuple(parts), negated)
    joined = balanced(operator, plain)
    return Not(joined) if negated else joined


def balanced(operator: str, parts: Sequence[Expr]) -> Expr:
    """Combine expressions as a balanced tree, since databases limit the depth of an expression."""
    while len(parts) > WIDTH:
        groups = [parts[start : start + WIDTH] for start in range(0, len(parts), WIDTH)]
        parts = [balanced(operator, group) for group in groups]
    if len(parts) == 1:
        return parts[0]
    return Or(tuple(parts)) if operator == "or" else And(tuple(parts))


def _comparison(requested: FilterCondition, table: Table, alias: str, zone: str | None) -> Expr:
    left, kind, item = operand_expression(table, alias, requested.field)
    if requested.operator in SEARCHES:
        left, kind = _searchable(left, kind, item)
    if requested.operator == "is":
        compared = _is(left, kind, str(requested.operand))
    elif requested.quantifier is not None:
        _check(requested.operator, kind, item)
        compared = _quantified(requested, left, kind, _value_reader(kind, item, zone))
    else:
        _check(requested.operator, kind, item)
        if requested.operator in SEARCHES:
            compared = _search(requested, left)
        else:
            read = _reader(requested, kind, _value_reader(kind, item, zone))
            compared = Apply(requested.operator, (left, _value(requested.operand, read, kind)))
    return Not(compared) if requested.negated else compared


def _value(operand: Placeholder | str, read: Callable[[Any], Any], kind: Type) -> Expr:
    if isinstance(operand, Placeholder):
        return RequestValue(operand.index, read, kind)
    return Literal(read(operand), kind)


def _searchable(left: Expr, kind: Type, item: Type | None) -> tuple[Expr, Type]:
    """Return the searched text: for JSON, all of its strings (PostgreSQL manual, 8.14, 12.3.1)."""
    if kind is Type.JSON:
        return Apply("json_words", (left,)), Type.TEXT
    if kind is not Type.TEXT:
        raise RequestError(
            "42883",
            f"function to_tsvector({type_name(kind, item)}) does not exist",
            hint="No function matches the given name and argument types."
            " You might need to add explicit type casts.",
        )
    return left, kind


def _search(requested: FilterCondition, left: Expr) -> Expr:
    operator, config = requested.operator, configuration(requested.config)

    def read(text: str) -> str:
        parse_search(operator, text, config)  # a syntax error must not depend on the rows
        return text

    query = _value(requested.operand, read, Type.TEXT)
    return Apply(operator, (left, query, Literal(config, Type.TEXT)))


def _is(left: Expr, kind: Type, operand: str) -> Expr:
    if operand == "null":
        return Apply("is", (left, Literal(None)))
    if operand == "not_null":
        return Not(Apply("is", (left, Literal(None))))
    if kind is not Type.BOOLEAN:
        raise RequestError(
            "42804",
            f"argument of IS {operand.upper()} must be type boolean, not type {TYPE_NAMES[kind]}",
        )
    known = {"true": True, "false": False, "unknown": None}
    return Apply("is", (left, Literal(known[operand], Type.BOOLEAN)))


def _quantified(
    requested: FilterCondition, left: Expr, kind: Type, read_value: Callable[[str], Any]
) -> Expr:
    """Expand `eq(any).{1,2}` to a disjunction, `(all)` to a conjunction."""
    read = _reader(requested, kind, read_value)
    parts = [
        Apply(requested.operator, (left, Literal(read(text), kind)))
        for text in literal_items(str(requested.operand))
        if text is not None
    ]
    return balanced("or" if requested.quantifier == "any" else "and", parts)


def _check(operator: str, kind: Type, item: Type | None) -> None:
    known = OPERATORS.get(operator)
    if known is None or not known.url:
        raise RequestError(
            "PGRST127",
            "Feature not implemented",
            details=f"The operator {operator} is not available.",
        )
    if kind not in known.types:
        symbol = _SYMBOLS.get(operator, operator)
        raise _no_operator(f"{type_name(kind, item)} {symbol} unknown")


def _no_operator(what: str) -> RequestError:
    return RequestError(
        "42883",
        f"operator does not exist: {what}",
        hint="No operator matches the given name and argument types."
        " You might need to add explicit type casts.",
    )


def _reader(
    requested: FilterCondition, kind: Type, read_value: Callable[[str], Any]
) -> Callable[[Any], Any]:
    """Return the function that parses an operand's text for the operator."""
    operator = requested.operator
    if operator == "in":
        behind = "not.in." if requested.negated else "in."
        return lambda text: tuple(read_value(one) for one in list_items(text, behind))
    if operator in _LIKE:
        return parse_like
    if operator in _REGULAR:
        return partial(parse_regex, ignore_case=operator == "imatch")
    return read_value


def _value_reader(kind: Type, item: Type | None, zone: str | None) -> Callable[[str], Any]:
    """Return the function that parses one value; a time without an offset is in the zone."""
    if kind is Type.TEXT:
        return _as_is
    if zone is not None:
        return lambda text: from_text(kind, value_in_zone(kind, item, text, zone), item)
    return lambda text: from_text(kind, text, item)


def _as_is(text: str) -> str:
    return text
