"""Parsing rule texts to expressions: parsed as Python, never executed.

In charge of the texts of `access` and `defaultExpression`, and of reporting every error in one,
with file and position. Must not know principals or rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Literal as OneOf

from jotbase.access.language import other_languages
from jotbase.access.language.comparisons import coerced, type_name
from jotbase.access.language.syntax import Reader
from jotbase.access.language.syntax_errors import RuleError, RuleErrors, rule_error
from jotbase.errors import Fault, ProjectError
from jotbase.expression.expr import Expr, Fact, Literal, all_of
from jotbase.expression.typed import type_of
from jotbase.schema.keywords.other_spellings import expression_hint
from jotbase.schema.model.tables import Column, Model, Table, Type
from jotbase.schema.model.topics import SCOPE, TopicPattern

_DOTTED = re.compile(r"([\w.]*\w)\.(\w+)")

Action = OneOf["select", "insert", "update", "delete"]
ACTIONS: tuple[Action, ...] = ("select", "insert", "update", "delete")

#: The limits of a rule: characters, nesting depth and syntax nodes, which protect Python's parser.
MAX_LENGTH, MAX_DEPTH, MAX_NODES = 10_000, 60, 2_000

#: What the rule of a view calls the view's arguments.
ARGUMENTS = "args"

_ROWS: Mapping[Action, tuple[str, ...]] = {
    "select": ("row",),
    "insert": ("new",),
    "update": ("row", "new"),
    "delete": ("row",),
}
_ABSENT = {
    "row": "an insert has no stored row: say new",
    "new": "nothing is written here: say row",
}


@dataclass(frozen=True, slots=True)
class Conjunct:
    """One part of a rule's top-level `and`: its source text and its expression."""

    text: str
    expression: Expr


def parse_rule(text: str, table: Table, action: Action, model: Model) -> Expr:
    """Parse a rule to an expression over the rows `row` and `new`.

    Raises ProjectError with every fault, each with its column.
    """
    parts = parse_conjuncts(text, table, action, model)
    return all_of(*(part.expression for part in parts))


def parse_conjuncts(text: str, table: Table, action: Action, model: Model) -> tuple[Conjunct, ...]:
    """Parse a rule to the parts of its top-level `and`. Raises ProjectError with every fault."""
    scopes = dict.fromkeys(_ROWS[action], table)
    absent = {name: why for name, why in _ABSENT.items() if name not in scopes}
    reader = Reader(model, scopes, absent)
    try:
        line = _one_line(text)
        parts = list(_parts(_tree(line)))
        return tuple(
            Conjunct(_source(line, part), condition)
            for part, condition in zip(parts, reader.conditions(parts), strict=True)
        )
    except (RuleError, RuleErrors) as error:
        raise _faults(text, error, table, f"/access/{action}") from error


def parse_topic_rule(text: str, pattern: TopicPattern, action: str, model: Model) -> Expr:
    """Parse a rule of a private topic to an expression over `topic`, whose columns are its parts.

    Raises ProjectError with every fault.
    """
    absent = dict.fromkeys(("row", "new"), "a topic has no row: say topic")
    reader = Reader(model, {SCOPE: pattern.table}, absent)
    try:
        return all_of(*reader.conditions(list(_parts(_tree(_one_line(text))))))
    except (RuleError, RuleErrors) as error:
        place = f"/topics/{_escaped(pattern.text)}/access/{action}"
        raise _faults(text, error, pattern.table, place) from error


def parse_view_rule(text: str, view: Table, model: Model) -> Expr:
    """Parse the rule of a project's view to an expression over `args`, the columns of `view`.

    Raises ProjectError with every fault.
    """
    absent = dict.fromkeys(("row", "new"), "a view has no row: say args")
    reader = Reader(model, {ARGUMENTS: view}, absent)
    try:
        return all_of(*reader.conditions(list(_parts(_tree(_one_line(text))))))
    except (RuleError, RuleErrors) as error:
        raise _faults(text, error, view, f"/{view.name}/requires") from error


