"""The operator table: each operator's meaning, in SQL for each dialect and in Python.

Grammar, rules, compiler, judge, docs and property tests all read `OPERATORS`. In charge of one
meaning for both readings; must not know where an operator is written or which tables it meets.
Meanings are PostgreSQL's (https://www.postgresql.org/docs/current/functions.html) on text in byte
order; each dialect is made to obey.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from jotbase.query import documents, patterns, textsearch
from jotbase.query.binding import Takes
from jotbase.query.documents import same
from jotbase.query.output import base64_text
from jotbase.schema.model import Type
from jotbase.sql.fragment import Fragment, join, sql

Spelling = Callable[..., Fragment]
#: One spelling for each dialect, by its name.
Spellings = Mapping[str, Spelling]

EVERY = frozenset(Type)
COMPARABLE = EVERY - {Type.BYTES}
TEXTUAL = frozenset({Type.TEXT})
DOCUMENTS = frozenset({Type.JSON, Type.ARRAY})


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning in both readings.

    `spell` writes SQL from the arguments' fragments, by dialect name; `read` takes their values.
    """

    spell: Spellings
    read: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table.

    `spell` and `read` are its usual meaning; `typed` is the one it has where its last argument is
    of such a type. A `strict` operator is unknown (None) as soon as an argument is, and `read`
    never sees None. `types` are those of its first argument, `takes` says how each argument is
    bound, `url` whether filters may name it.
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
    typed: Mapping[Type, Meaning] = field(default_factory=dict)

    def meaning(self, last: Type | None) -> Meaning:
        """Return what the operator means where its last argument is of that type."""
        usual = Meaning(self.spell, self.read)
        return usual if last is None else self.typed.get(last, usual)


def _infix(sqlite: str, postgres: str | None = None) -> Spellings:
    def spelling(symbol: str) -> Spelling:
        def spell(left: Fragment, right: Fragment) -> Fragment:
            return left + f" {symbol} " + right

        return spell

    return {"sqlite": spelling(sqlite), "postgres": spelling(postgres or sqlite)}


def _call(sqlite: str, postgres: str | None = None) -> Spellings:
    def spelling(name: str) -> Spelling:
        def spell(*arguments: Fragment) -> Fragment:
            return sql(f"{name}(") + join(", ", arguments) + ")"

        return spell

    return {"sqlite": spelling(sqlite), "postgres": spelling(postgres or sqlite)}


def _like_sqlite(left: Fragment, right: Fragment) -> Fragment:
    return left + " LIKE " + right + " ESCAPE '\\'"


def _in_sqlite(item: str) -> Spelling:
    # An unknown list makes `IN (NULL)`, which is unknown, and not `IN ()`, which is false.
    def spell(left: Fragment, right: Fragment) -> Fragment:
        return left + f" IN (SELECT {item} FROM json_each(ifnull(" + right + ", '[null]')))"

    return spell


def _in_postgres(left: Fragment, right: Fragment) -> Fragment:
    return left + " = ANY(" + right + ")"


def _in(value: Any, options: Sequence[Any] | None) -> bool | None:
    if options is None:
        return None
    if value is None:
        return None if options else False
    return any(same(value, option) for option in options)


def _holds_sqlite(test: str) -> Spelling:
    # json_each gives true as 1, so an item's kind must be asked for as well.
    def spell(array: Fragment, item: Fragment) -> Fragment:
        return (
            sql("CASE WHEN ") + array + " IS NULL OR " + item + " IS NULL THEN NULL ELSE EXISTS"
            " (SELECT 1 FROM json_each(" + array + ") AS jot_item WHERE jot_item.value = " + item
        ) + f" AND jot_item.type {test} ('true', 'false')) END"

    return spell


def _holds_postgres(array: Fragment, item: Fragment) -> Fragment:
    return array + " @> to_jsonb(" + item + ")"


def _startswith_sqlite(text: Fragment, head: Fragment) -> Fragment:
    return sql("substr(") + text + ", 1, length(" + head + ")) = " + head


def _json_text_sqlite(document: Fragment, path: Fragment) -> Fragment:
    # `->` keeps a number's spelling, where `->>` would read it and print it again.
    return (
        sql("CASE json_type(") + document + ", " + path + ") WHEN 'null' THEN NULL"
        " WHEN 'text' THEN " + document + " ->> " + path + " ELSE " + document + " -> " + path
    ) + " END"


