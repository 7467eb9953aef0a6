"""Compiling expressions to SQL conditions: fields become columns, values are bound.

In charge of the SQL of a tree. Must not know whether a tree is a filter or a rule. `operators` has
the SQL of operators, `binding` that of values.
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
from jotbase.schema.model.tables import Table, Type
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, join, parenthesized, sql
from jotbase.values import Row

#: The alias of rows that are materialized once for all of the many; no scope can have this name.
_SHARED = '"~found"'

FieldCompiler = Callable[[Field], Fragment]
#: Returns the SQL of a fact about the caller, or None to bind it.
FactCompiler = Callable[[Fact, Takes], Fragment | None]
#: Returns the quoted name of a relation that replaces a table in FROM, None for the table itself.
SourceCompiler = Callable[[Table], str | None]


def predicate(
    expression: Expr,
    dialect: Dialect,
    fields: FieldCompiler | None = None,
    *,
    facts: FactCompiler | None = None,
    sources: SourceCompiler | None = None,
    many: Many | None = None,
) -> Fragment:
    """Compile the expression; the request's values become slots with `fill(context)`.

    `fields` gives the SQL of columns of free scopes: by default, a scope is the row's alias. Tables
    of the tree's own subqueries get unique aliases. `many` says what the statement evaluates the
    expression for, so that rows can be materialized once for all of them (`lookups.is_shared`).
    """
    spell = fields or from_alias({}, dialect)
    outer = frozenset(spell(node).text for node in free_fields(expression))
    compiler = _Compiler(dialect, spell, facts or _bound, sources or _itself, outer, many=many)
    return compiler.write(expression)


def _bound(_fact: Fact, _takes: Takes) -> None:
    return None


def _itself(_table: Table) -> None:
    return None


def free_fields(expression: Expr, inner: frozenset[str] = frozenset()) -> Iterator[Field]:
    """Yield the fields of free scopes."""
    match expression:
        case Field(scope) if scope not in inner:
            yield expression
        case Exists(_, scope, where):
            yield from free_fields(where, inner | {scope})
        case Follow(base, _, scope, _, value):
            yield from free_fields(base, inner)
            yield from free_fields(value, inner | {scope})
        case _:
            for child in children(expression):
                yield from free_fields(child, inner)


def from_alias(aliases: Mapping[str, str], dialect: Dialect) -> FieldCompiler:
    """Return a compiler of fields to columns by the scopes' aliases; other scopes are aliases."""

    def spell(field: Field) -> Fragment:
        alias = dialect.identifier(aliases.get(field.scope, field.scope))
        return sql(f"{alias}.{dialect.identifier(field.name)}")

    return spell


def from_row(rows: Mapping[str, Row], dialect: Dialect) -> FieldCompiler:
    """Return a compiler of fields to bound values of the given rows, which need not be stored."""

    def spell(field: Field) -> Fragment:
        return constant(rows[field.scope].get(field.name), field.type, dialect)

    return spell


#: Types whose values are text to everybody but PostgreSQL, which compares none with another.
_TEXTUAL = frozenset((Type.TEXT, Type.UUID, Type.TIMESTAMP, Type.DATE, Type.TIME))


