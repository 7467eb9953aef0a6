"""Using full-text indexes: a condition that preselects the rows that a search may match.

In charge of a condition that is implied by the filter, which is evaluated as well: the index only
saves work and never decides. Must not know how an index is maintained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from jotbase.expression.binding import Slot
from jotbase.expression.expr import And, Apply, Field, Literal, Or, RequestValue
from jotbase.query.plan.nodes import Combined, Condition, HasEmbed
from jotbase.query.request.shape import SEARCHES
from jotbase.schema.ddl.searches import index_name, queue_name
from jotbase.schema.model.tables import Search, Table
from jotbase.search.textsearch import AllOf, AnyOf, Phrase, Query, Word, parse_search
from jotbase.sql.dialect import SQLITE
from jotbase.sql.fragment import Fragment, bound, join, parenthesized, sql

#: An FTS5 query that matches nothing: a phrase without words.
NOTHING = '""'

#: The most words of an FTS5 query; of more words joined by AND, this many suffice.
_MOST = 64
#: The nesting depth of an FTS5 query (its parser's stack is limited).
_DEPTH = 8


def index_condition(
    where: Condition, table: Table, alias: str, *, only_test: bool = False
) -> Fragment | None:
    """Return what rows that fulfil the condition fulfil too, by the table's full-text indexes.

    None where no index helps. `alias` is what the table's rows are called. With `only_test`, rows
    are not looked up by what an index finds (a `+` says so: sqlite.org/optoverview.html, 8.1).
    """
    return _narrowed(where, table, alias, "+" if only_test else "")


def _narrowed(where: Condition, table: Table, alias: str, sign: str) -> Fragment | None:
    if not table.searches or isinstance(where, HasEmbed):
        return None
    if isinstance(where, Combined):
        if where.negated:
            return None
        joined = _all if where.operator == "and" else _any
        return joined([_narrowed(part, table, alias, sign) for part in where.parts])
    if isinstance(where, And):
        return _all([_narrowed(part, table, alias, sign) for part in where.parts])
    if isinstance(where, Or):
        return _any([_narrowed(part, table, alias, sign) for part in where.parts])
    return _searched(where, table, alias, sign) if isinstance(where, Apply) else None


def _all(parts: list[Fragment | None]) -> Fragment | None:
    known = [part for part in parts if part is not None]
    return join(" AND ", known) if known else None


def _any(parts: list[Fragment | None]) -> Fragment | None:
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    return parenthesized(join(" OR ", map(parenthesized, known)))


def _searched(asked: Apply, table: Table, alias: str, sign: str) -> Fragment | None:
    if asked.operator not in SEARCHES:
        return None
    field, query, config = asked.arguments
    if not isinstance(field, Field) or field.scope != alias or not isinstance(config, Literal):
        return None
    if not isinstance(query, RequestValue | Literal):
        return None
    for search in table.searches:
        if search.language == config.value and field.name in search.columns:
            column = f"c{search.columns.index(field.name)}"
            match = partial(fts5_query, asked.operator, config=search.language, column=column)
            unknown = partial(_whether_all, asked.operator, config=search.language)
            own = f"{sign}{SQLITE.identifier(alias)}.{table.row_key[0]}"
            return _rows(table, own, search, _bound(query, match), _bound(query, unknown))
    return None


def _bound(query: RequestValue | Literal, form: Callable[[str], str | int]) -> Fragment:
    return bound(Slot(query, form) if isinstance(query, RequestValue) else form(query.value))


def _rows(
    table: Table, own: str, search: Search, match: Fragment, everything: Fragment
) -> Fragment:
    """Return that the index finds the row whose number is `own`, that it waits for the index, or
    that the index cannot tell.
    """
    number, called = table.row_key[0], SQLITE.identifier
    index, queue = called(index_name(search)), called(queue_name(search))
    return (
        sql(f"{own} IN (SELECT rowid FROM {index} WHERE {index} MATCH ")
        + match
        + f' UNION ALL SELECT "row" FROM {queue}'
        f" UNION ALL SELECT {number} FROM {called(table.name)} WHERE " + everything + ")"
    )


def fts5_query(form: str, text: str, config: str, column: str) -> str:
    """Return an FTS5 query that matches at least the documents that the search matches."""
    query = parse_search(form, text, config)
    if query is None:
        return NOTHING
    found = _fts5_term(query, _DEPTH)
    return NOTHING if found is None else f"{column} : ({found})"


def _whether_all(form: str, text: str, config: str) -> int:
    """Return 1 if no FTS5 query narrows the search, so that all rows must be searched."""
    query = parse_search(form, text, config)
    return int(query is not None and _fts5_term(query, _DEPTH) is None)


def _fts5_term(query: Query, depth: int) -> str | None:
    """Return the FTS5 syntax of a query, or of a weaker one; None if that matches everything."""
    match query:
        case Word(text, prefix):
            return f'"{text}"' + ("*" if prefix else "")
        case Phrase(words):
            return _joined(" AND ", [_fts5_term(word, depth) for _, word in words[:_MOST]])
        case AllOf(parts) if depth:
            known = [one for part in parts if (one := _fts5_term(part, depth - 1)) is not None]
            return _joined(" AND ", known[:_MOST]) if known else None
        case AnyOf(parts) if depth and len(parts) <= _MOST:
            return _joined(" OR ", [_fts5_term(part, depth - 1) for part in parts])
    return None


def _joined(word: str, parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return f"({word.join(known)})" if known and len(known) == len(parts) else None
