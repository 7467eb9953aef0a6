"""Expressions as SQL: fields spelled where their rows stand, everything else bound.

In charge of the SQL reading of a tree. Must not know whether a tree is a filter or a rule. What an
operator means stands in `operators`, how a value is bound in `binding`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from jotbase.expression.binding import Takes, constant, slot
from jotbase.expression.expr import (
    And,
    Apply,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    NewUuid,
    Not,
    Now,
    Open,
    Or,
    RequestValue,
    children,
)
from jotbase.expression.lookups import Lookup, Many, is_correlated, is_shared, lookup_of
from jotbase.expression.operators import OPERATORS
from jotbase.expression.typed import type_of
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, join, parenthesized, sql
from jotbase.values import Row

#: A name that no scope can have: rows that are found once for all callers.
_SHARED = '"~found"'

FieldSpeller = Callable[[Field], Fragment]
#: Writes a fact otherwise than bound; None leaves it bound.
FactSpeller = Callable[[Fact, Takes], Fragment | None]
#: Names what stands for a table behind FROM, quoted; None leaves the table itself.
SourceSpeller = Callable[[Table], str | None]


def predicate(
    expression: Expr,
    dialect: Dialect,
    fields: FieldSpeller | None = None,
    *,
    facts: FactSpeller | None = None,
    sources: SourceSpeller | None = None,
    many: Many | None = None,
) -> Fragment:
    """Return the expression as SQL, in which the request's values are slots with `fill(context)`.

    `fields` spells columns of rows from outside: by default, a field's scope is its row's alias.
    Rows that the tree itself looks into stand under aliases which meet no other. `many` says what
    the statement asks about, so that rows are looked up once for all of them where that is better.
    """
    spell = fields or from_alias({}, dialect)
    outer = frozenset(spell(node).text for node in _outer_fields(expression, frozenset()))
    writer = _Writer(dialect, spell, facts or _bound, sources or _itself, outer, many=many)
    return writer.write(expression)


def _bound(_fact: Fact, _takes: Takes) -> None:
    return None


def _itself(_table: Table) -> None:
    return None


def _outer_fields(expression: Expr, inner: frozenset[str]) -> Iterator[Field]:
    """Yield the columns of rows that the expression does not look into itself."""
    match expression:
        case Field(scope) if scope not in inner:
            yield expression
        case Exists(_, scope, where):
            yield from _outer_fields(where, inner | {scope})
        case Follow(base, _, scope, _, value):
            yield from _outer_fields(base, inner)
            yield from _outer_fields(value, inner | {scope})
        case _:
            for child in children(expression):
                yield from _outer_fields(child, inner)


def from_alias(aliases: Mapping[str, str], dialect: Dialect) -> FieldSpeller:
    """Spell fields as columns of tables under aliases; a scope not named is its own alias."""

    def spell(field: Field) -> Fragment:
        alias = dialect.identifier(aliases.get(field.scope, field.scope))
        return sql(f"{alias}.{dialect.identifier(field.name)}")

    return spell


def from_row(rows: Mapping[str, Row], dialect: Dialect) -> FieldSpeller:
    """Spell fields as bound values of rows that need not stand in any table (any more)."""

    def spell(field: Field) -> Fragment:
        return constant(rows[field.scope].get(field.name), field.type, dialect)

    return spell


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes nodes. `outer` are fields as spelled outside, `inner` the aliases of scopes inside.

    `taken` are all aliases of what a node stands in, those among them that no scope means any more.
    `shown` are columns, by their fields, of rows that were looked up once for all of the `many`.
    """

    dialect: Dialect
    fields: FieldSpeller
    facts: FactSpeller
    sources: SourceSpeller
    outer: frozenset[str]
    inner: Mapping[str, str] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    many: Many | None = None
    shown: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def write(self, expression: Expr) -> Fragment:
        """Write any node."""
        match expression:
            case Field():
                return self._field(expression)
            case Literal(value, kind):
                return constant(value, kind, self.dialect)
            case RequestValue() | Fact() | Now() | NewUuid():
                return self._open(expression, "value")
            case Apply():
                return self._apply(expression)
            case And(parts):
                return self._joined(" AND ", parts) if parts else sql("TRUE")
            case Or(parts):
                return self._joined(" OR ", parts) if parts else sql("FALSE")
            case Not(part):
                return sql("NOT ") + parenthesized(self.write(part))
            case Exists():
                return self._exists(expression)
            case Follow():
                return self._follow(expression)

    def _field(self, node: Field) -> Fragment:
        alias = self.inner.get(node.scope)
        if alias is None:
            called = self.shown.get((node.scope, node.name))
            return self.fields(node) if called is None else sql(f"{_SHARED}.{called}")
        return sql(f"{alias}.{self.dialect.identifier(node.name)}")

    def _open(self, node: Open, takes: Takes) -> Fragment:
        special = self.facts(node, takes) if isinstance(node, Fact) else None
        return special or slot(node, type_of(node), self.dialect, takes)

    def _joined(self, word: str, parts: tuple[Expr, ...]) -> Fragment:
        return join(word, map(self.operand, parts))

    def operand(self, expression: Expr) -> Fragment:
        """Write a node so that it may stand beside any operator."""
        written = self.write(expression)
        loose = isinstance(expression, And | Or | Not | Apply)
        return parenthesized(written) if loose else written

    def _apply(self, expression: Apply) -> Fragment:
        operator = OPERATORS[expression.operator]
        pairs = zip(expression.arguments, operator.takes, strict=True)
        arguments = [self._argument(argument, takes) for argument, takes in pairs]
        semantics = operator.semantics(type_of(expression.arguments[-1]))
        return semantics.spell[self.dialect.name](*arguments)

    def _argument(self, argument: Expr, takes: Takes) -> Fragment:
        if isinstance(argument, Literal):
            return constant(argument.value, argument.type, self.dialect, takes)
        if isinstance(argument, RequestValue | Fact | Now | NewUuid):
            return self._open(argument, takes)
        return self.operand(argument)

    def inside(self, scope: str) -> tuple[str, _Writer]:
        name = scope
        while self._is_taken(self.dialect.identifier(name)):
            name += "'"
        alias = self.dialect.identifier(name)
        inner = {**self.inner, scope: alias}
        return alias, replace(self, inner=inner, taken=self.taken | {alias})

    def _is_taken(self, alias: str) -> bool:
        outside = any(text.startswith(f"{alias}.") for text in self.outer)
        return outside or alias in self.taken

    def _source(self, table: Table) -> str:
        return self.sources(table) or self.dialect.identifier(table.name)

    def _exists(self, expression: Exists) -> Fragment:
        """Write loops inside one another as one join, whose order is the database's to choose.

        As a look-up inside a look-up, the outer table would be gone through whole where only the
        inner one can be found by what is known.
        """
        look, writer, tables = lookup_of(expression), self, list[str]()
        for scope, table in look.tables.items():
            alias, writer = writer.inside(scope)
            tables.append(f"{self._source(table)} AS {alias}")
        if self.many is not None and not self.inner and is_shared(look, self.many):
            return self._shared(look, tables, writer, self.many)
        rows = sql(f"EXISTS (SELECT 1 FROM {', '.join(tables)} WHERE ")
        return rows + writer.all(look.parts) + ")"

    def _shared(self, look: Lookup, tables: list[str], writer: _Writer, many: Many) -> Fragment:
        """Write a look whose rows are found once, and then asked about for each of the many.

        SQLite makes such a table once for the statement, since nothing in it differs from one to
        the next, and an index of it (sqlite.org/lang_with.html, 3; sqlite.org/optoverview.html).
        """
        own = [part for part in look.parts if is_correlated(part, look, many)]
        asked = {
            (field.scope, field.name): f"c{number}"
            for number, field in enumerate(
                dict.fromkeys(
                    field
                    for part in own
                    for field in _outer_fields(part, frozenset())
                    if field.scope in look.tables
                )
            )
        }
        columns = [
            f"{writer.inner[scope]}.{self.dialect.identifier(name)} AS {called}"
            for (scope, name), called in asked.items()
        ]
        common = tuple(part for part in look.parts if part not in own)
        rows = sql(f"SELECT {', '.join(columns) or '1'} FROM {', '.join(tables)} WHERE ")
        chosen = replace(self, many=None, shown={**self.shown, **asked}, taken=writer.taken)
        return (
            sql(f"EXISTS (WITH {_SHARED} AS MATERIALIZED (")
            + (rows + writer.all(common) + f") SELECT 1 FROM {_SHARED} WHERE ")
            + (chosen.all(tuple(own)) + ")")
        )

    def all(self, parts: tuple[Expr, ...]) -> Fragment:
        """Write a conjunction."""
        if len(parts) == 1:
            return self.write(parts[0])
        return join(" AND ", map(self.operand, parts)) or sql("TRUE")

    def _follow(self, expression: Follow) -> Fragment:
        alias, writer = self.inside(expression.scope)
        source = self._source(expression.table)
        key = f"{alias}.{self.dialect.identifier(expression.key)}"
        return (
            sql("(SELECT ") + writer.write(expression.value) + f" FROM {source} AS {alias}"
            f" WHERE {key} = " + self.operand(expression.base) + ")"
        )
