"""Dotted paths of the rule language: columns, followed references, facts about the caller.

In charge of resolving `row.company.owner` and `user.claims['a']`. Must not know operators.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jotbase.access.language.coercion import coercer, identity, list_coercer
from jotbase.access.language.syntax_errors import RuleError, rule_error
from jotbase.expression.expr import Apply, Expr, Fact, Field, Follow, Literal
from jotbase.expression.typed import type_of
from jotbase.schema.model.tables import USERS, Model, Table, Type
from jotbase.search.spelling import nearest

_FACTS: Mapping[str, Fact] = {
    "id": Fact(("id",), coercer(Type.TEXT), Type.TEXT),
    "role": Fact(("role",), coercer(Type.TEXT), Type.TEXT),
    "email": Fact(("email",), coercer(Type.TEXT), Type.TEXT),
    "aal": Fact(("claims", "aal"), coercer(Type.TEXT), Type.TEXT),
    "roles": Fact(("roles",), list_coercer(Type.TEXT), Type.ARRAY),
}


def suggestion(name: str, known: Sequence[str]) -> str | None:
    """Return a hint with the most similar known name, or with all of them."""
    close = nearest(name, known, 0.5)
    if close is not None:
        return f"Did you mean {close}?"
    return f"Known: {', '.join(known)}." if known else None


def column(
    scope: str, table: Table, names: Sequence[str], model: Model, node: ast.AST, called: str = ""
) -> Expr:
    """Return the column at the end of a path, with references followed. Raises RuleError.

    `called` is the source text of the path so far, for messages.
    """
    called = called or scope
    name, *rest = names
    found = table.by_name.get(name)
    if found is None:
        hint = suggestion(name, [column.name for column in table.columns])
        raise rule_error(node, f"{called} has no column {name!r} (table {table.name})", hint)
    here = Field(scope, name, found.type, found.item)
    if not rest:
        return here
    target = _target(table, name, rest[0], model, node, f"{called}.{name}")
    inner = f"{scope}>{name}"
    value = column(inner, target, rest, model, node, f"{called}.{name}")
    return Follow(here, target, inner, table.references[name].target_columns[0], value)


def _target(
    table: Table, name: str, wanted: str, model: Model, node: ast.AST, called: str
) -> Table:
    reference = table.references.get(name)
    if reference is None:
        if table.by_name[name].type is Type.JSON:
            hint = f"Write {called}[{wanted!r}] for what lies inside JSON."
        else:
            hint = f'Give the column "references", or call {wanted} as a function.'
        raise rule_error(node, f"{called} refers to no table, so it has no {wanted!r}", hint)
    target = find_table(reference.target, model)
    if target is None:
        raise rule_error(node, f"{called} refers to the unknown table {reference.target!r}")
    return target


def find_table(name: str, model: Model) -> Table | None:
    """Return the table of the model or `auth.users` with that name, or None."""
    return USERS if name == USERS.name else model.get(name)


def user_fact(name: str, node: ast.AST) -> Expr:
    """Return `user.<name>`. Raises RuleError."""
    if name == "claims":
        raise rule_error(
            node, "user.claims is the whole token", "Name a claim: user.claims['org']."
        )
    if name not in _FACTS:
        raise rule_error(node, f"user has no {name!r}", _fact_hint(name))
    return _FACTS[name]


def _fact_hint(name: str) -> str | None:
    if name in ("uid", "sub", "user_id"):
        return "Did you mean id?"
    if nearest(name, [*_FACTS, "claims"], 0.5) is None:
        return f"Known: {', '.join([*_FACTS, 'claims'])}; of the token, user.claims[{name!r}]."
    return suggestion(name, [*_FACTS, "claims"])


def subscript(node: ast.Subscript | ast.Call) -> tuple[ast.expr, list[str | int]] | None:
    """Return (base expression, keys in order) of `base['key'].get('key')…`, None for other
    nodes.
    """
    keys: list[str | int] = []
    at: ast.expr = node
    while True:
        match at:
            case ast.Subscript(value, ast.Constant(str() | int() as key)) if type(key) is not bool:
                keys.append(key)
            case ast.Subscript(value, ast.UnaryOp(ast.USub(), ast.Constant(int(index)))):
                keys.append(-index)
            case ast.Call(ast.Attribute(value, "get"), [ast.Constant(str(key))], []):
                keys.append(key)
            case _:
                return (at, keys[::-1]) if keys else None
        at = value


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: `.key` if `dotted`, else `['key']` or `.get('key')`."""

    key: str | int
    dotted: bool


def steps(node: ast.expr) -> tuple[ast.Name, list[Step]] | None:
    """Return (first name, steps) of a path, None for a node that is no path."""
    found: list[Step] = []
    at = node
    while not isinstance(at, ast.Name):
        inner = subscript(at) if isinstance(at, ast.Subscript | ast.Call) else None
        if inner is not None:
            at, keys = inner
            found[:0] = [Step(key, dotted=False) for key in keys]
        elif isinstance(at, ast.Attribute):
            found.insert(0, Step(at.attr, dotted=True))
            at = at.value
        else:
            return None
    return at, found


def split_path(path: Sequence[Step], table: Table, model: Model) -> tuple[list[str], list[Step]]:
    """Return (column names along followed references, remaining steps into the last column's JSON).

    Columns may be written in brackets: `row['from']`, `row['First Name']`.
    """
    names: list[str] = []
    at: Table | None = table
    for place, step in enumerate(path):
        if not isinstance(step.key, str):
            return names, list(path[place:])
        names.append(step.key)
        rest = list(path[place + 1 :])
        reference = at.references.get(step.key) if at is not None else None
        if reference is None and rest and not rest[0].dotted:
            return names, rest
        at = find_table(reference.target, model) if reference is not None else None
    return names, []


def claim(keys: Sequence[str | int], node: ast.AST) -> Expr:
    """Return `user.claims[…]…`; its type follows from the other operand. Raises RuleError."""
    names = [key for key in keys if isinstance(key, str)]
    if len(names) < len(keys):
        raise rule_error(node, "claims are named by text, as in user.claims['org']")
    return Fact(("claims", *names), identity)


def json_path(base: Expr, keys: Sequence[str | int], node: ast.AST) -> Expr:
    """Return the value at a path into a JSON column. Raises RuleError."""
    if type_of(base) is not Type.JSON:
        raise _no_json(node)
    if any(isinstance(key, str) and '"' in key for key in keys):
        raise rule_error(node, "a key inside JSON cannot hold a quotation mark here")
    return Apply("json_get", (base, Literal(tuple(keys))))


def _no_json(node: ast.AST) -> RuleError:
    return rule_error(
        node,
        "only user.claims and JSON columns are looked into with brackets",
        "For an array column write `item in row.column`.",
    )
