"""A table's select rule as realtime needs it: judged in memory, or with the help of the database.

In charge of which facts about a caller a rule binds: callers for whom these are equal are one to
it. Must not know groups or changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from jotbase.access.unsatisfiable import Unsatisfiable, unsatisfiable
from jotbase.expression.expr import FALSE, Context, Expr, Fact, is_local, walk
from jotbase.expression.judge import Judge, judge
from jotbase.realtime.equalities import OneOf, needs
from jotbase.values import Principal

#: What a rule's facts are for somebody, as JSON: equal texts, equal verdicts.
Facts = bytes


@dataclass(frozen=True, slots=True)
class SelectRule:
    """One rule over `row`; `local` judges it, and is None where it looks into other tables.

    `unsatisfiable` says of a caller that it is true of no row.
    """

    expression: Expr
    facts: tuple[Fact, ...]
    local: Judge | None
    unsatisfiable: Unsatisfiable

    def bind(self, principal: Principal) -> Facts:
        """Return what the rule asks about the caller, filled in."""
        return orjson.dumps(self.values(principal))

    def values(self, principal: Principal) -> list[Any]:
        """Return the facts' values, in the order of `facts`."""
        context = Context(principal)
        return [fact.fill(context) for fact in self.facts]

    def needs(self, principal: Principal) -> tuple[OneOf, ...]:
        """Return the values without which the caller sees no row: nothing where the database is
        asked, whose answer is for it to find.
        """
        return () if self.local is None else needs(self.expression, Context(principal))


def select_rule(expression: Expr) -> SelectRule:
    """Return a rule ready to be judged; TRUE lets everybody see, FALSE the service role alone."""
    facts = dict.fromkeys(node for node in walk(expression) if isinstance(node, Fact))
    local = judge(expression) if is_local(expression) else None
    return SelectRule(expression, tuple(facts), local, unsatisfiable(expression))


#: What holds for a table without a select rule.
CLOSED = select_rule(FALSE)
