"""Advice: valid rules and models that may allow more than their author intends.

In charge of each piece of advice: its message, and when it is given (its code:
`advice_codes`). Advice is no fault: nothing is refused because of it. Must not know databases: what
only they know comes in as `ObservedSchema`. Decision 71.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jotbase.access.analysis.advice_codes import ADVICE
from jotbase.access.analysis.outcomes import (
    OWNER,
    STRANGER,
    UNPROVEN,
    VISITOR,
    is_self_written,
    may_be_true,
    possible_outcomes,
)
from jotbase.access.enforcement.policy import Policy, Rule
from jotbase.access.language.rules import ACTIONS, Action
from jotbase.expression.expr import Apply, Exists, Expr, Fact, Field, facts, walk
from jotbase.schema.keywords.other_spellings import computed_hint
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.model.tables import USERS, Model, Table, Type

_SECRET = re.compile(
    r"pass(word|wd|phrase|code)|secret|token|api_?key|private_?key|credential|\bpin\b|\bssn\b"
    r"|social_security|\biban\b|credit_?card|card_?number|\bcvv\b|\bcvc\b|salt|otp",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_WRITES: tuple[Action, ...] = ("insert", "update", "delete")
_EMAILS = (("email",), ("claims", "email"))
_PHONES = (("claims", "phone"),)
#: What names one caller and no other.
_IDENTITIES = (("id",), ("claims", "sub"), *_EMAILS)


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice: its code, file, JSON pointer and reason."""

    code: str
    file: str
    pointer: str
    reason: str

    @property
    def hint(self) -> str:
        """What to do if it is not intended."""
        return ADVICE[self.code][1]

    def __str__(self) -> str:
        return f"{self.file}#{self.pointer}: {self.code}: {self.reason}\n    hint: {self.hint}"


@dataclass(frozen=True, slots=True)
class ObservedSchema:
    """Facts that the model does not contain: tables that views read, unique keys with a collation
    other than BINARY, rules that scan a table, functions without roles, whether sign-up needs no
    confirmation of the address, whether one may sign in without any.
    """

    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    nonbinary_keys: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    scans: tuple[tuple[str, Action, str], ...] = ()
    functions: tuple[str, ...] = ()
    unconfirmed_addresses: bool = False
    anonymous_users: bool = False


def advise(model: Model, policy: Policy, seen: ObservedSchema) -> list[Advice]:
    """Return all advice that the files do not acknowledge, and stale acknowledgements."""
    advice: list[Advice] = []
    for table in model:
        found = list(dict.fromkeys(_of_table(table, model, policy, seen)))
        known = table.schema.get("acknowledges", {})
        advice.extend(one for one in found if one.code not in known)
        for code in known:
            if code not in {one.code for one in found}:
                at = pointer(["acknowledges", code])
                advice.append(Advice("stale-acknowledgement", table.file, at, f"nothing is {code}"))
    for name in seen.functions:
        reason = f"{name} may be called by everybody"
        advice.append(Advice("open-function", "functions/__init__.py", f"/{name}", reason))
    return advice


def _of_table(table: Table, model: Model, policy: Policy, seen: ObservedSchema) -> Iterator[Advice]:
    rules = policy.rules.get(table.name, {})
    for action in ACTIONS:
        rule = rules.get(action)
        if rule is not None:
            yield from _of_rule(table, action, rule, seen)
            for name in _self_granted(rule.expression, model, policy):
                reason = f"who asks may put the row into {name} that the rule looks for"
                yield Advice("self-granted", table.file, f"/access/{action}", reason)
    for name, action, reason in seen.scans:
        if name == table.name:
            yield Advice("rule-scans", table.file, f"/access/{action}", reason)
    yield from _of_shown_secrets(table, model, rules, seen)
    yield from _of_owners(table, rules)
    yield from _of_columns(table, rules)
    yield from _of_keys(table, rules, seen)


