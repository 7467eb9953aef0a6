"""How operators are spelled in each dialect, and what they read in Python.

In charge of making each dialect obey one meaning. Must not know operators' names or types, which
stand in `operators`.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jotbase.expression.binding import map_bound
from jotbase.expression.data_types import documents, patterns
from jotbase.expression.data_types.documents import equal
from jotbase.schema.model.tables import RANGES, Type
from jotbase.schema.values.ranges import order_key
from jotbase.sql.fragment import Fragment, join, sql

Spelling = Callable[..., Fragment]
#: One spelling for each dialect, by its name.
Spellings = Mapping[str, Spelling]

#: PostgreSQL's function that lays a list open (`schema.ddl.postgres.functions`).
ITEMS = '"jotbase"."items"'

DOCUMENTS = frozenset({Type.JSON, Type.ARRAY})


@dataclass(frozen=True, slots=True)
class Semantics:
    """One meaning in both readings.

    `spell` writes SQL from the arguments' fragments, by dialect name; `read` takes their values. A
    `leakproof` one may be asked of rows that the caller may not see: see `barrier`.
    """

    spell: Spellings
    read: Callable[..., Any]
    leakproof: bool = False


def infix(sqlite: str, postgres: str | None = None) -> Spellings:
    """Return `left symbol right`; one symbol serves both dialects unless there are two."""

    def spelling(symbol: str) -> Spelling:
        def spell(left: Fragment, right: Fragment) -> Fragment:
            return left + f" {symbol} " + right

        return spell

    return {"sqlite": spelling(sqlite), "postgres": spelling(postgres or sqlite)}


def call(sqlite: str, postgres: str | None = None) -> Spellings:
    """Return `name(arguments)`; one name serves both dialects unless there are two."""

    def spelling(name: str) -> Spelling:
        def spell(*arguments: Fragment) -> Fragment:
            return sql(f"{name}(") + join(", ", arguments) + ")"

        return spell

    return {"sqlite": spelling(sqlite), "postgres": spelling(postgres or sqlite)}


def _like_sqlite(left: Fragment, right: Fragment) -> Fragment:
    # SQLite tries each place of a text anew, within one step of its machine: a long pattern is
    # asked by its beginning, which an index may serve too, and only then as a whole.
    head, whole = map_bound(right, patterns.cheap_pattern), map_bound(right, patterns.full_pattern)
    rest = " AND (" + whole + " IS NULL OR jot_like(" + left + ", " + whole + "))"
    return left + " LIKE " + head + " ESCAPE '\\'" + rest


def _in_sqlite(item: str) -> Spelling:
    # An unknown list makes `IN (NULL)`, which is unknown, and not `IN ()`, which is false.
    def spell(left: Fragment, right: Fragment) -> Fragment:
        return left + f" IN (SELECT {item} FROM json_each(ifnull(" + right + ", '[null]')))"

    return spell


def _in_postgres(left: Fragment, right: Fragment) -> Fragment:
    return left + " = ANY(" + right + ")"


def in_list(value: Any, options: Sequence[Any] | None) -> bool | None:
    """Whether the value is one of the options: unknown where either is, but in no list at all."""
    if options is None:
        return None
    if value is None:
        return None if options else False
    return any(equal(value, option) for option in options)


def of_json(document: Fragment, value: Fragment) -> Fragment:
    """Return a value out of a document, which is unknown where the text is no JSON.

    SQLite would raise, for the row of a table that others write; it reads a document once for both.
    """
    return sql("CASE WHEN json_valid(") + document + ") THEN " + value + " END"


def _holds_sqlite(test: str) -> Spelling:
    # json_each gives true as 1, so an item's kind must be asked for as well.
    def spell(array: Fragment, item: Fragment) -> Fragment:
        return (
            sql("CASE WHEN json_valid(") + array + ") AND " + item + " IS NOT NULL THEN EXISTS"
            " (SELECT 1 FROM json_each(" + array + ") AS jot_item WHERE jot_item.value = " + item
        ) + f" AND jot_item.type {test} ('true', 'false')) END"

    return spell


def _ilike_postgres(left: Fragment, right: Fragment) -> Fragment:
    # Columns are in byte order ("C"), which knows no letters but A to Z.
    return sql("(") + left + ') COLLATE "default" ILIKE ' + right


def _match_postgres(symbol: str, collation: str) -> Spelling:
    # Classes such as \\w are of ASCII ("C"), as they are to the reading in memory.
    def spell(left: Fragment, right: Fragment) -> Fragment:
        return sql("(") + left + f') COLLATE "{collation}" {symbol} ' + right

    return spell


def _lower_postgres(text: Fragment) -> Fragment:
    return sql("lower((") + text + ') COLLATE "C")'


def _items_postgres(symbol: str) -> Spelling:
    # Lists are jsonb, in whose order the longer is the greater; an array's is that of its items.
    def spell(left: Fragment, right: Fragment) -> Fragment:
        return sql(f"{ITEMS}(") + left + f") {symbol} {ITEMS}(" + right + ")"

    return spell


def _overlaps_postgres(left: Fragment, right: Fragment) -> Fragment:
    return sql(f"{ITEMS}(") + left + f") && {ITEMS}(" + right + ")"


def _holds_postgres(array: Fragment, item: Fragment) -> Fragment:
    return array + " @> to_jsonb(" + item + ")"


def _startswith_sqlite(text: Fragment, head: Fragment) -> Fragment:
    return sql("substr(") + text + ", 1, length(" + head + ")) = " + head


def _json_text_sqlite(document: Fragment, path: Fragment) -> Fragment:
    # `->` keeps a number's spelling, where `->>` would read it and print it again.
    text = (
        sql("CASE json_type(") + document + ", " + path + ") WHEN 'null' THEN NULL"
        " WHEN 'text' THEN " + document + " ->> " + path + " ELSE " + document + " -> " + path
    ) + " END"
    return of_json(document, text)


def _json_get_sqlite(document: Fragment, path: Fragment) -> Fragment:
    return of_json(document, document + " -> " + path)


def _json_length_sqlite(array: Fragment) -> Fragment:
    return of_json(array, sql("json_array_length(") + array + ")")


def _json_length_postgres(array: Fragment) -> Fragment:
    """Return a list's length; of another document, for which jsonb_array_length fails, null."""
    length = sql("jsonb_array_length(") + array + ")"
    return sql("CASE WHEN jsonb_typeof(") + array + ") = 'array' THEN " + length + " END"


