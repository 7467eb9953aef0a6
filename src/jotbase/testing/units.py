"""Rules and schemas under test alone: no server, no database, microseconds a question.

In charge of asking one rule of one caller and one row, and one schema of one row, by the very code
that the server asks them by. Must not know a backend.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from jotbase.access.enforcement.guard import update_check, using
from jotbase.access.enforcement.policy import Policy, Rule, conjunction
from jotbase.access.language.rules import Action, parse_conjuncts
from jotbase.auth.tokens.encoding import decode
from jotbase.expression.expr import Context
from jotbase.expression.judge import Env, judge
from jotbase.project.data import ProjectDefinition
from jotbase.schema.model.tables import Table, Type
from jotbase.schema.values.convert import from_text
from jotbase.testing.client import Client
from jotbase.testing.factories import as_stored, row_for
from jotbase.values import ANONYMOUS, AUTHENTICATED, SERVICE_PRINCIPAL, Principal

Rows = Mapping[str, Any]
_CONVERTED = (Type.TIMESTAMP, Type.DATE, Type.TIME, Type.UUID, Type.DECIMAL)


def caller(
    user_id: str | None = None,
    *,
    email: str | None = None,
    roles: Iterable[str] = (),
    app_metadata: Rows | None = None,
    claims: Rows | None = None,
) -> Principal:
    """Return a signed-in caller as a token would describe it; without an id, nobody in person."""
    metadata = {**({"roles": list(roles)} if roles else {}), **(app_metadata or {})}
    said = {"sub": user_id, "email": email, "role": AUTHENTICATED, "app_metadata": metadata}
    return Principal(AUTHENTICATED, user_id, email, claims={**said, **(claims or {})})


class Units:
    """A project's rules and schemas, asked one at a time."""

    def __init__(self, definition: ProjectDefinition) -> None:
        self._definition = definition

    def allows(
        self,
        table: str,
        action: Action,
        user: Principal | Client | None,
        row: Rows,
        new: Rows | None = None,
        *,
        rule: str | None = None,
        tables: Mapping[str, Iterable[Rows]] | None = None,
    ) -> bool:
        """Whether the action's own rule is true for the caller: None is a visitor, a client is who
        its token says.

        `row` is the row to be read, deleted, changed or, for an insert, written; `new` has what an
        update changes. Other tables that the rule asks have the rows in `tables`; one that is not
        there raises LookupError. `rule` asks that text instead of the table's.
        """
        known, principal = self._table(table), _principal(user)
        if principal.is_service:
            return True
        policy = self._definition.policy
        if rule is not None:
            parts = parse_conjuncts(rule, known, action, self._definition.model)
            policy = Policy({table: {action: Rule(rule, parts)}}, {})
        stored = _canonical(row, known)
        changed = {**stored, **_canonical(new or {}, known, whole=False)}
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        context = Context(principal, (), now)
        rows = {"row": stored, "new": changed if action == "update" else stored}
        env = Env(rows, context, self._others(tables or {}))
        if action != "update":
            return judge(conjunction(policy.rule(known, action).parts))(env) is True
        asked = (using(policy, known, "update"), update_check(policy, known))
        return all(judge(one)(env) is True for one in asked)

    def faults(self, table: str, row: Rows) -> list[dict[str, Any]]:
        """Return what the schema says against a row to insert; defaults count as given."""
        known, check = self._table(table), self._definition.checks[table]
        strangers = [
            {"pointer": f"/{name}", "keyword": "properties", "message": "there is no such column"}
            for name in row
            if name not in known.by_name
        ]
        return strangers or check.faults(as_stored(row, known, check))

    def valid(self, table: str, row: Rows) -> bool:
        """Whether a row to insert fits the table's schema, conditions on the whole row included."""
        return not self.faults(table, row)

    def row_for(self, table: str, number: int = 1, **given: Any) -> dict[str, Any]:
        """Return a valid row of the fewest columns; other numbers give other rows."""
        return row_for(self._table(table), self._definition.checks[table], number, given)

    def _table(self, name: str) -> Table:
        found = self._definition.model.get(name)
        if found is None:
            raise AssertionError(f"there is no table {name}")
        return found

    def _others(self, tables: Mapping[str, Iterable[Rows]]) -> Callable[[str], Iterable[Any]]:
        def rows(name: str) -> Iterable[Any]:
            if name not in tables:
                raise LookupError(
                    f"the rule asks {name}: pass its rows, tables={{{name!r}: [...]}}"
                )
            known = self._definition.model.get(name)
            return [dict(row) if known is None else _canonical(row, known) for row in tables[name]]

        return rows


def _principal(user: Principal | Client | None) -> Principal:
    if user is None:
        return ANONYMOUS
    if isinstance(user, Principal):
        return user
    if user.id is None:
        return SERVICE_PRINCIPAL if user.key.startswith("sb_secret_") else ANONYMOUS
    claims = json.loads(decode(user.token.split(".")[1]))
    return caller(user.id, email=user.email, claims=claims)


def _canonical(row: Rows, table: Table, *, whole: bool = True) -> dict[str, Any]:
    """Return a row in the form in which rules compare it."""
    found: dict[str, Any] = dict.fromkeys(table.by_name) if whole else {}
    for name, value in row.items():
        column = table.by_name.get(name)
        if column is None:
            raise AssertionError(f"{table.name} has no column {name}")
        convert = value is not None and column.type in _CONVERTED
        found[name] = from_text(column.type, str(value)) if convert else value
    return found
