"""Updatable views: detecting them by their SQL, and rewriting writes to the base table.

A view over one table without aggregates, DISTINCT, LIMIT and the like is written by writing the
table, under the view's own access rules (PostgreSQL, CREATE VIEW, "Updatable Views"). In charge of
detecting such views, and of mapping a plan's columns to the table's. Must not know requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields, replace
from functools import lru_cache
from typing import Any
from typing import Literal as OneOf

from jotbase.errors import AccessError, RequestError
from jotbase.expression.expr import And, Apply, Context, Exists, Expr, Field, Follow, Not, Or
from jotbase.query.plan.guarding import Guard, RowAction, RuleAction, WriteAction
from jotbase.query.plan.nodes import Combined, Condition, Embed, HasEmbed, Node, OrderBy
from jotbase.query.request.intent import Payload
from jotbase.records import dataclass
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.values.convert import stored
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row


@dataclass(frozen=True, eq=False)
class UpdatableView(Table):
    """The base table of an updatable view, for writes through the view.

    `source_view` is the view; `columns_of` maps its columns to the table's. `rows_of` is the view's
    SQL from FROM on, which says whose rows the view has.
    """

    source_view: Table = field(default_factory=lambda: Table("", ()))
    columns_of: Mapping[str, str] = field(default_factory=dict)
    rows_of: str = ""


def name_in_view(table: Table, column: str) -> str:
    """Return the name of a table's column in the request: the view's name if written
    through one.
    """
    return _own(table, column) or column if isinstance(table, UpdatableView) else column


def _own(updatable: UpdatableView, column: str) -> str | None:
    return next((own for own, name in updatable.columns_of.items() if name == column), None)


@lru_cache(maxsize=512)
def updatable_view(view: Table, model: Model) -> UpdatableView | None:
    """Return the updatable view of a view, None if it is not updatable."""
    found = _simple(view.view or "")
    if found is None:
        return None
    name, rows_of = found
    table = next((one for one in model if one.name.lower() == name.lower()), None)
    if table is None or table.view is not None:
        return None
    columns_of = {
        own: column for own, (behind, column) in view.origins.items() if behind == table.name
    }
    if not columns_of:
        return None
    facts = {one.name: getattr(table, one.name) for one in fields(Table)}
    return UpdatableView(**facts, source_view=view, columns_of=columns_of, rows_of=rows_of)


def view_keys(updatable: UpdatableView) -> Table:
    """Return the view with those of the table's keys whose columns it passes on."""
    primary = _called(updatable, updatable.primary_key)
    unique = [(one, _called(updatable, one.columns)) for one in updatable.unique]
    return replace(
        updatable.source_view,
        primary_key=primary or (),
        unique=tuple(replace(one, columns=names) for one, names in unique if names),
    )


def _called(updatable: UpdatableView, columns: tuple[str, ...]) -> tuple[str, ...] | None:
    names = tuple(name for one in columns if (name := _own(updatable, one)) is not None)
    return names if len(names) == len(columns) else None


