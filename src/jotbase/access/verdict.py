"""Whether a caller may do something with a row, and the part of the rule that says no.

In charge of verdicts in words, for `explain` and for tests of a project's rules. Must not know SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from jotbase.access.policy import NO_RULE, Policy
from jotbase.access.rules import Action, Conjunct
from jotbase.expression.expr import Context, rescoped
from jotbase.expression.judge import Env, judge
from jotbase.schema.model.tables import Table
from jotbase.values import Row


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; `reason` names the part of a rule that decided, or says why none was asked."""

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
    """Judge one row: `rows` holds it as `row` (as stored), `new` (as it would be), or both.

    `tables` gives all rows of a table, for rules that look into others.
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
    said = "false" if found is False else "unknown, since something in it is null"
    return f"{rule} rule of {table.name}: `{part.text}` is {said}"


def _asked(policy: Policy, table: Table, action: Action) -> Iterator[tuple[str, Conjunct]]:
    """Yield the parts that must be true, with the name of the rule that each is of."""
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
    return Conjunct(f"{part.text}, of the new row,", rescoped(part.expression, "row", "new"))