def _itself(document: Fragment) -> Fragment:
    return document


def is_value(value: Any, wanted: Any) -> bool:
    """Whether the value is the very one: null, true or false."""
    return value is wanted if wanted is None else value is not None and equal(value, wanted)


def distinct(left: Any, right: Any) -> bool:
    """Whether the values differ, null being a value like others."""
    if left is None or right is None:
        return left is not right
    return not equal(left, right)


def _among_sqlite(value: Fragment, options: Fragment) -> Fragment:
    among = sql("jot_among(") + value + ", " + options + ")"
    return sql("CASE json_array_length(") + options + ") WHEN 0 THEN FALSE ELSE " + among + " END"


def _distinct_sqlite(left: Fragment, right: Fragment) -> Fragment:
    compared = sql("ifnull(jot_compare(") + left + ", " + right + ") <> 0, FALSE)"
    return sql("(") + left + " IS NULL) <> (" + right + " IS NULL) OR " + compared


_SIGNS: Mapping[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "<>": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


_COMPARISONS: Mapping[Type, tuple[str, Callable[[Any, Any], int]]] = {
    Type.JSON: ("jot_compare", documents.compare),
    Type.ARRAY: ("jot_compare_arrays", documents.compare_arrays),
}


def comparison(symbol: str) -> Mapping[Type, Semantics]:
    """Return a comparison's meaning on JSON and arrays, which SQLite would compare as text."""

    def semantics(name: str, compare: Callable[[Any, Any], int]) -> Semantics:
        def spell(left: Fragment, right: Fragment) -> Fragment:
            return sql(f"{name}(") + left + ", " + right + f") {symbol} 0"

        def read(left: Any, right: Any) -> bool:
            return _SIGNS[symbol](compare(left, right))

        as_items = name == "jot_compare_arrays"
        postgres = _items_postgres(symbol) if as_items else infix(symbol)["postgres"]
        return Semantics({"sqlite": spell, "postgres": postgres}, read)

    return {kind: semantics(*one) for kind, one in _COMPARISONS.items()}


def ordered_comparison(symbol: str) -> Mapping[Type, Semantics]:
    """Return a comparison's meaning on ranges and on bytes, whose text is in no order."""

    def spell(left: Fragment, right: Fragment) -> Fragment:
        return sql("jot_range_key(") + left + f") {symbol} jot_range_key(" + right + ")"

    def read(left: str, right: str) -> bool | None:
        first, second = order_key(left), order_key(right)
        if first is None or second is None:
            return None
        return _SIGNS[symbol](int(first > second) - int(first < second))

    semantics = Semantics({"sqlite": spell, "postgres": infix(symbol)["postgres"]}, read)
    return {**dict.fromkeys(RANGES, semantics), Type.BYTES: _of_bytes(symbol)}


def _of_bytes(symbol: str) -> Semantics:
    def read(left: str, right: str) -> bool:
        first, second = b64decode(left), b64decode(right)
        return _SIGNS[symbol](int(first > second) - int(first < second))

    return Semantics(infix(symbol), read, leakproof=True)


def range_operator(name: str, symbol: str, read: Callable[[str, str], bool | None]) -> Semantics:
    """Return the meaning of one of PostgreSQL's operators on ranges."""
    return Semantics({"sqlite": call(name)["sqlite"], "postgres": infix(symbol)["postgres"]}, read)


def postgres_search(to_query: str) -> Spelling:
    """Return a full-text search by one of PostgreSQL's readers of queries."""

    def spell(document: Fragment, query: Fragment, config: Fragment) -> Fragment:
        vector = sql("to_tsvector(") + config + "::regconfig, " + document + ")"
        return vector + f" @@ {to_query}(" + config + "::regconfig, " + query + ")"

    return spell


ILIKE = {"sqlite": call("jot_ilike")["sqlite"], "postgres": _ilike_postgres}
MATCH = {"sqlite": call("jot_match")["sqlite"], "postgres": _match_postgres("~", "C")}
IMATCH = {"sqlite": call("jot_imatch")["sqlite"], "postgres": _match_postgres("~*", "default")}
OVERLAPS = {"sqlite": call("jot_overlaps")["sqlite"], "postgres": _overlaps_postgres}
LOWER = {"sqlite": call("lower")["sqlite"], "postgres": _lower_postgres}
LIKE = {"sqlite": _like_sqlite, "postgres": infix("LIKE")["postgres"]}
STARTSWITH = {"sqlite": _startswith_sqlite, "postgres": call("starts_with")["postgres"]}
JSON_TEXT = {"sqlite": _json_text_sqlite, "postgres": infix("#>>")["postgres"]}
JSON_GET = {"sqlite": _json_get_sqlite, "postgres": infix("#>")["postgres"]}
JSON_LENGTH = {"sqlite": _json_length_sqlite, "postgres": _json_length_postgres}
#: PostgreSQL reads a document's texts itself.
JSON_WORDS = {"sqlite": call("jot_json_words")["sqlite"], "postgres": _itself}
IN = {"sqlite": _in_sqlite("value"), "postgres": _in_postgres}
HOLDS = {"sqlite": _holds_sqlite("NOT IN"), "postgres": _holds_postgres}
HOLDS_BOOLEAN = {"sqlite": _holds_sqlite("IN"), "postgres": _holds_postgres}
#: `in` where the values are JSON, or bytes, which a JSON list holds as hexadecimal digits.
IN_DOCUMENTS = Semantics({"sqlite": _among_sqlite, "postgres": _in_postgres}, in_list)
IN_BYTES = Semantics(
    {"sqlite": _in_sqlite("unhex(value)"), "postgres": _in_postgres}, in_list, leakproof=True
)
DISTINCT_DOCUMENTS = Semantics(
    {"sqlite": _distinct_sqlite, "postgres": infix("IS DISTINCT FROM")["postgres"]}, distinct
)
