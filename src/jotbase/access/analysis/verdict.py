"""Verdicts: whether a caller may perform an action on a row, and the part of the rule that forbids
it.

In charge of verdicts with a reason, for `explain` and for tests of a project's rules. Must not know
SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from jotbase.access.enforcement.policy import NO_RULE, Policy
from jotbase.access.language.rules import Action, Conjunct
from jotbase.expression.expr import Context, rename_scope
from jotbase.expression.judge import Env, judge
from jotbase.schema.model.tables import Table
from jotbase.values import Row


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result; `reason` is the part of a rule that decided, or why no rule was evaluated."""

    allowed: bool
    reason: str


def verdict(
    policy: Policy,
    table: Table,
    action: Action,
    rows: Mapping[str, Row],
    context: Context,
    tables: Callable[[str], Iterable[Row]] = lambda name: (),
) -> Verdict:
    """Evaluate an action's rules on one row: `rows` has it as `row` (stored), `new` (after the
    write), or both.

    `tables` returns all rows of a table, for rules that depend on other rows.
    """
    if context.principal.is_service:
        return Verdict(True, "the service role passes all rules")
    env = Env(rows, context, tables)
    for rule, part in _asked(policy, table, action):
        found = judge(part.expression)(env)
        if found is not True:
            return Verdict(False, _reason(rule, part, found, table))
    return Verdict(True, f"every part of the {action} rule of {table.name} is true")


def _reason(rule: str, part: Conjunct, found: bool | None, table: Table) -> str:
    if part in NO_RULE.parts:
        return f"{table.name} has no {rule} rule, so only the service role may"
    outcome = "false" if found is False else "unknown, since something in it is null"
    return f"{rule} rule of {table.name}: `{part.text}` is {outcome}"


def _asked(policy: Policy, table: Table, action: Action) -> Iterator[tuple[str, Conjunct]]:
    """Yield (name of the rule, part) of the parts that must be true."""
    seen = policy.rule(table, "select").parts
    own = policy.rule(table, action)
    if action in ("update", "delete"):
        yield from (("select", part) for part in seen)
    yield from ((action, part) for part in own.parts)
    if action == "update":
        if not own.checks():
            yield from ((action, _of_new(part)) for part in own.parts)
        yield from (("select", _of_new(part)) for part in seen)


def _of_new(part: Conjunct) -> Conjunct:
    return Conjunct(f"{part.text}, of the new row,", rename_scope(part.expression, "row", "new"))
