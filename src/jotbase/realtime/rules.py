"""A table's select rule for realtime: evaluated in memory, or by a query if it is relational.

In charge of the facts about a caller that a rule binds: callers with equal facts see the same rows.
Must not know groups or changes.
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

#: The values of a rule's facts for a caller, as JSON: equal texts have equal verdicts.
Facts = bytes


@dataclass(frozen=True, slots=True)
class SelectRule:
    """One rule on `row`; `local` evaluates it in memory, None if it is relational.

    `unsatisfiable` returns whether no row can satisfy it for a caller.
    """

    expression: Expr
    facts: tuple[Fact, ...]
    local: Judge | None
    unsatisfiable: Unsatisfiable

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


def select_rule(expression: Expr) -> SelectRule:
    """Compile a select rule; with FALSE only the service role may select."""
    facts = dict.fromkeys(node for node in walk(expression) if isinstance(node, Fact))
    local = judge(expression) if is_local(expression) else None
    return SelectRule(expression, tuple(facts), local, unsatisfiable(expression))


#: The rule of a table without a select rule.
CLOSED = select_rule(FALSE)