def _is(value: Any, wanted: Any) -> bool:
    return value is wanted if wanted is None else value is not None and same(value, wanted)


def _distinct(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is not right
    return not same(left, right)


def _among_sqlite(value: Fragment, options: Fragment) -> Fragment:
    among = sql("jot_among(") + value + ", " + options + ")"
    return sql("CASE json_array_length(") + options + ") WHEN 0 THEN FALSE ELSE " + among + " END"


def _distinct_sqlite(left: Fragment, right: Fragment) -> Fragment:
    compared = sql("ifnull(jot_compare(") + left + ", " + right + ") <> 0, FALSE)"
    return sql("(") + left + " IS NULL) <> (" + right + " IS NULL) OR " + compared


def _compared(symbol: str) -> Mapping[Type, Meaning]:
    """Return a comparison's meaning on JSON, which SQLite would compare as text."""

    def spell(left: Fragment, right: Fragment) -> Fragment:
        return sql("jot_compare(") + left + ", " + right + f") {symbol} 0"

    def read(left: Any, right: Any) -> bool:
        return _SIGNS[symbol](documents.compare(left, right))

    meaning = Meaning({"sqlite": spell, "postgres": _infix(symbol)["postgres"]}, read)
    return dict.fromkeys(DOCUMENTS, meaning)


_SIGNS: Mapping[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "<>": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


#: The forms of a full-text search, PostgreSQL's function for each, and what they say.
_SEARCHES = (
    ("fts", "to_tsquery", "matches a tsquery: `fat & (cat | rat)`, `'fat cat' & !dog`, `ca:*`"),
    ("plfts", "plainto_tsquery", "has all of the words"),
    ("phfts", "phraseto_tsquery", "has the words in this order"),
    ("wfts", "websearch_to_tsquery", 'has the words: `fat "cat food" or rat -dog`'),
)


def _search_postgres(to_query: str) -> Spelling:
    def spell(document: Fragment, query: Fragment, config: Fragment) -> Fragment:
        vector = sql("to_tsvector(") + config + "::regconfig, " + document + ")"
        return vector + f" @@ {to_query}(" + config + "::regconfig, " + query + ")"

    return spell


_TABLE = (
    Operator("eq", "equals", _infix("="), same, typed=_compared("=")),
    Operator(
        "neq", "differs from", _infix("<>"), lambda a, b: not same(a, b), typed=_compared("<>")
    ),
    Operator("lt", "less than", _infix("<"), lambda a, b: a < b, COMPARABLE, typed=_compared("<")),
    Operator(
        "lte",
        "less than or equal",
        _infix("<="),
        lambda a, b: a <= b,
        COMPARABLE,
        typed=_compared("<="),
    ),
    Operator(
        "gt", "greater than", _infix(">"), lambda a, b: a > b, COMPARABLE, typed=_compared(">")
    ),
    Operator(
        "gte",
        "greater than or equal",
        _infix(">="),
        lambda a, b: a >= b,
        COMPARABLE,
        typed=_compared(">="),
    ),
    Operator(
        "like",
        "fits a pattern: `%` (or `*`) any text, `_` any character",
        {"sqlite": _like_sqlite, "postgres": _infix("LIKE")["postgres"]},
        patterns.like,
        TEXTUAL,
    ),
    Operator(
        "ilike",
        "like, whatever the case",
        {"sqlite": _call("jot_ilike")["sqlite"], "postgres": _infix("ILIKE")["postgres"]},
        patterns.ilike,
        TEXTUAL,
    ),
    Operator(
        "match",
        "a regular expression is found in the text",
        {"sqlite": _call("jot_match")["sqlite"], "postgres": _infix("~")["postgres"]},
        patterns.match,
        TEXTUAL,
    ),
    Operator(
        "imatch",
        "match, whatever the case",
        {"sqlite": _call("jot_imatch")["sqlite"], "postgres": _infix("~*")["postgres"]},
        patterns.imatch,
        TEXTUAL,
    ),
    Operator(
        "in",
        "is one of a list",
        {"sqlite": _in_sqlite("value"), "postgres": _in_postgres},
        _in,
        strict=False,
        takes=("value", "list"),
        typed={
            **dict.fromkeys(
                DOCUMENTS, Meaning({"sqlite": _among_sqlite, "postgres": _in_postgres}, _in)
            ),
            Type.BYTES: Meaning(
                {"sqlite": _in_sqlite("unhex(value)"), "postgres": _in_postgres}, _in
            ),
        },
    ),
    Operator("is", "is null, true or false; never unknown", _infix("IS"), _is, strict=False),
    Operator(
        "isdistinct",
        "differs, null being a value like others; never unknown",
        _infix("IS DISTINCT FROM"),
        _distinct,
        strict=False,
        typed=dict.fromkeys(
            DOCUMENTS,
            Meaning(
                {
                    "sqlite": _distinct_sqlite,
                    "postgres": _infix("IS DISTINCT FROM")["postgres"],
                },
                _distinct,
            ),
        ),
    ),
    Operator(
        "cs",
        "contains: every item of the array, or every part of the JSON value, is there",
        {"sqlite": _call("jot_contains")["sqlite"], "postgres": _infix("@>")["postgres"]},
        documents.contains,
        DOCUMENTS,
    ),
    Operator(
        "cd",
        "is contained in another array or JSON value",
        {
            "sqlite": lambda left, right: _call("jot_contains")["sqlite"](right, left),
            "postgres": _infix("<@")["postgres"],
        },
        lambda a, b: documents.contains(b, a),
        DOCUMENTS,
    ),
    Operator(
        "ov",
        "has an item in common with another array",
        {"sqlite": _call("jot_overlaps")["sqlite"], "postgres": _infix("&&")["postgres"]},
        documents.overlaps,
        frozenset({Type.ARRAY}),
    ),
    *(
        Operator(
            form,
            doc,
            {"sqlite": _call(f"jot_{form}")["sqlite"], "postgres": _search_postgres(to_query)},
            textsearch.searching(form),
            TEXTUAL,
            takes=("value", "value", "name"),
        )
        for form, to_query, doc in _SEARCHES
    ),
    Operator(
        "holds",
        "the array column has this item (`item in row.column`)",
        {"sqlite": _holds_sqlite("NOT IN"), "postgres": _holds_postgres},
        lambda array, item: any(same(value, item) for value in array),
        frozenset({Type.ARRAY}),
        url=False,
        typed={
            Type.BOOLEAN: Meaning(
                {"sqlite": _holds_sqlite("IN"), "postgres": _holds_postgres},
                lambda array, item: any(same(value, item) for value in array),
            )
        },
    ),
    Operator(
        "len",
        "characters of a text",
        _call("length"),
        len,
        TEXTUAL,
        result=Type.INTEGER,
        url=False,
        takes=("value",),
    ),
    Operator(
        "array_len",
        "items of an array",
        _call("json_array_length", "jsonb_array_length"),
        len,
        frozenset({Type.ARRAY}),
        result=Type.INTEGER,
        url=False,
        takes=("value",),
    ),
    Operator(
        "lower",
        "the text with A to Z in lower case",
        _call("lower"),
        patterns.ascii_lower,
        TEXTUAL,
        result=Type.TEXT,
        url=False,
        takes=("value",),
    ),
    Operator(
        "startswith",
        "the text begins with another",
        {"sqlite": _startswith_sqlite, "postgres": _call("starts_with")["postgres"]},
        str.startswith,
        TEXTUAL,
        url=False,
    ),
    Operator(
        "json_get",
        "the JSON value at the end of a path (`->`)",
        _infix("->", "#>"),
        documents.at,
        DOCUMENTS,
        result=Type.JSON,
        url=False,
        takes=("value", "path"),
    ),
    Operator(
        "json_text",
        "the text at the end of a path into JSON (`->>`)",
        {"sqlite": _json_text_sqlite, "postgres": _infix("#>>")["postgres"]},
        documents.text_at,
        DOCUMENTS,
        result=Type.TEXT,
        url=False,
        takes=("value", "path"),
    ),
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _TABLE}


def _of_documents(function: Callable[[Any, Any], Any]) -> Callable[[str, str], Any]:
    return lambda left, right: function(orjson.loads(left), orjson.loads(right))


#: What the SQLite spellings call; a connection must have them. None of them is given NULL.
SQL_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "jot_base64": base64_text,
    **{f"jot_{form}": textsearch.searching(form) for form, _, _ in _SEARCHES},
    "jot_ilike": patterns.ilike,
    "jot_match": patterns.match,
    "jot_imatch": patterns.imatch,
    "jot_compare": _of_documents(documents.compare),
    "jot_contains": _of_documents(documents.contains),
    "jot_overlaps": _of_documents(documents.overlaps),
    "jot_among": _of_documents(lambda value, options: any(same(value, one) for one in options)),
}
