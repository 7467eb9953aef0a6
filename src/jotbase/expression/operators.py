"""The operator table: each operator's semantics, as SQL for each dialect and in Python.

Grammar, rules, compiler, judge, docs and property tests all read `OPERATORS`. In charge of the same
semantics in both; must not know the syntax of filters and rules, or tables. The semantics are
PostgreSQL's (https://www.postgresql.org/docs/current/functions.html) with the collation "C".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from jotbase.expression import semantics
from jotbase.expression.binding import Takes
from jotbase.expression.data_types import documents, patterns, ranges, sorting
from jotbase.expression.data_types.output import base64_text
from jotbase.expression.semantics import (
    DISTINCT_DOCUMENTS,
    DOCUMENTS,
    HOLDS,
    HOLDS_BOOLEAN,
    IN,
    IN_BYTES,
    IN_DOCUMENTS,
    JSON_GET,
    JSON_LENGTH,
    JSON_TEXT,
    JSON_WORDS,
    LIKE,
    STARTSWITH,
    Semantics,
    Spellings,
    call,
    comparison,
    distinct,
    in_list,
    infix,
    is_value,
    ordered_comparison,
    postgres_search,
    range_operator,
)
from jotbase.schema.model.tables import RANGES, Type
from jotbase.schema.values.ranges import order_key
from jotbase.search import textsearch
from jotbase.search.lexing import lexemes
from jotbase.sql.interruptible import Interruptible

EVERY = frozenset(Type)
TEXTUAL = frozenset({Type.TEXT})


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator or function.

    `spell` gives its SQL and `read` computes it in Python; `typed` overrides both by the type of
    the last argument. A `strict` operator is unknown (None) when an argument is, and `read` is
    never called with None. `types` are the allowed types of the first argument, `takes` says how
    each argument is bound, `url` whether filters may use it. `leakproof` says whether it may be
    evaluated on rows that a rule hides, as PostgreSQL's LEAKPROOF (see `query.statement.barrier`).
    """

    name: str
    doc: str
    spell: Spellings
    read: Callable[..., Any]
    types: frozenset[Type] = EVERY
    strict: bool = True
    result: Type = Type.BOOLEAN
    url: bool = True
    takes: tuple[Takes, ...] = ("value", "value")
    leakproof: bool = False
    typed: Mapping[Type, Semantics] = field(default_factory=dict)

    def semantics(self, last: Type | None) -> Semantics:
        """Return the operator's semantics for a last argument of that type."""
        usual = Semantics(self.spell, self.read, self.leakproof)
        return usual if last is None else self.typed.get(last, usual)


#: The full-text search operators: name, PostgreSQL's function, documentation.
_SEARCHES = (
    ("fts", "to_tsquery", "matches a tsquery: `fat & (cat | rat)`, `'fat cat' & !dog`, `ca:*`"),
    ("plfts", "plainto_tsquery", "has all of the words"),
    ("phfts", "phraseto_tsquery", "has the words in this order"),
    ("wfts", "websearch_to_tsquery", 'has the words: `fat "cat food" or rat -dog`'),
)

#: Operators on ranges: documentation and semantics.
_RANGE_OPERATORS: Mapping[str, tuple[str, Semantics]] = {
    "cs": ("", range_operator("jot_range_cs", "@>", ranges.contains)),
    "cd": ("", range_operator("jot_range_cd", "<@", lambda a, b: ranges.contains(b, a))),
    "ov": ("", range_operator("jot_range_ov", "&&", ranges.overlaps)),
    "sl": (
        "is a range strictly left of another",
        range_operator("jot_range_sl", "<<", ranges.before),
    ),
    "sr": (
        "is a range strictly right of another",
        range_operator("jot_range_sr", ">>", ranges.behind),
    ),
    "nxr": (
        "is a range that does not extend to the right of another",
        range_operator("jot_range_nxr", "&<", ranges.not_behind),
    ),
    "nxl": (
        "is a range that does not extend to the left of another",
        range_operator("jot_range_nxl", "&>", ranges.not_before),
    ),
    "adj": (
        "is a range adjacent to another: nothing lies between, and they share nothing",
        range_operator("jot_range_adj", "-|-", ranges.adjacent),
    ),
}