def _of_rule(table: Table, action: Action, rule: Rule, seen: ObservedSchema) -> Iterator[Advice]:
    at = f"/access/{action}"
    used = facts(rule.expression)
    if any(map(is_self_written, used)):
        reason = "the rule trusts what users write of themselves"
        yield Advice("user-metadata-trusted", table.file, at, reason)
    if seen.unconfirmed_addresses and any(fact.path in _EMAILS for fact in used):
        reason = "the rule trusts an address that nobody has proven"
        yield Advice("unproven-email", table.file, at, reason)
    if any(fact.path[:2] in _PHONES for fact in used):
        reason = "the rule trusts a number that nobody has proven"
        yield Advice("unproven-phone", table.file, at, reason)
    to_visitors = may_be_true(rule.expression, VISITOR)
    if seen.anonymous_users and not to_visitors and may_be_true(rule.expression, UNPROVEN):
        reason = f"whoever signs in without an address may {action} rows of {table.name}"
        yield Advice("anonymous-user", table.file, at, reason)
    if action not in _WRITES:
        return
    if to_visitors:
        yield Advice("anonymous-write", table.file, at, f"anon may {action} rows of {table.name}")
    elif action != "insert" and may_be_true(rule.expression, STRANGER):
        reason = f"any signed-in caller may {action} rows of {table.name}"
        yield Advice("stranger-write", table.file, at, reason)


def _of_shown_secrets(
    table: Table, model: Model, rules: Mapping[Action, Rule], seen: ObservedSchema
) -> Iterator[Advice]:
    """Yield advice on what shows a `writeOnly` column by way of SQL."""
    if "select" not in rules:
        return
    own = {column.name for column in table.columns if column.write_only}
    for column in table.readable:
        if found := own.intersection(_WORD.findall(column.generated or "")):
            at = pointer(["properties", column.name, "generated"])
            reason = f"{column.name} is computed from {', '.join(sorted(found))}"
            yield Advice("shown-secret", table.file, at, reason)
    named = set(_WORD.findall(table.view or ""))
    for name in sorted(seen.reads.get(table.name, ())):
        behind = model.tables.get(name)
        for column in () if behind is None else behind.columns:
            if column.write_only and column.name in named and column.name not in own:
                reason = f"the view looks at {name}.{column.name}"
                yield Advice("shown-secret", table.file, "/view", reason)


def _of_owners(table: Table, rules: Mapping[Action, Rule]) -> Iterator[Advice]:
    """Yield advice on rows that may be, or become, somebody else's than the caller's."""
    owners = {
        name
        for action, rule in rules.items()
        if action != "insert"
        for name in _owner_columns(rule.expression, "row")
        if not (table.by_name[name].read_only or table.by_name[name].generated)
    }
    insert, update, select = (rules.get(one) for one in ("insert", "update", "select"))
    if owners and insert is not None and _lets_strangers_alone(insert):
        reason = f"a signed-in caller may add a row with any {', '.join(sorted(owners))}"
        yield Advice("foreign-owner", table.file, "/access/insert", reason)
    if update is None or select is None or not may_be_true(select.expression, STRANGER):
        return
    columns = set(_new_columns(update.expression))
    for name in sorted(owners.intersection(_owner_columns(update.expression, "row")) - columns):
        if columns:  # a rule that does not name `new` holds for the new row as a whole
            reason = f"{name} is asked of the old row alone"
            yield Advice("owner-given-away", table.file, "/access/update", reason)


def _lets_strangers_alone(rule: Rule) -> bool:
    """Return whether a rule lets signed-in callers through, and no visitors."""
    return may_be_true(rule.expression, STRANGER) and not may_be_true(rule.expression, VISITOR)


def _owner_columns(expression: Expr, scope: str) -> Iterator[str]:
    """Yield the columns that a rule holds against who the caller is."""
    for part in walk(expression):
        if not isinstance(part, Apply) or part.operator != "eq":
            continue
        if any(isinstance(one, Fact) and one.path in _IDENTITIES for one in part.arguments):
            for one in part.arguments:
                if isinstance(one, Field) and one.scope == scope:
                    yield one.name


def _new_columns(expression: Expr) -> Iterator[str]:
    for part in walk(expression):
        if isinstance(part, Field) and part.scope == "new":
            yield part.name


