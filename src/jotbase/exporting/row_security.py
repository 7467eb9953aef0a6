"""A table's access rules as PostgreSQL's row-level security, for a database that Supabase runs.

In charge of policies, of the functions that look into other tables for them, and of the trigger
that compares a row with what it was, which no policy can. Must not know how a condition is spelled
(`caller_sql`). A rule that does not translate leaves its action to nobody.
Source: PostgreSQL manual, CREATE POLICY and 5.9 (Row Security Policies).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jotbase.access.enforcement.guard import update_check
from jotbase.access.enforcement.policy import Policy, Rule
from jotbase.access.language.rules import ACTIONS, Action
from jotbase.exporting.caller_sql import Untranslatable, condition
from jotbase.exporting.tables import CALLERS
from jotbase.expression.expr import (
    TRUE,
    Expr,
    Field,
    conjuncts,
    is_local,
    scopes,
)
from jotbase.expression.predicate import free_fields
from jotbase.schema.ddl.postgres.columns import TYPES, dollar_quoted
from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import POSTGRES, text_literal
from jotbase.sql.fragment import Fragment, sql

#: Where the functions lie: no API serves it.
SCHEMA = '"jotbase_rules"'

_WORDS: Mapping[Action, str] = {action: action.upper() for action in ACTIONS}
_OLD_AND_NEW = {"row": "OLD", "new": "NEW"}


@dataclass(slots=True)
class RowSecurity:
    """A table's statements in order, and in words what did not translate, with why.

    `granted` are the actions that callers have at all.
    """

    statements: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    granted: list[Action] = field(default_factory=list)


def row_security(policy: Policy, table: Table) -> RowSecurity:
    """Return the row-level security of a table."""
    name = POSTGRES.identifier(table.name)
    made = RowSecurity([f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"])
    for action in ACTIONS:
        rule = policy.rules.get(table.name, {}).get(action)
        if rule is None:
            continue
        try:
            statements = list(_statements(policy, table, action, rule))
        except Untranslatable as error:
            told = f"{table.name}: nobody may {action}: the rule does not translate, {error}"
            made.notes.append(f"{told}: {rule.text}")
            continue
        made.statements.extend(statements)
        made.granted.append(action)
    return made


def _statements(policy: Policy, table: Table, action: Action, rule: Rule) -> Iterator[str]:
    """Yield the functions of an action's rule, then its policy, then its trigger."""
    using: Iterable[Expr] = ()
    check: Iterable[Expr] = ()
    if action == "update":
        using = [part.expression for part in rule.using()]
        check = conjuncts(update_check(policy, table))
    elif action == "insert":
        check = conjuncts(rule.expression)
    else:
        using = conjuncts(rule.expression)
    compared = [part for part in check if scopes(part) >= {"row", "new"}]
    told = _Spelled(table, action)
    chosen = told.all(using, {})
    written = told.all((part for part in check if part not in compared), {})
    moved = told.all(compared, _OLD_AND_NEW)
    yield from told.functions
    parts = [f"USING ({chosen})"] if action != "insert" else []
    parts += [f"WITH CHECK ({written})"] if action in ("insert", "update") else []
    named = POSTGRES.identifier(default_name(table.name, (action,), "policy"))
    yield (
        f"CREATE POLICY {named} ON {POSTGRES.identifier(table.name)} FOR {_WORDS[action]}"
        f" TO {CALLERS} {' '.join(parts)}"
    )
    if compared:
        yield from _trigger(table, moved)


@dataclass(slots=True)
class _Spelled:
    """Conditions of one rule as SQL, and the functions that they call.

    A policy's own subqueries see of other tables what their policies show its caller; rules see all
    rows. Functions with the rights of their owner do, and by their statement's snapshot.
    """

    table: Table
    action: Action
    functions: list[str] = field(default_factory=list)

    def all(self, parts: Iterable[Expr], names: Mapping[str, str]) -> str:
        """Return a conjunction; `names` says what rows are called, by default as the table."""
        return " AND ".join(f"({self._part(part, names)})" for part in parts) or "TRUE"

    def _part(self, part: Expr, names: Mapping[str, str]) -> str:
        def spell(column: Field) -> Fragment:
            row = names.get(column.scope) or POSTGRES.identifier(self.table.name)
            return sql(f"{row}.{POSTGRES.identifier(column.name)}")

        if part == TRUE or is_local(part):
            return condition(part, spell)
        fields = list(dict.fromkeys(free_fields(part)))
        places = {one: sql(f"${number}") for number, one in enumerate(fields, 1)}
        body = condition(part, places.__getitem__)
        count = str(len(self.functions) + 1)
        name = POSTGRES.identifier(default_name(self.table.name, (self.action, count), "rule"))
        self.functions.append(_function(f"{SCHEMA}.{name}", fields, body))
        return f"{SCHEMA}.{name}({', '.join(spell(one).text for one in fields)})"


def _function(name: str, fields: Sequence[Field], body: str) -> str:
    takes = ", ".join(TYPES[one.type].partition(" COLLATE")[0] for one in fields)
    quoted = dollar_quoted(f"SELECT {body}", "rule")
    return (
        f"CREATE FUNCTION {name}({takes}) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER"
        f" SET search_path = pg_catalog, public, pg_temp AS {quoted}"
    )


def _trigger(table: Table, condition: str) -> Iterator[str]:
    """Yield a trigger that refuses what the row was not: STABLE, it sees the state before."""
    called = f"{SCHEMA}.{POSTGRES.identifier(default_name(table.name, ('update',), 'check'))}"
    message = f'new row violates row-level security policy for table "{table.name}"'
    body = (
        f"BEGIN IF row_security_active(TG_RELID) AND NOT coalesce({condition}, FALSE) THEN"
        f" RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = {text_literal(message)}; END IF;"
        " RETURN NEW; END"
    )
    yield (
        f"CREATE FUNCTION {called}() RETURNS trigger LANGUAGE plpgsql STABLE"
        f" SET search_path = pg_catalog, public, pg_temp AS {dollar_quoted(body, 'rule')}"
    )
    named = POSTGRES.identifier(default_name(table.name, ("update",), "check"))
    yield (
        f"CREATE TRIGGER {named} BEFORE UPDATE ON {POSTGRES.identifier(table.name)}"
        f" FOR EACH ROW EXECUTE FUNCTION {called}()"
    )