_TABLE = (
    Operator("eq", "equals", infix("="), documents.equal, leakproof=True, typed=comparison("=")),
    Operator(
        "neq",
        "differs from",
        infix("<>"),
        lambda a, b: not documents.equal(a, b),
        leakproof=True,
        typed=comparison("<>"),
    ),
    Operator(
        "lt",
        "less than",
        infix("<"),
        lambda a, b: a < b,
        leakproof=True,
        typed={**comparison("<"), **ordered_comparison("<")},
    ),
    Operator(
        "lte",
        "less than or equal",
        infix("<="),
        lambda a, b: a <= b,
        leakproof=True,
        typed={**comparison("<="), **ordered_comparison("<=")},
    ),
    Operator(
        "gt",
        "greater than",
        infix(">"),
        lambda a, b: a > b,
        leakproof=True,
        typed={**comparison(">"), **ordered_comparison(">")},
    ),
    Operator(
        "gte",
        "greater than or equal",
        infix(">="),
        lambda a, b: a >= b,
        leakproof=True,
        typed={**comparison(">="), **ordered_comparison(">=")},
    ),
    Operator(
        "like",
        "fits a pattern: `%` (or `*`) any text, `_` any character",
        LIKE,
        patterns.like,
        TEXTUAL,
    ),
    Operator(
        "ilike",
        "like, whatever the case",
        semantics.ILIKE,
        patterns.ilike,
        TEXTUAL,
    ),
    Operator(
        "match",
        "a regular expression of PostgreSQL's is found in the text",
        semantics.MATCH,
        patterns.match,
        TEXTUAL,
    ),
    Operator(
        "imatch",
        "match, whatever the case",
        semantics.IMATCH,
        patterns.imatch,
        TEXTUAL,
    ),
    Operator(
        "in",
        "is one of a list",
        IN,
        in_list,
        strict=False,
        takes=("value", "list"),
        leakproof=True,
        typed={
            **dict.fromkeys(DOCUMENTS, IN_DOCUMENTS),
            Type.BYTES: IN_BYTES,
        },
    ),
    Operator(
        "is",
        "is null, true or false; never unknown",
        infix("IS"),
        is_value,
        strict=False,
        leakproof=True,
    ),
    Operator(
        "isdistinct",
        "differs, null being a value like others; never unknown",
        infix("IS DISTINCT FROM"),
        distinct,
        strict=False,
        leakproof=True,
        typed=dict.fromkeys(DOCUMENTS, DISTINCT_DOCUMENTS),
    ),
    Operator(
        "cs",
        "contains: every item of the array, every part of the JSON value, or all of the range, is"
        " there",
        {"sqlite": call("jot_contains")["sqlite"], "postgres": infix("@>")["postgres"]},
        documents.contains,
        DOCUMENTS | RANGES,
        typed=dict.fromkeys(RANGES, _RANGE_OPERATORS["cs"][1]),
    ),
    Operator(
        "cd",
        "is contained in another array, JSON value or range",
        {
            "sqlite": lambda left, right: call("jot_contains")["sqlite"](right, left),
            "postgres": infix("<@")["postgres"],
        },
        lambda a, b: documents.contains(b, a),
        DOCUMENTS | RANGES,
        typed=dict.fromkeys(RANGES, _RANGE_OPERATORS["cd"][1]),
    ),
    Operator(
        "ov",
        "has an item in common with another array, or a point with another range",
        semantics.OVERLAPS,
        documents.overlaps,
        frozenset({Type.ARRAY}) | RANGES,
        typed=dict.fromkeys(RANGES, _RANGE_OPERATORS["ov"][1]),
    ),
    *(
        Operator(name, doc, semantics.spell, semantics.read, RANGES)
        for name, (doc, semantics) in _RANGE_OPERATORS.items()
        if doc
    ),
    *(
        Operator(
            form,
            doc,
            {"sqlite": call(f"jot_{form}")["sqlite"], "postgres": postgres_search(to_query)},
            textsearch.search_function(form),
            TEXTUAL,
            takes=("value", "value", "name"),
        )
        for form, to_query, doc in _SEARCHES
    ),
    Operator(
        "holds",
        "the array column has this item (`item in row.column`)",
        HOLDS,
        lambda array, item: any(documents.equal(value, item) for value in array),
        frozenset({Type.ARRAY}),
        url=False,
        typed={
            Type.BOOLEAN: Semantics(
                HOLDS_BOOLEAN,
                lambda array, item: any(documents.equal(value, item) for value in array),
            )
        },
    ),
    Operator(
        "len",
        "characters of a text",
        call("length"),
        len,
        TEXTUAL,
        result=Type.INTEGER,
        url=False,
        takes=("value",),
    ),
    Operator(
        "array_len",
        "items of an array",
        JSON_LENGTH,
        len,
        frozenset({Type.ARRAY}),
        result=Type.INTEGER,
        url=False,
        takes=("value",),
    ),
    Operator(
        "lower",
        "the text with A to Z in lower case",
        semantics.LOWER,
        patterns.ascii_lower,
        TEXTUAL,
        result=Type.TEXT,
        url=False,
        takes=("value",),
    ),
    Operator(
        "startswith",
        "the text begins with another",
        STARTSWITH,
        str.startswith,
        TEXTUAL,
        url=False,
    ),
    Operator(
        "json_get",
        "the JSON value at the end of a path (`->`)",
        JSON_GET,
        documents.value_at,
        DOCUMENTS,
        result=Type.JSON,
        url=False,
        takes=("value", "path"),
    ),
    Operator(
        "json_text",
        "the text at the end of a path into JSON (`->>`)",
        JSON_TEXT,
        documents.text_at,
        DOCUMENTS,
        result=Type.TEXT,
        url=False,
        takes=("value", "path"),
    ),
    Operator(
        "json_words",
        "all texts of a JSON value, as a search reads them",
        JSON_WORDS,
        documents.words_of,
        DOCUMENTS,
        result=Type.TEXT,
        url=False,
        takes=("value",),
    ),
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _TABLE}


