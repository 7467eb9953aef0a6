"""Evaluating relational rules in the database: one query for a change, for all callers.

In charge of the query (the old and the new row, for each distinct set of facts) and of reading its
result. Must not know who runs it, nor what is sent in the end (`matching`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jotbase.expression.binding import POSTGRES_TYPES, Takes, cast
from jotbase.expression.expr import Expr, Fact
from jotbase.expression.predicate import FactCompiler, from_row, predicate
from jotbase.realtime.matching.filters import SCOPE
from jotbase.realtime.matching.matches import OldAndNew
from jotbase.realtime.matching.rules import Facts, SelectRule
from jotbase.schema.ddl.past_tables import (
    Past,
    changed_since,
    is_pruned,
    past,
    pending_log,
    too_many_since,
)
from jotbase.schema.model.tables import Table, Type
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, join, sql
from jotbase.sql.units import Rows
from jotbase.values import Change, Row

#: A name that no scope of a rule can have.
_CALLER = '"~caller"'
_AS_JSON = frozenset((Type.JSON, Type.ARRAY))


#: What the query returns in place of a pair: the tables have changed since, so that it must be
#: asked of the past; the log does not reach back to the change any more, or too much was changed.
CHANGED_SINCE, PRUNED = -1, -2


NEITHER = OldAndNew(old=False, new=False)


class Pruned(LookupError):
    """The log does not reach back to a change any more, or too much was changed since, so that
    nobody can say who saw it.
    """

    def __init__(self) -> None:
        super().__init__("the log was pruned, or too much was changed since")


def verdict_query(
    change: Change,
    rule: SelectRule,
    facts: Sequence[Facts],
    dialect: Dialect,
    *,
    undoing: bool = False,
) -> Fragment:
    """Return the query of (number of the facts in their order, 0 for the old row or 1 for the new).

    It returns the pairs for which the rule is true: of the old row before the change's transaction,
    of the new one after it. `undoing` asks of the tables as they were then; without it the current
    tables are asked, and `CHANGED_SINCE` says that they are not the same. Slots (`now()`) are still
    to be bound.
    """
    sides = [
        (side, row, number)
        for side, row, number in ((0, change.old, change.first - 1), (1, change.new, change.last))
        if row is not None
    ]
    spell, asked, tables = speller(rule, dialect), rule.asked(change.kind), rule.looked_into
    pasts = {number: past(tables, number, dialect) for _, _, number in sides if undoing and tables}
    parts = [
        _side(row, side, asked, spell, facts, dialect, pasts.get(number))
        for side, row, number in sides
    ]
    if tables:
        earliest = min(number for _, _, number in sides)
        parts.append(_marked(PRUNED, out_of_reach(change, tables, dialect)))
        if not undoing:
            parts.append(_marked(CHANGED_SINCE, changed_since(tables, earliest, dialect)))
    return with_past(join(" UNION ALL ", parts), tables, pasts, dialect)


def out_of_reach(change: Change, tables: Sequence[Table], dialect: Dialect) -> Fragment:
    """Return the condition that nobody can say any more what these tables were at a change."""
    pruned = is_pruned(change.first, dialect)
    return pruned + " OR " + too_many_since(tables, change.first - 1, dialect)


def with_past(
    query: Fragment, tables: Sequence[Table], pasts: Mapping[int, Past], dialect: Dialect
) -> Fragment:
    """Return the query with the definitions of the past tables that it reads."""
    if not pasts:
        return query
    definitions = [*pending_log(tables, min(pasts), dialect)]
    definitions.extend(one for made in pasts.values() for one in made.definitions)
    return "WITH " + join(", ", definitions) + " " + query


def _marked(mark: int, condition: Fragment) -> Fragment:
    return sql(f"SELECT {mark}, 0 WHERE ") + condition


def _side(
    row: Row,
    side: int,
    asked: Expr,
    spell: FactCompiler,
    facts: Sequence[Facts],
    dialect: Dialect,
    at: Past | None,
) -> Fragment:
    place, listed = callers(facts, dialect)
    fields = from_row({SCOPE: row}, dialect)
    holds = predicate(
        asked,
        dialect,
        fields,
        facts=spell,
        sources=None if at is None else at.source,
        many="callers",
    )
    return sql(f"SELECT {place}, {side} FROM ") + listed + " WHERE " + holds


def callers(facts: Sequence[Facts], dialect: Dialect) -> tuple[str, Fragment]:
    """Return the SQL of a caller's number, and the rows of all callers for FROM."""
    listed = bound((b"[%b]" % b",".join(facts)).decode())
    if dialect.is_postgres:
        rows = "jsonb_array_elements(" + listed + "::text::jsonb)"
        return f"{_CALLER}.place - 1", rows + f" WITH ORDINALITY AS {_CALLER}(value, place)"
    return f"{_CALLER}.key", "json_each(" + listed + f") AS {_CALLER}"


def speller(rule: SelectRule, dialect: Dialect) -> FactCompiler:
    """Return the compiler of facts to elements of the callers' JSON."""

    def spell(fact: Fact, takes: Takes) -> Fragment:
        if dialect.is_postgres:
            return _fact_postgres(rule.facts.index(fact), fact, takes)
        place = f"'$[{rule.facts.index(fact)}]'"
        if takes == "list" or fact.type in _AS_JSON:
            return sql(f"({_CALLER}.value -> {place})")
        extracted = sql(f"json_extract({_CALLER}.value, {place})")
        return cast(extracted, fact.type, dialect, takes)

    return spell


def _fact_postgres(place: int, fact: Fact, takes: Takes) -> Fragment:
    value = f"{_CALLER}.value -> {place}"
    kind = POSTGRES_TYPES[fact.type or Type.TEXT].removeprefix("text::")
    if takes == "list":
        listed = f"ARRAY(SELECT jsonb_array_elements_text(nullif({value}, 'null'::jsonb)))"
        return sql(f"CASE WHEN {value} <> 'null' THEN {listed}::{kind}[] END")
    if fact.type in _AS_JSON:
        return sql(f"nullif({value}, 'null'::jsonb)")
    return sql(f"({_CALLER}.value ->> {place})::{kind}")


def verdicts(facts: Iterable[Facts], rows: Rows) -> Mapping[Facts, OldAndNew]:
    """Return the verdicts of the query's rows, for each of the facts.

    Raises Pruned if the log does not reach back to the change.
    """
    true = {(int(number), int(side)) for number, side in rows}
    if (PRUNED, 0) in true:
        raise Pruned
    listed = list(facts)
    told = dict.fromkeys(listed, NEITHER)
    for number in {number for number, _ in true if number >= 0}:
        told[listed[number]] = OldAndNew(old=(number, 0) in true, new=(number, 1) in true)
    return told


def must_undo(rows: Rows) -> bool:
    """Return whether the current tables are no answer: they have changed since."""
    return any(int(number) == CHANGED_SINCE for number, _ in rows)


def missing_facts(facts: Iterable[Facts | None], known: Mapping[Facts, Any]) -> list[Facts]:
    """Return the distinct facts whose verdict is not known yet; the service role has none."""
    return [one for one in dict.fromkeys(facts) if one is not None and one not in known]