def parse_default(text: str, column: Column, table: Table, model: Model) -> Expr:
    """Parse a `defaultExpression`, coerced to the column's type.

    It may use the caller, now() and uuid(). Raises ProjectError with every fault.
    """
    absent = dict.fromkeys(("row", "new"), "a default cannot look at the row")
    reader = Reader(model, {}, absent, defaults=True)
    pointer = f"/properties/{_escaped(column.name)}/defaultExpression"
    try:
        tree = _tree(_one_line(text))
        return _default(reader.value(tree), column, tree)
    except (RuleError, RuleErrors) as error:
        if hint := expression_hint(text):
            error = RuleError(_first(error).reason, 0, hint)
        raise _faults(text, error, table, pointer) from error


def _first(error: RuleError | RuleErrors) -> RuleError:
    return error.errors[0] if isinstance(error, RuleErrors) else error


def _default(found: Expr, column: Column, node: ast.AST) -> Expr:
    if isinstance(found, Literal) and found.value is None:
        return found
    if isinstance(found, Fact | Literal) and column.type not in _NO_DEFAULTS:
        found = coerced(found, column.type, node)
    given = type_of(found)
    if given is not column.type and (given, column.type) not in _WIDENED:
        reason = f"the default of {column.name!r} gives {type_name(found)}"
        hint = f"The column holds {type_name(Literal(None, column.type))}."
        raise rule_error(node, reason, hint)
    return found


#: Types that no expression of the language has.
_NO_DEFAULTS = frozenset({Type.ARRAY, Type.BYTES})
#: (type of the expression, type of the column) that are compatible without being equal.
_WIDENED = frozenset(
    {
        (Type.INTEGER, Type.NUMBER),
        (Type.UUID, Type.TEXT),
        (Type.TIMESTAMP, Type.DATE),
        (Type.TIMESTAMP, Type.TEXT),
        (Type.DATE, Type.TEXT),
    }
)


def _one_line(text: str) -> str:
    # `ast` expects an expression on one line; each break becomes one blank, so positions stay
    # right.
    return text.replace("\r", " ").replace("\n", " ").replace("\t", " ")


def _tree(line: str) -> ast.expr:
    stripped = line.lstrip()
    if not stripped.strip():
        raise RuleError(
            "the text is empty", 0, "Write True to let everybody, or leave the key out."
        )
    if len(line) > MAX_LENGTH:
        raise RuleError(f"the text is longer than {MAX_LENGTH} characters", 0)
    try:
        tree = ast.parse(line.strip(), mode="eval").body
    except SyntaxError as error:
        offset = len(stripped[: max(0, (error.offset or 1) - 1)].encode())
        raise RuleError(
            f"syntax: {error.msg}", _indent(line) + offset, _syntax_hint(line)
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise RuleError("the text cannot be read as an expression", 0) from error
    _refuse_size(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset += _indent(line)
            node.end_col_offset = (node.end_col_offset or 0) + _indent(line)
    return tree


def _indent(line: str) -> int:
    return len(line.encode()) - len(line.lstrip().encode())


def _syntax_hint(line: str) -> str:
    for found in _DOTTED.finditer(line):
        if iskeyword(found[2]):
            return f"A word of Python's stands in brackets: {found[1]}['{found[2]}']."
    return other_languages.hint(line)


def _refuse_size(tree: ast.expr) -> None:
    level: list[ast.AST] = [tree]
    nodes = depth = 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise RuleError("the rule is too large or nested too deeply", 0, "Split it up.")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _parts(tree: ast.expr) -> Iterator[ast.expr]:
    match tree:
        case ast.BoolOp(ast.And(), values):
            for value in values:
                yield from _parts(value)
        case _:
            yield tree


def _source(line: str, node: ast.expr) -> str:
    return line.encode()[node.col_offset : node.end_col_offset].decode()


def _faults(text: str, error: RuleError | RuleErrors, table: Table, pointer: str) -> ProjectError:
    line = _one_line(text)
    errors = error.errors if isinstance(error, RuleErrors) else (error,)
    return ProjectError(
        [Fault(table.file, pointer, one.describe(line), one.hint) for one in errors]
    )


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
