"""Conditions as SQL for a database that knows its caller by `auth.uid()` and `auth.jwt()`.

In charge of spelling an expression without parameters, for policies of PostgreSQL's row-level
security as Supabase has them. Must not know policies. What cannot be said exactly is refused, never
approximated: a rule that is nearly right lets the wrong caller in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jotbase.access.language.coercion import presence
from jotbase.expression.binding import Takes
from jotbase.expression.expr import Expr, Fact, Now
from jotbase.expression.predicate import FieldCompiler, predicate
from jotbase.expression.semantics import ITEMS
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import POSTGRES, text_literal
from jotbase.sql.fragment import Fragment, sql

_UID = "(SELECT auth.uid())"
#: A subquery without a column of the row is evaluated once for the statement, not for each row.
_TOKEN = "(SELECT auth.jwt())"
_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

#: What the token says, as JSON; who brings none is a visitor.
_FACTS: Mapping[str, str] = {
    "role": f"coalesce({_TOKEN} -> 'role', '\"anon\"'::jsonb)",
    "email": f"({_TOKEN} -> 'email')",
    "roles": f"({_TOKEN} #> '{{app_metadata,roles}}')",
}
#: A JSON value as a value of a type, unknown where it is of another (`coercion.coercer`).
_READ: Mapping[Type, str] = {
    Type.TEXT: "CASE WHEN jsonb_typeof({0}) = 'string' THEN {0} #>> '{}' END",
    Type.BOOLEAN: "CASE WHEN jsonb_typeof({0}) = 'boolean' THEN {0}::boolean END",
    Type.NUMBER: "CASE WHEN jsonb_typeof({0}) = 'number' THEN {0}::double precision END",
    Type.INTEGER: (
        "CASE WHEN jsonb_typeof({0}) = 'number' THEN CASE WHEN {0}::numeric % 1 = 0"
        " AND {0}::numeric BETWEEN -9223372036854775808 AND 9223372036854775807"
        " THEN {0}::bigint END END"
    ),
    Type.UUID: (
        "CASE WHEN jsonb_typeof({0}) = 'string' AND {0} #>> '{}' ~* '" + _UUID + "'"
        " THEN ({0} #>> '{}')::uuid END"
    ),
    Type.JSON: "{0}",
}


class Untranslatable(Exception):
    """A condition that PostgreSQL cannot be asked exactly; its text is the reason."""


def condition(expression: Expr, fields: FieldCompiler) -> str:
    """Return the SQL of a condition, without parameters. Raises Untranslatable."""
    fragment = predicate(expression, POSTGRES, fields, facts=caller_fact)
    text = "".join(
        part if isinstance(part, str) else inlined(part.value) for part in fragment.parts
    )
    if ITEMS in text:
        raise Untranslatable("it compares whole lists")
    return text


def inlined(value: Any) -> str:
    """Return a parameter's value as a literal. Raises Untranslatable."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return f"({value!r})"
        case str():
            return text_literal(value)
        case list() | tuple():
            return f"ARRAY[{', '.join(map(inlined, value))}]"
        case bytes():
            return f"'\\x{value.hex()}'"
        case Now(day=True):
            return "(now() AT TIME ZONE 'UTC')"
        case Now():
            return "now()"
    raise Untranslatable("it names what a statement's text cannot hold")


def caller_fact(fact: Fact, takes: Takes) -> Fragment:
    """Return a fact about the caller in the type that it is compared with. Raises Untranslatable.

    It is unknown where the token says something of another type.
    """
    first, *path = fact.path
    if first == "id":
        return sql(_caller_id(fact))
    if first == "claims":
        if any(step.lstrip("-").isdigit() for step in path):
            raise Untranslatable("a claim's name is a number, which would count items of a list")
        found = f"({_TOKEN} #> {inlined(path)})"
    else:
        found = _FACTS[first]
    if fact.read is presence:
        return sql(f"CASE WHEN jsonb_typeof({found}) <> 'null' THEN TRUE END")
    if takes == "list":
        return sql(_texts(found, fact))
    kind = fact.type or Type.JSON
    if kind not in _READ:
        raise Untranslatable(f"it compares {'.'.join(fact.path)} as {kind.value}")
    return sql(f"({_READ[kind].replace('{0}', found)})")


def _caller_id(fact: Fact) -> str:
    if fact.read is presence:
        return f"CASE WHEN {_UID} IS NOT NULL THEN TRUE END"
    if fact.type is Type.UUID:
        return _UID
    if fact.type is Type.TEXT:
        return f"{_UID}::text"
    raise Untranslatable("it compares user.id with what is no UUID")


def _texts(found: str, fact: Fact) -> str:
    """Return a list's texts; `user.roles` is never unknown, another list is where it is none."""
    if fact.type is not Type.TEXT:
        raise Untranslatable(f"it looks for what is no text in {'.'.join(fact.path)}")
    items = (
        f"ARRAY(SELECT item #>> '{{}}' FROM jsonb_array_elements({found}) AS each(item)"
        " WHERE jsonb_typeof(item) = 'string')"
    )
    otherwise = " ELSE '{}'::text[]" if fact.path == ("roles",) else ""
    return f"CASE WHEN jsonb_typeof({found}) = 'array' THEN {items}{otherwise} END"