_TOKEN = re.compile(
    r"""(?P<gap>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')"""
    r"""|(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?P<word>[^\W\d][\w$]*)|(?P<other>.)""",
    re.DOTALL,
)
_MERGING = frozenset(
    [
        "DISTINCT",
        "GROUP",
        "HAVING",
        "LIMIT",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "WINDOW",
        "OVER",
        "JOIN",
    ]
)
_AGGREGATES = frozenset(
    [
        "AVG",
        "COUNT",
        "GROUP_CONCAT",
        "JSON_GROUP_ARRAY",
        "JSON_GROUP_OBJECT",
        "MAX",
        "MIN",
        "STRING_AGG",
        "SUM",
        "TOTAL",
    ]
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def _simple(sql: str) -> tuple[str, str] | None:
    """Return (table name, SQL from FROM on) of a simple SELECT, None for any other."""
    outer = list(_outermost(sql))
    words = [token.word for token in outer]
    if words[:1] != ["SELECT"] or "FROM" not in words or not _MERGING.isdisjoint(words):
        return None
    for token, after in zip(outer, [*outer[1:], None], strict=True):
        if token.word in _AGGREGATES and after is not None and after.text == "(":
            return None
    start = words.index("FROM")
    name, *rest = outer[start + 1 :] or [_Token("", "", 0)]
    if name.kind not in ("name", "word") or not _only_a_condition(rest):
        return None
    return _unquoted(name), sql[outer[start].start :].rstrip().rstrip(";")


def _only_a_condition(rest: Sequence[_Token]) -> bool:
    """Whether behind the table's name comes an alias at most, and then WHERE, ORDER BY, the end."""
    tokens = list(rest)
    if tokens and tokens[0].word == "AS":
        tokens = tokens[2:]
    elif tokens and tokens[0].kind in ("name", "word") and tokens[0].word not in _CLAUSES:
        tokens = tokens[1:]
    return not tokens or tokens[0].word in _CLAUSES or tokens[0].text == ";"


_CLAUSES = frozenset(("WHERE", "ORDER"))


def _outermost(sql: str) -> Iterator[_Token]:
    """Yield the tokens outside parentheses, and each outer opening parenthesis."""
    depth = 0
    for found in _TOKEN.finditer(sql):
        kind, text = found.lastgroup or "", found[0]
        if kind == "gap":
            continue
        if text == ")":
            depth -= 1
        elif depth == 0:
            yield _Token(kind, text, found.start())
        if text == "(":
            depth += 1


def _unquoted(token: _Token) -> str:
    if token.kind == "word":
        return token.text
    closing = {"[": "]"}.get(token.text[0], token.text[0])
    return token.text[1:-1].replace(closing * 2, closing)


def table_columns(updatable: UpdatableView, names: Sequence[str]) -> tuple[str, ...]:
    """Return the table's columns for the view's. Raises RequestError PGRST204, 0A000."""
    for name in names:
        if name not in updatable.source_view.by_name:
            raise RequestError(
                "PGRST204",
                f"Could not find the '{name}' column of '{updatable.source_view.name}'"
                " in the schema cache",
            )
        if name not in updatable.columns_of:
            raise RequestError(
                "0A000",
                f'cannot write column "{name}" of view "{updatable.source_view.name}"',
                details="View columns that are not columns of their base relation are not"
                " updatable.",
            )
    return tuple(updatable.columns_of[name] for name in names)


def table_payload(updatable: UpdatableView, payload: Payload) -> Payload:
    """Return a payload's rows with the table's names. Raises RequestError PGRST204, 0A000."""
    rows = [
        dict(zip(table_columns(updatable, list(row)), row.values(), strict=True))
        for row in payload.rows
    ]
    return replace(payload, rows=tuple(rows))


def table_target(updatable: UpdatableView, node: Node) -> Node:
    """Return a node over the view rewritten to the table."""
    return Node(
        updatable,
        node.alias,
        (),
        _condition(node.where, node.alias, updatable),
        tuple(_order(one, updatable) for one in node.order),
        node.window,
    )


def _order(one: OrderBy, updatable: UpdatableView) -> OrderBy:
    if one.via is not None:
        return replace(one, via=_embed(one.via, updatable))
    column = one.value.column
    if column is None:
        return one
    return replace(
        one,
        value=replace(one.value, column=updatable.by_name[_behind(updatable, column.name)]),
    )


def _embed(embed: Embed, updatable: UpdatableView) -> Embed:
    pairs = tuple((_behind(updatable, parent), own) for parent, own in embed.link.pairs)
    return replace(embed, link=replace(embed.link, pairs=pairs))


def _condition(where: Condition, alias: str, updatable: UpdatableView) -> Condition:
    if isinstance(where, HasEmbed):
        return HasEmbed(_embed(where.embed, updatable), where.negated)
    if isinstance(where, Combined):
        return replace(where, parts=tuple(_condition(one, alias, updatable) for one in where.parts))
    return table_expression(updatable, where, (alias,))


def table_expression(updatable: UpdatableView, expression: Expr, scopes: tuple[str, ...]) -> Expr:
    """Return an expression over the view's columns rewritten to the table's columns."""

    def say(one: Expr) -> Expr:
        return table_expression(updatable, one, scopes)

    match expression:
        case Field(scope, name, kind, item):
            inside = scope in scopes
            return Field(scope, _behind(updatable, name), kind, item) if inside else expression
        case Apply(operator, arguments):
            return Apply(operator, tuple(map(say, arguments)))
        case And(parts):
            return And(tuple(map(say, parts)))
        case Or(parts):
            return Or(tuple(map(say, parts)))
        case Not(part):
            return Not(say(part))
        case Exists(table, scope, where):
            return Exists(table, scope, where if scope in scopes else say(where))
        case Follow(base, table, scope, key, value):
            return Follow(say(base), table, scope, key, value if scope in scopes else say(value))
        case _:
            return expression


def view_row_keys(
    updatable: UpdatableView, rows: Sequence[Row], dialect: Dialect
) -> tuple[tuple[str, ...], list[Any]]:
    """Return (the view's columns for the primary key, the rows' values of them)."""
    columns = view_keys(updatable).primary_key
    behind = [updatable.by_name[updatable.columns_of[own]] for own in columns]
    values = [tuple(stored(at.type, row[at.name], dialect) for at in behind) for row in rows]
    return columns, [one[0] for one in values] if len(columns) == 1 else list(values)


def _behind(updatable: UpdatableView, name: str) -> str:
    found = updatable.columns_of.get(name)
    if found is None:
        view = updatable.source_view.name
        raise RequestError(
            "0A000",
            f'writes through view "{view}" cannot look at its column "{name}"',
            details="It is no column of the table behind the view.",
        )
    return found


@dataclass(frozen=True, slots=True)
class ViewGuard:
    """The guard of writes through a view: the view's rules for its table, `guard` for all
    others.
    """

    guard: Guard
    updatable: UpdatableView

    def row_condition(self, table: Table, action: RowAction) -> Expr:
        """Return the condition of the view's rule, rewritten to the table's columns."""
        if table is not self.updatable:
            return self.guard.row_condition(table, action)
        return table_expression(
            self.updatable, self.guard.row_condition(self.updatable.source_view, action), ("row",)
        )

    def check(
        self,
        table: Table,
        action: WriteAction,
        rows: Sequence[Row],
        olds: Sequence[Row] | None,
        context: Context,
        reading: bool,
    ) -> UnitOfWork[None]:
        """Check rows in the view's columns. Raises AccessError 42501."""
        seen = [self._seen(row) for row in rows]
        before = None if olds is None else [self._seen(row) for row in olds]
        view = self.updatable.source_view
        yield from self.guard.check(view, action, seen, before, context, reading)

    def columns_checked(
        self, table: Table, action: WriteAction, reading: bool
    ) -> frozenset[str] | None:
        """Return the table's columns that the view's rules read."""
        found = self.guard.columns_checked(self.updatable.source_view, action, reading)
        behind = self.updatable.columns_of
        return None if found is None else frozenset(behind[one] for one in found if one in behind)

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Return the error of rows to insert, in the view's columns."""
        behind = self.updatable.columns_of.items()
        seen = [{own: row[name] for own, name in behind if name in row} for row in rows]
        return self.guard.precheck(self.updatable.source_view, seen, context)

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Return whether any row could satisfy the view's rule."""
        return self.guard.allows(
            self.updatable.source_view if table is self.updatable else table, action, context
        )

    def denied(
        self, table: Table, action: OneOf["insert", "update"], context: Context
    ) -> AccessError | None:
        """Return the error if no row can satisfy the view's rules for this caller."""
        return self.guard.denied(self.updatable.source_view, action, context)

    def _seen(self, row: Row) -> Row:
        seen: Row = dict.fromkeys(self.updatable.source_view.by_name)
        return seen | {own: row.get(name) for own, name in self.updatable.columns_of.items()}
