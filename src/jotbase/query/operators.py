"""The operator table: each operator's meaning, in SQL for each dialect and in Python.

Grammar, rules, compiler, judge, docs and property tests all read `OPERATORS`. In charge of one
meaning for both readings; must not know where an operator is written or which tables it meets.
Meanings are PostgreSQL's (https://www.postgresql.org/docs/current/functions.html) on text in byte
order; each dialect is made to obey.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jotbase.schema.model import Type
from jotbase.sql.fragment import Fragment, join, sql

Spelling = Callable[..., Fragment]
Reading = Callable[..., Any]

COMPARABLE = frozenset(Type) - {Type.JSON, Type.ARRAY, Type.BYTES}
TEXTUAL = frozenset({Type.TEXT})
EVERY = frozenset(Type)


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table.

    `spell` writes SQL from its arguments' fragments, by dialect name; `read` gives the value in
    Python. A `strict` operator is unknown (None) as soon as an argument is, and `read` never sees
    None. `types` are those of its first argument. `url` says whether filters may name it.
    """

    name: str
    doc: str
    spell: Mapping[str, Spelling]
    read: Reading
    types: frozenset[Type] = EVERY
    strict: bool = True
    result: Type = Type.BOOLEAN
    url: bool = True


def _infix(symbol: str) -> Mapping[str, Spelling]:
    def spell(left: Fragment, right: Fragment) -> Fragment:
        return left + f" {symbol} " + right

    return {"sqlite": spell, "postgres": spell}


def _call(name: str) -> Mapping[str, Spelling]:
    def spell(*arguments: Fragment) -> Fragment:
        return sql(f"{name}(") + join(", ", arguments) + ")"

    return {"sqlite": spell, "postgres": spell}


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values, in which true is not 1."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


@lru_cache(maxsize=512)
def _like_pattern(pattern: str, flags: int) -> re.Pattern[str]:
    """Translate LIKE's `%`, `_` and backslash escapes (PostgreSQL 9.7.1)."""
    pieces = []
    for token in re.findall(r"\\.|.", pattern, re.DOTALL):
        if token == "%":
            pieces.append(".*")
        elif token == "_":
            pieces.append(".")
        else:
            pieces.append(re.escape(token[-1]))
    return re.compile("".join(pieces), re.DOTALL | flags)


def like(text: str, pattern: str) -> bool:
    """Whether the whole text fits the LIKE pattern, case-sensitively."""
    return _like_pattern(pattern, 0).fullmatch(text) is not None


def ilike(text: str, pattern: str) -> bool:
    """Whether the whole text fits the LIKE pattern, whatever its case, in any script."""
    return _like_pattern(pattern, re.IGNORECASE).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _regex(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def match(text: str, pattern: str) -> bool:
    """Whether the regular expression is found in the text."""
    return _regex(pattern, 0).search(text) is not None


def imatch(text: str, pattern: str) -> bool:
    """Whether the regular expression is found in the text, whatever its case."""
    return _regex(pattern, re.IGNORECASE).search(text) is not None


def ascii_lower(text: str) -> str:
    """Lower-case A to Z alone, as both databases do under byte-order collation."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _like_sqlite(left: Fragment, right: Fragment) -> Fragment:
    return left + " LIKE " + right + " ESCAPE '\\'"


def _in_sqlite(left: Fragment, right: Fragment) -> Fragment:
    return left + " IN (SELECT value FROM json_each(" + right + "))"


def _in_postgres(left: Fragment, right: Fragment) -> Fragment:
    return left + " = ANY(" + right + ")"


def _holds_sqlite(array: Fragment, item: Fragment) -> Fragment:
    inside = sql("EXISTS (SELECT 1 FROM json_each(") + array + ") WHERE value = " + item + ")"
    return sql("CASE WHEN ") + array + " IS NULL OR " + item + " IS NULL THEN NULL ELSE " + inside + " END"


def _holds_postgres(array: Fragment, item: Fragment) -> Fragment:
    return array + " @> to_jsonb(" + item + ")"


def _is(value: Any, wanted: Any) -> bool:
    return value is wanted if wanted is None else value is not None and _same(value, wanted)


_TABLE = (
    Operator("eq", "equals", _infix("="), _same),
    Operator("neq", "differs from", _infix("<>"), lambda a, b: not _same(a, b)),
    Operator("lt", "less than", _infix("<"), lambda a, b: a < b, COMPARABLE),
    Operator("lte", "less than or equal", _infix("<="), lambda a, b: a <= b, COMPARABLE),
    Operator("gt", "greater than", _infix(">"), lambda a, b: a > b, COMPARABLE),
    Operator("gte", "greater than or equal", _infix(">="), lambda a, b: a >= b, COMPARABLE),
    Operator(
        "like",
        "fits a pattern: `%` (or `*`) any text, `_` any character",
        {"sqlite": _like_sqlite, "postgres": _infix("LIKE")["postgres"]},
        like,
        TEXTUAL,
    ),
    Operator(
        "ilike",
        "like, whatever the case",
        {"sqlite": _call("jot_ilike")["sqlite"], "postgres": _infix("ILIKE")["postgres"]},
        ilike,
        TEXTUAL,
    ),
    Operator(
        "match",
        "a regular expression is found in the text",
        {"sqlite": _call("jot_match")["sqlite"], "postgres": _infix("~")["postgres"]},
        match,
        TEXTUAL,
    ),
    Operator(
        "imatch",
        "match, whatever the case",
        {"sqlite": _call("jot_imatch")["sqlite"], "postgres": _infix("~*")["postgres"]},
        imatch,
        TEXTUAL,
    ),
    Operator(
        "in",
        "is one of a list",
        {"sqlite": _in_sqlite, "postgres": _in_postgres},
        lambda value, options: any(_same(value, option) for option in options),
    ),
    Operator("is", "is null, true or false; never unknown", _infix("IS"), _is, strict=False),
    Operator(
        "isdistinct",
        "differs, null being a value like others; never unknown",
        _infix("IS DISTINCT FROM"),
        lambda a, b: not (a is b is None or (None not in (a, b) and _same(a, b))),
        strict=False,
    ),
    Operator(
        "holds",
        "the array column has this item (`item in row.column`)",
        {"sqlite": _holds_sqlite, "postgres": _holds_postgres},
        lambda array, item: any(_same(value, item) for value in array),
        frozenset({Type.ARRAY}),
        url=False,
    ),
    Operator(
        "len",
        "characters of a text",
        _call("length"),
        len,
        TEXTUAL,
        result=Type.INTEGER,
        url=False,
    ),
    Operator(
        "array_len",
        "items of an array",
        {"sqlite": _call("json_array_length")["sqlite"], "postgres": _call("jsonb_array_length")["postgres"]},
        len,
        frozenset({Type.ARRAY}),
        result=Type.INTEGER,
        url=False,
    ),
    Operator(
        "lower",
        "the text with A to Z in lower case",
        _call("lower"),
        ascii_lower,
        TEXTUAL,
        result=Type.TEXT,
        url=False,
    ),
    Operator(
        "startswith",
        "the text begins with another",
        {
            "sqlite": lambda text, head: sql("substr(") + text + ", 1, length(" + head + ")) = " + head,
            "postgres": _call("starts_with")["postgres"],
        },
        str.startswith,
        TEXTUAL,
        url=False,
    ),
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _TABLE}
