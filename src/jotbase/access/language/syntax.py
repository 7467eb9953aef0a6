"""Compiling a rule's Python syntax tree to an expression, with names resolved and types checked.

In charge of the rule language: which of Python's expressions it supports, and their semantics. Must
not know where a rule is declared or how it is enforced. No rule is ever executed as Python.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jotbase.access.language.calls import call
from jotbase.access.language.coercion import presence
from jotbase.access.language.comparisons import (
    coerced,
    in_array,
    in_options,
    is_json_path,
    literal,
    type_name,
    typed_comparison,
)
from jotbase.access.language.paths import (
    claim,
    column,
    find_table,
    json_path,
    split_path,
    steps,
    subscript,
    suggestion,
    user_fact,
)
from jotbase.access.language.syntax_errors import RuleError, RuleErrors, rule_error
from jotbase.expression.expr import And, Apply, Exists, Expr, Fact, Literal, Not, Or, all_of
from jotbase.expression.typed import type_of
from jotbase.schema.model.tables import USERS, Model, Table, Type

#: Names that no loop variable may have.
RESERVED = frozenset(
    {"row", "new", "user", "any", "len", "lower", "startswith", "now", "today", "uuid"}
)

_OPERATORS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "neq",
    ast.Lt: "lt",
    ast.LtE: "lte",
    ast.Gt: "gt",
    ast.GtE: "gte",
}
_OTHER_WORDS = {"null": "None", "none": "None", "true": "True", "false": "False"}
_EQUAL = "Compare values with `==`, `<`, `in`."
_OTHER_NAMES = {
    "authenticated": "Write user.id is not None, or 'authenticated' in quotes.",
    "anon": "Write user.role == 'anon'.",
    "public": "Write True.",
    "everyone": "Write True.",
    "nobody": "Leave the key out.",
    "service_role": "The service role needs no rule: it may do everything.",
    "auth": "Write user.id.",
    "current_user": "Write user.id.",
    "old": "Write row.",
    "now": "Write now().",
    "current_timestamp": "Write now().",
    "today": "Write today().",
    "current_date": "Write today().",
}
_UNSUPPORTED: Mapping[type[ast.expr], tuple[str, str | None]] = {
    ast.BinOp: ("arithmetic is not part of the rule language", _EQUAL),
    ast.IfExp: ("`if … else` is not part of the rule language", "Use `and`, `or` and `not`."),
    ast.Lambda: ("functions cannot be defined in a rule", "Write the condition alone."),
    ast.JoinedStr: ("formatted text is not part of the rule language", _EQUAL),
    ast.NamedExpr: ("nothing can be assigned in a rule", "Did you mean `==`?"),
    ast.List: ("a list stands only right of `in`", "As in row.kind in ['a', 'b']."),
    ast.Tuple: ("a comma makes no sense here", "Join conditions with `and` or `or`."),
    ast.Set: ("sets are not part of the rule language", "Write a list: ['a', 'b']."),
    ast.Dict: ("objects are not part of the rule language", _EQUAL),
    ast.GeneratorExp: ("a loop stands only inside any(…)", "any(m.x == 1 for m in members)"),
    ast.ListComp: ("lists cannot be computed in a rule", "Use any(… for … in …)."),
    ast.Await: ("nothing can be awaited in a rule", "Write the condition alone."),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Compiles the nodes of one text. `scopes` maps row names to their tables.

    `absent` maps `row` and `new` to the reason why they are not available here. `defaults` allows
    uuid().
    """

    model: Model
    scopes: Mapping[str, Table]
    absent: Mapping[str, str]
    defaults: bool = False

    def condition(self, node: ast.expr) -> Expr:
        """Compile a boolean node. Raises RuleError, or RuleErrors for several errors."""
        return self._truth(self.value(node), node)

    def conditions(self, parts: Sequence[ast.expr]) -> list[Expr]:
        """Compile several conditions. Raises RuleErrors with the errors of all of them."""
        read: list[Expr] = []
        refused: list[RuleError] = []
        for part in parts:
            try:
                read.append(self.condition(part))
            except RuleError as one:
                refused.append(one)
            except RuleErrors as several:
                refused.extend(several.errors)
        if refused:
            raise RuleErrors(refused)
        return read

    def _truth(self, found: Expr, node: ast.expr) -> Expr:
        if type_of(found) is Type.BOOLEAN:
            return found
        if isinstance(found, Fact) and found.type is None:
            return coerced(found, Type.BOOLEAN, node)
        if is_json_path(found):
            return Apply("eq", (found, Literal(True, Type.JSON)))
        raise rule_error(
            node,
            f"a rule must say yes or no, and this gives {type_name(found)}",
            "Compare it with something, or write `is not None`.",
        )

    def value(self, node: ast.expr) -> Expr:
        """Compile any node. Raises RuleError, or RuleErrors for several errors."""
        match node:
            case ast.Constant(value):
                return literal(value, node)
            case ast.Name(name):
                raise self._bare_name(name, node)
            case ast.Attribute() | ast.Subscript():
                return self._path(node)
            case ast.Call():
                return self._call(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.BoolOp(operator, parts):
                return self._joined(operator, parts)
            case ast.UnaryOp():
                return self._unary(node)
        unknown = "this is not part of the rule language", _EQUAL
        raise rule_error(node, *_UNSUPPORTED.get(type(node), unknown))

    def _bare_name(self, name: str, node: ast.AST) -> RuleError:
        if name in self.absent:
            return rule_error(node, self.absent[name], self._instead())
        if name in self.scopes or name == "user":
            return rule_error(node, f"{name} alone is no value", f"Name a part of it: {name}.id.")
        if name in _OTHER_WORDS:
            return rule_error(
                node, f"unknown name {name!r}", f"Python writes {_OTHER_WORDS[name]}."
            )
        for scope, table in self.scopes.items():
            if name in table.by_name:
                return rule_error(node, f"unknown name {name!r}", f"Did you mean {scope}.{name}?")
        if name in _OTHER_NAMES:
            return rule_error(node, f"unknown name {name!r}", _OTHER_NAMES[name])
        hint = suggestion(name, [*self.scopes, "user"])
        if not self.scopes:
            hint = f'A literal stands in quotes: {name!r}, or is a "default".'
        return rule_error(node, f"unknown name {name!r}", hint)

    def _instead(self) -> str:
        if not self.scopes:
            return "Known: user, now(), today(), uuid()."
        scope, table = next(iter(self.scopes.items()))
        return f"Write {scope}.{next(iter(table.by_name), 'column')}."

    def _path(self, node: ast.Attribute | ast.Subscript | ast.Call) -> Expr:
        """Compile a path: a column, a value inside it, or a fact about the caller."""
        found = steps(node)
        if found is not None and found[0].id in self.scopes:
            scope, table = found[0].id, self.scopes[found[0].id]
            names, keys = split_path(found[1], table, self.model)
            if names and not any(key.dotted for key in keys):
                base = column(scope, table, names, self.model, node)
                return json_path(base, [key.key for key in keys], node) if keys else base
        return self._attribute(node) if isinstance(node, ast.Attribute) else self._subscript(node)

    def _attribute(self, node: ast.Attribute) -> Expr:
        names: list[str] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            names.insert(0, at.attr)
            at = at.value
        if not isinstance(at, ast.Name):
            raise rule_error(
                node, f"nothing is known of .{names[0]} here", "Use ['…'] inside claims."
            )
        if at.id == "user":
            if len(names) > 1:
                hint = "Use user.claims['…']." if names[0] == "claims" else _claim(names)
                raise rule_error(node, f"user.{names[0]} has no {names[1]!r}", hint)
            return user_fact(names[0], node)
        if at.id not in self.scopes:
            raise self._bare_name(at.id, at)
        return column(at.id, self.scopes[at.id], names, self.model, node)

    def _subscript(self, node: ast.Subscript | ast.Call) -> Expr:
        found = subscript(node)
        if found is None:
            raise rule_error(node, "brackets hold one literal key", "As in user.claims['org'].")
        base, keys = found
        match base:
            case ast.Attribute(ast.Name("user"), "claims"):
                return claim(keys, node)
        return json_path(self.value(base), keys, node)

    def _call(self, node: ast.Call) -> Expr:
        match node:
            case ast.Call(ast.Name("any"), [ast.GeneratorExp() as loop], []):
                return self._any(loop)
            case ast.Call(ast.Name("any")):
                raise rule_error(node, "any() takes one loop", "any(m.x == 1 for m in members)")
            case ast.Call(ast.Attribute(_, "get")):
                return self._path(node)
        return call(node, self.value, defaults=self.defaults)

    def _any(self, loop: ast.GeneratorExp) -> Expr:
        return self.loops(loop.generators, loop.elt)

    def loops(self, loops: Sequence[ast.comprehension], condition: ast.expr) -> Expr:
        """Compile `any(… for …)` to nested `Exists` nodes, the first loop outermost."""
        if not loops:
            return self.condition(condition)
        first, *others = loops
        name = self._variable(first)
        table = self._table(first.iter)
        inner = replace(self, scopes={**self.scopes, name: table})
        limits = [inner.condition(limit) for limit in first.ifs]
        return Exists(table, name, all_of(*limits, inner.loops(others, condition)))

    def _variable(self, loop: ast.comprehension) -> str:
        if loop.is_async or not isinstance(loop.target, ast.Name):
            raise rule_error(loop.target, "a loop has one variable: for m in members")
        name = loop.target.id
        if name in RESERVED or name in self.scopes:
            raise rule_error(
                loop.target, f"the name {name!r} is taken", "Call the variable otherwise."
            )
        return name

    def _table(self, node: ast.expr) -> Table:
        match node:
            case ast.Name(name) | ast.Constant(str(name)):
                pass
            case ast.Attribute(ast.Name("auth"), "users"):
                name = USERS.name
            case _:
                raise rule_error(node, "a loop goes over a table", "Or write `item in row.column`.")
        found = find_table(name, self.model)
        if found is None:
            hint = suggestion(name, list(self.model.tables))
            raise rule_error(node, f"unknown table {name!r}", hint)
        return found

    def _joined(self, operator: ast.boolop, parts: Sequence[ast.expr]) -> Expr:
        read = self.conditions(parts)
        return all_of(*read) if isinstance(operator, ast.And) else Or(tuple(read))

    def _unary(self, node: ast.UnaryOp) -> Expr:
        match node:
            case ast.UnaryOp(ast.Not(), part):
                return Not(self.condition(part))
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)) if (
                type(number) is not bool
            ):
                return literal(-number, node)
        raise rule_error(node, "arithmetic is not part of the rule language", _EQUAL)

    def _comparison(self, node: ast.Compare) -> Expr:
        sides = [node.left, *node.comparators]
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        parts = [self._compare(operator, left, right, node) for operator, left, right in pairs]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _compare(
        self, operator: ast.cmpop, left: ast.expr, right: ast.expr, node: ast.Compare
    ) -> Expr:
        match operator:
            case ast.Is():
                return self._is(left, right, node)
            case ast.IsNot():
                return Not(self._is(left, right, node))
            case ast.In():
                return self._in(left, right, node)
            case ast.NotIn():
                return Not(self._in(left, right, node))
        return typed_comparison(
            _OPERATORS[type(operator)], self.value(left), self.value(right), node
        )

    def _is(self, left: ast.expr, right: ast.expr, node: ast.Compare) -> Expr:
        if not isinstance(right, ast.Constant) or not (
            right.value is None or right.value in (True, False)
        ):
            raise rule_error(node, "`is` asks for None, True or False alone", "Use `==`.")
        wanted = literal(right.value, node)
        if right.value is not None:
            return Apply("is", (self.condition(left), wanted))
        found = self.value(left)
        if isinstance(found, Fact):
            found = Fact(found.path, presence, Type.BOOLEAN)
        elif isinstance(found, Apply) and is_json_path(found):
            found = Apply("json_text", found.arguments)
        return Apply("is", (found, wanted))

    def _in(self, left: ast.expr, right: ast.expr, node: ast.Compare) -> Expr:
        if isinstance(right, ast.List | ast.Tuple):
            options = [self.value(option) for option in right.elts]
            return in_options(self.value(left), options, node)
        return in_array(self.value(left), self.value(right), node)


def _claim(names: Sequence[str]) -> str:
    return f"What the token says: user.claims{''.join(f'[{name!r}]' for name in names)}."
