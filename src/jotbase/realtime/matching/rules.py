"""A table's select rule for realtime: evaluated in memory, or by a query if it is relational.

In charge of the facts about a caller that a rule binds (callers with equal facts see the same rows)
and of finding rules that a removal may make true: a foreign key removes what hid the row along with
it (`ON DELETE CASCADE`), and after it no query tells what such a rule said before. Must not know
groups or changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from jotbase.access.enforcement.unsatisfiable import Unsatisfiable, unsatisfiable
from jotbase.expression.expr import (
    FALSE,
    And,
    Apply,
    Context,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    Not,
    Or,
    all_of,
    children,
    conjuncts,
    is_local,
    rename_scope,
    scopes,
    walk,
)
from jotbase.expression.judge import Judge, judge
from jotbase.realtime.matching.equalities import OneOf, needs
from jotbase.realtime.matching.filters import SCOPE
from jotbase.schema.model.tables import Model, Table
from jotbase.values import ChangeKind, Principal

#: The values of a rule's facts for a caller, as JSON: equal texts have equal verdicts.
Facts = bytes

#: A name that no scope of a rule can have.
_STORED = "~stored"
#: What a foreign key does that leaves the rows of its table as they are, or refuses the removal.
_KEEPING = ("no action", "restrict")


@dataclass(frozen=True, slots=True)
class SelectRule:
    """One rule on `row`; `local` evaluates it in memory, None if it is relational.

    `unsatisfiable` returns whether no row can satisfy it for a caller. `while_stored` is set where
    a removal may make the rule true: it is the rule for rows that are still stored. `looked_into`
    are the tables that the rule looks into, if all their changes are logged: then it is asked as
    of each change (`schema.ddl.past_tables`). `hides_by_presence` are those of them whose rows may
    make it false by being there.
    """

    expression: Expr
    facts: tuple[Fact, ...]
    local: Judge | None
    unsatisfiable: Unsatisfiable
    while_stored: Expr | None = None
    looked_into: tuple[Table, ...] = ()
    hides_by_presence: frozenset[str] = frozenset()

    def may_hide(self, kind: ChangeKind, table: str) -> bool:
        """Return whether such a change of a table that the rule looks into may hide a row: one that
        inserts what only `any()` looks for can but reveal some.
        """
        return kind != "INSERT" or table in self.hides_by_presence

    def asked(self, kind: ChangeKind) -> Expr:
        """Return what is asked of the rows of a change."""
        if self.while_stored is None or kind == "DELETE":
            return self.expression
        return self.while_stored

    def bind(self, principal: Principal) -> Facts:
        """Return the rule's facts for the caller, as JSON."""
        return orjson.dumps(self.values(principal))

    def values(self, principal: Principal) -> list[Any]:
        """Return the facts' values, in the order of `facts`."""
        context = Context(principal)
        return [fact.fill(context) for fact in self.facts]

    def needs(self, principal: Principal) -> tuple[OneOf, ...]:
        """Return the column values that the rule requires for the caller; () for a
        relational rule.
        """
        return () if self.local is None else needs(self.expression, Context(principal))


def needed_of(rule: Expr, table: str, principal: Principal) -> Iterator[tuple[OneOf, ...]]:
    """Yield what values a row of another table must have to count for the caller: for each place
    where the rule looks into it, one of which must be met.
    """
    for node in walk(rule):
        if isinstance(node, Exists | Follow) and node.table.name == table:
            yield needs(all_of(*_on_found_row(node)), Context(principal))


def _on_found_row(node: Exists | Follow) -> Iterator[Expr]:
    """Yield the conditions on the found row and the caller alone, as on a row that is judged."""
    for part in conjuncts(node.where) if isinstance(node, Exists) else ():
        if scopes(part) == {node.scope} and is_local(part):
            yield rename_scope(part, node.scope, SCOPE)


def select_rule(
    expression: Expr, table: Table | None = None, model: Model | None = None
) -> SelectRule:
    """Compile a table's select rule; with FALSE only the service role may select."""
    facts = dict.fromkeys(node for node in walk(expression) if isinstance(node, Fact))
    local = judge(expression) if is_local(expression) else None
    stored, looked = None, looked_into(expression, model or Model())
    if (
        not looked
        and table is not None
        and may_hold_by_removal(expression, table, model or Model())
    ):
        stored = while_stored(expression, table)
    absent = frozenset(_absent(expression, holds=True))
    never = unsatisfiable(expression)
    return SelectRule(expression, tuple(facts), local, never, stored, looked, absent)


def looked_into(rule: Expr, model: Model) -> tuple[Table, ...]:
    """Return the tables that a rule looks into; none if one of them is a view or not the model's,
    whose changes no log has.
    """
    names = {node.table.name for node in walk(rule) if isinstance(node, Exists | Follow)}
    found = [model.get(name) for name in sorted(names)]
    tables = tuple(one for one in found if one is not None and one.view is None)
    return tables if len(tables) == len(names) else ()


def logged_tables(rules: Mapping[str, Expr], model: Model) -> frozenset[str]:
    """Return the tables that are logged: those followed, those that their rules look into, and
    those of broadcasts.
    """
    followed = [table.name for table in model if table.realtime]
    looked = (looked_into(rules[name], model) for name in followed if name in rules)
    messages = [table.name for table in model if table.broadcast]
    return frozenset((*followed, *messages, *(table.name for tables in looked for table in tables)))


def may_hold_by_removal(rule: Expr, table: Table, model: Model) -> bool:
    """Return whether one removal may end a row of the table and what makes its rule false."""
    own = _removed_with(table.name, model)
    return any(own & _removed_with(name, model) for name in _absent(rule, holds=True))


def while_stored(rule: Expr, table: Table) -> Expr:
    """Return the rule, true only while the table has a row of the same primary key."""
    same = tuple(
        Apply("eq", tuple(Field(scope, name, kind.type, kind.item) for scope in (_STORED, SCOPE)))
        for name, kind in ((name, table.by_name[name]) for name in table.primary_key)
    )
    return And((rule, Exists(table, _STORED, And(same)) if same else FALSE))


def _removed_with(table: str, model: Model) -> frozenset[str]:
    """Return the tables by whose rows' removal rows of this one are removed or changed."""
    found, waiting = {table}, [table]
    while waiting:
        known = model.get(waiting.pop())
        for key in known.foreign_keys if known is not None else ():
            if key.on_delete not in _KEEPING and key.target not in found:
                found.add(key.target)
                waiting.append(key.target)
    return frozenset(found)


def _absent(rule: Expr, *, holds: bool) -> Iterator[str]:
    """Yield the tables in which a missing row can make the rule true (false, unless `holds`)."""
    match rule:
        case Not(part):
            yield from _absent(part, holds=not holds)
        case And() | Or():
            for part in children(rule):
                yield from _absent(part, holds=holds)
        case Exists(table, _, where):
            if not holds:
                yield table.name
            yield from _absent(where, holds=holds)
        case Apply("is", (Follow(), Literal(None))) if not holds:
            return
        case Apply(operator) if operator in ("is", "isdistinct") or _has_look(rule):
            yield from (node.table.name for node in walk(rule) if isinstance(node, Exists | Follow))


def _has_look(rule: Expr) -> bool:
    return any(isinstance(node, Exists) for node in walk(rule))


#: The rule of a table without a select rule.
CLOSED = select_rule(FALSE)