def _of_columns(table: Table, rules: Mapping[Action, Rule]) -> Iterator[Advice]:
    select = rules.get("select")
    open_to_all = select is not None and any(
        may_be_true(select.expression, caller) for caller in (VISITOR, STRANGER)
    )
    secret = [column.name for column in table.columns if column.write_only]
    to_all = select is not None and possible_outcomes(select.expression, VISITOR) == {True}
    if table.realtime and to_all:
        reason = f"anon may follow all changes of {table.name}"
        yield Advice("open-realtime", table.file, "/realtime", reason)
    if secret and to_all:
        reason = f"all rows are everybody's to read, beside {', '.join(secret)}"
        yield Advice("open-rows", table.file, "/access/select", reason)
    for column in table.columns:
        at: list[str | int] = ["properties", column.name]
        if open_to_all and not column.write_only and _SECRET.search(column.name):
            reason = f"strangers may read {column.name}"
            yield Advice("readable-secret", table.file, pointer(at), reason)
        if column.type is Type.TEXT and computed_hint(column.default) is not None:
            reason = f"{column.name} is filled with the text {column.default!r}"
            yield Advice("text-default", table.file, pointer([*at, "default"]), reason)


def _of_keys(table: Table, rules: Mapping[Action, Rule], seen: ObservedSchema) -> Iterator[Advice]:
    keys = [("primaryKey", table.primary_key)]
    keys += [("unique", unique.columns) for unique in table.unique]
    for word, columns in keys:
        named = ", ".join(columns)
        if any(table.by_name[name].write_only for name in columns) and "insert" in rules:
            reason = f"({named}) is unique, and part of it is writeOnly"
            yield Advice("unique-secret", table.file, f"/{word}", reason)
    if any(facts(rule.expression) for rule in rules.values()):
        for _, columns in keys:
            computed = [name for name in columns if table.by_name[name].generated]
            if computed:
                reason = f"{', '.join(computed)} is computed, and unique beside rules about callers"
                yield Advice("generated-unique", table.file, "/unique", reason)
        for columns in seen.nonbinary_keys.get(table.name, ()):
            reason = (
                f"({', '.join(columns)}) is not compared by its bytes, beside rules about callers"
            )
            yield Advice("nocase-unique", table.file, "/unique", reason)
    inner = sorted(
        name for name in seen.reads.get(table.name, ()) if name.startswith(("auth.", "jotbase."))
    )
    if inner and rules.get("select") is not None:
        reason = f"the view reads {', '.join(inner)}, and has a select rule"
        yield Advice("accounts-in-view", table.file, "/view", reason)


def _self_granted(expression: Expr, model: Model, policy: Policy) -> Iterator[str]:
    """Yield the tables in which a rule looks for a row of the caller's that the caller may
    insert.
    """
    for node in walk(expression):
        if not isinstance(node, Exists) or node.table.name == USERS.name:
            continue
        if not any(_is_own(part, node.scope) for part in walk(node.where)):
            continue
        rules = policy.rules.get(node.table.name, {})
        insert, update = rules.get("insert"), rules.get("update")
        added = insert is not None and may_be_true(insert.expression, OWNER)
        if node.table.name in model.tables and (added or _changes(node, update)):
            yield node.table.name


def _is_own(part: Expr, scope: str) -> bool:
    """Return whether a part compares a column of the row with the caller."""
    if not isinstance(part, Apply) or part.operator != "eq":
        return False
    return any(isinstance(one, Fact) for one in part.arguments) and any(
        isinstance(one, Field) and one.scope == scope for one in part.arguments
    )


def _changes(node: Exists, update: Rule | None) -> bool:
    """Return whether the owner of such a row may change the columns that the rule reads."""
    if update is None or not may_be_true(update.expression, OWNER):
        return False
    pinned = {
        one.arguments[0].name
        for one in walk(update.expression)
        if isinstance(one, Apply) and one.operator == "eq" and _is_pin(one)
        if isinstance(one.arguments[0], Field)
    }
    columns = {
        one.name for one in walk(node.where) if isinstance(one, Field) and one.scope == node.scope
    }
    own = {
        one.name
        for part in walk(node.where)
        if isinstance(part, Apply) and _is_own(part, node.scope)
        for one in part.arguments
        if isinstance(one, Field)
    }
    fixed = {column.name for column in node.table.columns if column.read_only}
    return bool(columns - own - pinned - fixed)


def _is_pin(part: Apply) -> bool:
    """Return whether a part keeps a column unchanged: `new.role == row.role`."""
    one, other = part.arguments
    return (
        isinstance(one, Field)
        and isinstance(other, Field)
        and one.name == other.name
        and {one.scope, other.scope} == {"new", "row"}
    )