def _alike(arguments: list[Fragment], kinds: list[Type | None]) -> list[Fragment]:
    """Return two arguments of different textual types as text, and all others as they are."""
    if len(kinds) != 2 or kinds[0] is kinds[1] or not _TEXTUAL.issuperset(kinds):
        return arguments
    return [
        one if kind is Type.TEXT else sql("(to_json(") + one + ") #>> '{}')"
        for one, kind in zip(arguments, kinds, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Compiles nodes. `outer` is the SQL of the free fields, `inner` maps bound scopes to aliases.

    `used_aliases` are all aliases of the enclosing queries, including those of shadowed scopes.
    `shared_columns` maps fields to columns of rows that are materialized once for all of the
    `many`.
    """

    dialect: Dialect
    fields: FieldCompiler
    facts: FactCompiler
    sources: SourceCompiler
    outer: frozenset[str]
    inner: Mapping[str, str] = field(default_factory=dict)
    used_aliases: frozenset[str] = frozenset()
    many: Many | None = None
    shared_columns: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def write(self, expression: Expr) -> Fragment:
        """Compile any node."""
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
            called = self.shared_columns.get((node.scope, node.name))
            return self.fields(node) if called is None else sql(f"{_SHARED}.{called}")
        return sql(f"{alias}.{self.dialect.identifier(node.name)}")

    def _open(self, node: Open, takes: Takes) -> Fragment:
        special = self.facts(node, takes) if isinstance(node, Fact) else None
        return special or slot(node, type_of(node), self.dialect, takes)

    def _joined(self, word: str, parts: tuple[Expr, ...]) -> Fragment:
        return join(word, map(self.operand, parts))

    def operand(self, expression: Expr) -> Fragment:
        """Compile a node as an operand, in parentheses where needed."""
        written = self.write(expression)
        loose = isinstance(expression, And | Or | Not | Apply)
        return parenthesized(written) if loose else written

    def _apply(self, expression: Apply) -> Fragment:
        operator = OPERATORS[expression.operator]
        pairs = zip(expression.arguments, operator.takes, strict=True)
        arguments = [self._argument(argument, takes) for argument, takes in pairs]
        if self.dialect.is_postgres:
            arguments = _alike(arguments, list(map(type_of, expression.arguments)))
        semantics = operator.semantics(type_of(expression.arguments[-1]))
        return semantics.spell[self.dialect.name](*arguments)

    def _argument(self, argument: Expr, takes: Takes) -> Fragment:
        if isinstance(argument, Literal):
            return constant(argument.value, argument.type, self.dialect, takes)
        if isinstance(argument, RequestValue | Fact | Now | NewUuid):
            return self._open(argument, takes)
        return self.operand(argument)

    def inside(self, scope: str) -> tuple[str, _Compiler]:
        name = scope
        while self._is_used(self.dialect.identifier(name)):
            name += "'"
        alias = self.dialect.identifier(name)
        inner = {**self.inner, scope: alias}
        return alias, replace(self, inner=inner, used_aliases=self.used_aliases | {alias})

    def _is_used(self, alias: str) -> bool:
        outside = any(text.startswith(f"{alias}.") for text in self.outer)
        return outside or alias in self.used_aliases

    def _source(self, table: Table) -> str:
        return self.sources(table) or self.dialect.identifier(table.name)

    def _exists(self, expression: Exists) -> Fragment:
        """Compile nested `Exists` nodes to one join, whose order the database's planner chooses.

        As nested subqueries, the outer table would be scanned where only the inner one has an index
        for the known values.
        """
        lookup, compiler, tables = lookup_of(expression), self, list[str]()
        for scope, table in lookup.tables.items():
            alias, compiler = compiler.inside(scope)
            tables.append(f"{self._source(table)} AS {alias}")
        if self.many is not None and not self.inner and is_shared(lookup, self.many):
            return self._shared(lookup, tables, compiler, self.many)
        rows = sql(f"EXISTS (SELECT 1 FROM {', '.join(tables)} WHERE ")
        return rows + compiler.all(lookup.parts) + ")"

    def _shared(
        self, lookup: Lookup, tables: list[str], compiler: _Compiler, many: Many
    ) -> Fragment:
        """Compile a lookup whose rows are materialized once, then searched for each of the many.

        SQLite evaluates such an uncorrelated subquery once for the statement, and builds an
        automatic index on it (sqlite.org/lang_with.html, 3; sqlite.org/optoverview.html, 14).
        """
        own = [part for part in lookup.parts if is_correlated(part, lookup, many)]
        asked = {
            (field.scope, field.name): f"c{number}"
            for number, field in enumerate(
                dict.fromkeys(
                    field
                    for part in own
                    for field in free_fields(part)
                    if field.scope in lookup.tables
                )
            )
        }
        columns = [
            f"{compiler.inner[scope]}.{self.dialect.identifier(name)} AS {called}"
            for (scope, name), called in asked.items()
        ]
        common = tuple(part for part in lookup.parts if part not in own)
        rows = sql(f"SELECT {', '.join(columns) or '1'} FROM {', '.join(tables)} WHERE ")
        chosen = replace(
            self,
            many=None,
            shared_columns={**self.shared_columns, **asked},
            used_aliases=compiler.used_aliases,
        )
        return (
            sql(f"EXISTS (WITH {_SHARED} AS MATERIALIZED (")
            + (rows + compiler.all(common) + f") SELECT 1 FROM {_SHARED} WHERE ")
            + (chosen.all(tuple(own)) + ")")
        )

    def all(self, parts: tuple[Expr, ...]) -> Fragment:
        """Compile a conjunction."""
        if len(parts) == 1:
            return self.write(parts[0])
        return join(" AND ", map(self.operand, parts)) or sql("TRUE")

    def _follow(self, expression: Follow) -> Fragment:
        alias, compiler = self.inside(expression.scope)
        source = self._source(expression.table)
        key = f"{alias}.{self.dialect.identifier(expression.key)}"
        return (
            sql("(SELECT ") + compiler.write(expression.value) + f" FROM {source} AS {alias}"
            f" WHERE {key} = " + self.operand(expression.base) + ")"
        )