def _of_documents(function: Callable[[Any, Any], Any]) -> Callable[[str, str], Any]:
    return lambda left, right: function(orjson.loads(left), orjson.loads(right))


#: What Python raises of a value that is none of its type (SQLite may keep it), or nested too deep.
_UNFIT = (TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def unknown_on_type_error(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function so that it returns None (unknown) for a value of a wrong type.

    Otherwise one such row would turn every request that reads the table into an error. A request's
    own values are validated when they are bound.
    """
    if isinstance(function, Interruptible):
        return Interruptible(unknown_on_type_error(function.run))

    def answer(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except _UNFIT:
            return None

    return answer


#: The functions that the SQL for SQLite calls, registered on each connection; never called with
#: NULL.
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "jot_base64": base64_text,
    "jot_lexemes": Interruptible(lambda tick, text, config: lexemes(text, config, tick)),
    **{f"jot_{form}": textsearch.search_function(form) for form, _, _ in _SEARCHES},
    "jot_range_key": order_key,
    **{f"jot_range_{name}": semantics.read for name, (_, semantics) in _RANGE_OPERATORS.items()},
    "jot_like": patterns.like,
    "jot_ilike": patterns.ilike,
    "jot_match": patterns.match,
    "jot_imatch": patterns.imatch,
    "jot_compare": _of_documents(documents.compare),
    "jot_compare_arrays": _of_documents(documents.compare_arrays),
    "jot_document_key": sorting.document_key,
    "jot_array_key": sorting.array_key,
    "jot_contains": Interruptible(
        lambda tick, left, right: documents.contains(orjson.loads(left), orjson.loads(right), tick)
    ),
    "jot_overlaps": _of_documents(documents.overlaps),
    "jot_among": _of_documents(documents.is_one_of),
    "jot_json_words": lambda document: documents.words_of(orjson.loads(document)),
}
SQL_FUNCTIONS = {name: unknown_on_type_error(function) for name, function in _FUNCTIONS.items()}
