"""Rows that a change of another table hides from subscribers who could see them before.

In charge of the query for one change of a table that a rule looks into. A caller may lose a row
only where the changed row, as it was before the transaction or as it is after it, is one that the
rule would find for them: put in the place of the table that it is of, it says which rows and
callers to ask about at all. Must not know who is told, or how.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jotbase.expression.expr import (
    TRUE,
    And,
    Apply,
    Exists,
    Expr,
    Field,
    Follow,
    Literal,
    Not,
    Or,
    all_of,
    children,
    conjuncts,
    scopes,
    walk,
)
from jotbase.expression.predicate import predicate
from jotbase.realtime.matching.filters import SCOPE
from jotbase.realtime.matching.rules import Facts, SelectRule
from jotbase.realtime.relational.queries import (
    PRUNED,
    Pruned,
    callers,
    out_of_reach,
    speller,
    with_past,
)
from jotbase.schema.ddl.changelog import logged_row, row_json
from jotbase.schema.ddl.past_tables import past, unchanged_until
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, join, parenthesized, sql
from jotbase.sql.units import Rows
from jotbase.values import Change, Row

#: How many rows that one change hides are told one by one; of more, all are told to read again.
TOLD_ROWS = 100


def hidden_query(
    change: Change, table: Table, rule: SelectRule, facts: Sequence[Facts], dialect: Dialect
) -> Fragment:
    """Return the query of (number of the facts in their order, JSON of a row that is hidden).

    It returns one row more than are told at most, or `PRUNED` in place of a number: a mark that the
    limit cuts off comes with too many rows to be told. Rows that the same transaction changed have
    changes of their own.
    """
    before, after = change.first - 1, change.last
    pasts = {
        before: past((*rule.looked_into, table), before, dialect),
        after: past((*rule.looked_into, table), after, dialect),
    }
    spell = speller(rule, dialect)

    def holds(asked: Expr, number: int) -> Fragment:
        source = pasts[number].source
        return parenthesized(predicate(asked, dialect, facts=spell, sources=source))

    concerned = [
        holds(Or(tuple(conditions(rule.expression, change.table, row))), number)
        for row, number in ((change.old, before), (change.new, after))
        if row is not None
    ]
    source = pasts[after].names[table.name]
    alias = dialect.identifier(SCOPE)
    place, listed = callers(facts, dialect)
    query = (
        sql(f"SELECT {PRUNED}, '' WHERE ")
        + out_of_reach(change, (*rule.looked_into, table), dialect)
        + f" UNION ALL SELECT {place}, {row_json(table, alias, dialect)} FROM "
        + listed
        + f" CROSS JOIN {source} AS {alias} WHERE "
        + parenthesized(join(" OR ", concerned))
        + " AND "
        + holds(rule.expression, before)
        + " AND "
        + holds(rule.expression, after)
        + " IS NOT TRUE AND "
        + unchanged_until(after, pasts[before], table, alias, dialect)
        + f" LIMIT {TOLD_ROWS + 1}"
    )
    return with_past(query, (*rule.looked_into, table), pasts, dialect)


def hidden_rows(facts: Sequence[Facts], found: Rows, table: Table) -> Mapping[Facts, list[Row]]:
    """Return the rows that are hidden from each, in the order of their keys; an empty list stands
    for more than are told.

    Raises Pruned if the log does not reach back to the change.
    """
    if any(number == PRUNED for number, _ in found):
        raise Pruned
    if len(found) > TOLD_ROWS:
        return {one: [] for one in facts}
    hidden: dict[Facts, list[Row]] = {}
    for number, text in found:
        hidden.setdefault(facts[int(number)], []).append(logged_row(table, str(text)))
    for rows in hidden.values():
        rows.sort(key=lambda row: [row[name] for name in table.primary_key])
    return hidden


def conditions(rule: Expr, table: str, row: Row) -> Iterator[Expr]:
    """Yield conditions on what is judged, without one of which the row of that table does not
    count for the rule.
    """
    match rule:
        case Exists(found, scope, where):
            if found.name == table:
                yield _with(where, scope, row)
            for inner in conditions(where, table, row):
                sure = [part for part in conjuncts(where) if not _looks_into(part, table)]
                yield Exists(found, scope, all_of(*sure, inner))
        case Follow(base, found, scope, key, value):
            if found.name == table:
                yield Apply("eq", (base, Literal(row.get(key), found.by_name[key].type)))
            for inner in conditions(value, table, row):
                column = found.by_name[key]
                same = Apply("eq", (Field(scope, key, column.type, column.item), base))
                yield Exists(found, scope, all_of(same, inner))
            yield from conditions(base, table, row)
        case _:
            for child in children(rule):
                yield from conditions(child, table, row)


def _looks_into(rule: Expr, table: str) -> bool:
    return any(isinstance(one, Exists | Follow) and one.table.name == table for one in walk(rule))


def _with(where: Expr, scope: str, row: Row) -> Expr:
    """Return the condition with the row's values for its columns; conditions that look further
    count as met.
    """
    return all_of(*(_put(part, scope, row) for part in conjuncts(where) if not _looks(part)))


def _looks(rule: Expr) -> bool:
    return any(isinstance(one, Exists | Follow) for one in walk(rule))


def _put(part: Expr, scope: str, row: Row) -> Expr:
    match part:
        case Field(of, name, kind) if of == scope:
            return Literal(row.get(name), kind)
        case Apply(operator, arguments) if not any(isinstance(one, Not) for one in walk(part)):
            return Apply(operator, tuple(_put(one, scope, row) for one in arguments))
        case And(parts):
            return And(tuple(_put(one, scope, row) for one in parts))
        case Or(parts):
            return Or(tuple(_put(one, scope, row) for one in parts))
    return TRUE if scope in scopes(part) else part
