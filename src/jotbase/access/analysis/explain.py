"""Rules and statements as readable SQL, with each bound value in a comment at its placeholder.

In charge of text for developers, which is never executed. Must not know engines or requests.
"""

from __future__ import annotations

from typing import Any

from jotbase.access.enforcement.guard import using
from jotbase.access.enforcement.policy import Policy, conjunction
from jotbase.access.language.rules import Action
from jotbase.expression.binding import Slot
from jotbase.expression.expr import Context, Expr, Fact, Now, all_of
from jotbase.expression.predicate import predicate
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, Param

#: How many characters of a value are shown.
SHOWN = 80


def explain_rule(
    policy: Policy, table: Table, action: Action, context: Context, dialect: Dialect
) -> str:
    """Return the SQL of an action's rules, with the caller's values."""
    if context.principal.is_service:
        return "TRUE -- the service role passes all rules"
    condition = _conditions(policy, table, action)
    return with_values(predicate(condition, dialect, many="rows"), context)


def _conditions(policy: Policy, table: Table, action: Action) -> Expr:
    if action == "insert":
        return policy.rule(table, "insert").expression
    if action == "select":
        return using(policy, table, "select")
    checks = conjunction(policy.rule(table, "update").checks()) if action == "update" else None
    return all_of(using(policy, table, "select"), using(policy, table, action), checks)


def with_values(fragment: Fragment, context: Context) -> str:
    """Return a statement with `/* name = value */` after each placeholder."""
    return "".join(
        f"?{_comment(part, context)}" if isinstance(part, Param) else part
        for part in fragment.parts
    )


def _comment(param: Param, context: Context) -> str:
    slot = param.value
    filled = slot.fill(context) if hasattr(slot, "fill") else slot
    return f" /* {_name(slot)}{_shown(filled)} */"


def _name(slot: Any) -> str:
    node = slot.node if isinstance(slot, Slot) else slot
    if isinstance(node, Now):
        return "today() = " if node.day else "now() = "
    if isinstance(node, Fact):
        first, *rest = node.path
        return f"user.{first}{''.join(f'[{step!r}]' for step in rest)} = "
    return ""


def _shown(value: Any) -> str:
    text = "null" if value is None else repr(value)
    if len(text) > SHOWN:
        text = text[: SHOWN - 1] + "…"
    # The text must neither end the comment nor contain terminal control characters.
    printable = "".join(character if character.isprintable() else "�" for character in text)
    return printable.replace("*/", "* /").replace("/*", "/ *")
