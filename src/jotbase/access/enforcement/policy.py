"""The policy: all access rules and default expressions of a model, parsed when it is loaded.

In charge of reporting every fault in every rule at once, and of which rules are local. Must not
know the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jotbase.access.language.rules import ACTIONS, Action, Conjunct, parse_conjuncts, parse_default
from jotbase.errors import Fault, ProjectError
from jotbase.expression.expr import (
    FALSE,
    Context,
    Expr,
    Literal,
    NewUuid,
    Now,
    all_of,
    is_local,
    scopes,
    walk,
)
from jotbase.expression.judge import Env, value
from jotbase.query.write.result import SharedDefault
from jotbase.records import dataclass
from jotbase.schema.model.tables import Column, Model, Table, Type

Default = Callable[[Context], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One access rule: its text, and the conjuncts of its top-level `and`."""

    text: str
    parts: tuple[Conjunct, ...]

    @property
    def expression(self) -> Expr:
        """The whole rule as an expression."""
        return conjunction(self.parts)

    @property
    def is_local(self) -> bool:
        """Whether the rule depends on row and caller alone, so that it can be evaluated in
        memory.
        """
        return all(is_local(part.expression) for part in self.parts)

    def using(self) -> tuple[Conjunct, ...]:
        """Return the parts on the stored row alone, which select rows (PostgreSQL's USING)."""
        return tuple(part for part in self.parts if "new" not in scopes(part.expression))

    def checks(self) -> tuple[Conjunct, ...]:
        """Return the parts on the new row, which reject writes (PostgreSQL's WITH CHECK)."""
        return tuple(part for part in self.parts if "new" in scopes(part.expression))


def conjunction(parts: Iterable[Conjunct]) -> Expr:
    """Return the conjunction of the parts."""
    return all_of(*(part.expression for part in parts))


#: The rule of an action for which a table has none: always false.
NO_RULE = Rule("", (Conjunct("no rule", FALSE),))


@dataclass(frozen=True, slots=True)
class Policy:
    """A model's rules by table and action, and its defaults by table and column."""

    rules: Mapping[str, Mapping[Action, Rule]]
    defaults: Mapping[str, Mapping[str, Default]]

    def rule(self, table: Table, action: Action) -> Rule:
        """Return the rule of an action, `NO_RULE` if the table has none."""
        return self.rules.get(table.name, {}).get(action, NO_RULE)

    def described(self) -> list[dict[str, str]]:
        """Return {table, action, rule, judged} of each rule; `judged` is local or relational."""
        return [
            {
                "table": table,
                "action": action,
                "judged": "local" if rule.is_local else "relational",
                "rule": rule.text,
            }
            for table, rules in self.rules.items()
            for action, rule in rules.items()
        ]


def load_policy(model: Model) -> Policy:
    """Parse the rules and defaults of all tables. Raises ProjectError with every fault."""
    faults: list[Fault] = []
    rules: dict[str, Mapping[Action, Rule]] = {}
    defaults: dict[str, Mapping[str, Default]] = {}
    for table in model:
        rules[table.name] = _rules(table, model, faults)
        defaults[table.name] = _defaults(table, model, faults)
    if faults:
        raise ProjectError(faults)
    return Policy(rules, defaults)


def _rules(table: Table, model: Model, faults: list[Fault]) -> Mapping[Action, Rule]:
    found: dict[Action, Rule] = {}
    for action in ACTIONS:
        text = table.access.get(action)
        if text is None:
            continue
        try:
            found[action] = Rule(text, parse_conjuncts(text, table, action, model))
        except ProjectError as error:
            faults.extend(error.faults)
    return found


def _defaults(table: Table, model: Model, faults: list[Fault]) -> Mapping[str, Default]:
    found: dict[str, Default] = {}
    for column in table.columns:
        if column.default_expression is None:
            continue
        try:
            expression = parse_default(column.default_expression, column, table, model)
            found[column.name] = _default(expression, column)
        except ProjectError as error:
            faults.extend(error.faults)
    return found


def _default(expression: Expr, column: Column) -> Default:
    if isinstance(expression, Literal):
        return SharedDefault(lambda context: expression.value)
    if isinstance(expression, Now) and column.type is Type.DATE:
        return SharedDefault(lambda context: context.now[: len("2026-01-01")])
    read = value(expression)

    def default(context: Context) -> Any:
        return read(Env({}, context))

    varies = any(isinstance(node, NewUuid) for node in walk(expression))
    return default if varies else SharedDefault(default)
