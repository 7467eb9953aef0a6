"""The vocabulary of schema files: JSON Schema 2020-12 and the keywords that define a table.

In charge of the list of keywords, of the meta-schema (which editors use for completion), and of
detecting misspelt keywords. Must not know what the keywords do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from jotbase.schema.keywords.other_spellings import (
    COLUMN_KEYWORDS,
    KEYWORDS,
    TABLE_KEYWORDS,
)


def words(text: str) -> frozenset[str]:
    """Return the set of words of a text."""
    return frozenset(text.split())


STANDARD_META_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
TABLE_META_SCHEMA = "https://jotbase.dev/schema/table/v1"

#: The keywords of JSON Schema 2020-12 (Core 8 to 10, Validation 6 to 9).
STANDARD = words(
    """
    $schema $id $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $defs definitions
    prefixItems items contains additionalProperties properties patternProperties dependentSchemas
    propertyNames if then else allOf anyOf oneOf not unevaluatedItems unevaluatedProperties
    type const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength
    pattern maxItems minItems uniqueItems maxContains minContains maxProperties minProperties
    required dependentRequired title description default deprecated readOnly writeOnly examples
    format contentEncoding contentMediaType contentSchema
    """
)

#: Annotation keywords: they describe a value and accept every value.
ANNOTATIONS = words(
    """
    $schema $id $anchor $dynamicAnchor $vocabulary $comment $defs definitions title description
    default deprecated readOnly writeOnly examples contentMediaType contentSchema
    """
)

#: The formats of Validation 7.3 and Jotbase's own; all are asserted.
FORMATS = words(
    """
    date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference
    iri iri-reference uuid uri-template json-pointer relative-json-pointer regex decimal
    int4range int8range numrange tsrange tstzrange daterange
    """
)

#: Keywords of other tools that resemble a known one and are ignored without a fault.
_HARMLESS = frozenset({"comment", "enumNames", "example", "id"})

#: Keywords too short to be suggested: many words are similar to them.
_TOO_SHORT = frozenset({"not", "if", "then", "else"})

#: The text search configurations by PostgreSQL's names: its Snowball dictionaries, and `simple`,
#: which neither stems nor removes stop words.
LANGUAGES = words(
    """
    simple arabic armenian basque catalan danish dutch english estonian finnish french german greek
    hindi hungarian indonesian irish italian lithuanian nepali norwegian portuguese romanian russian
    serbian spanish swedish tamil turkish yiddish
    """
)

_ACTIONS = ["no action", "restrict", "cascade", "set null", "set default"]
_NAMES: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "uniqueItems": True,
}
_SOME_NAMES: dict[str, Any] = {**_NAMES, "minItems": 1}

_DELETED: dict[str, Any] = {
    "enum": _ACTIONS,
    "description": "What becomes of this row when the row that it refers to is deleted.",
}
_UPDATED: dict[str, Any] = {
    "enum": _ACTIONS,
    "description": "What becomes of this row when the key that it refers to changes.",
}

_RENAMED: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "description": "The name that it had: a database with that name renames it, values and all.",
}

_COLUMN_KEYWORDS: dict[str, Any] = {
    "identity": {
        "type": "boolean",
        "description": "The database numbers the rows: 1, 2, 3, …",
    },
    "references": {
        "type": "string",
        "pattern": "^[^.]+[.].+$",
        "description": "The column that this one refers to: companies.handle, auth.users.id.",
    },
    "onDelete": _DELETED,
    "onUpdate": _UPDATED,
    "defaultExpression": {
        "type": "string",
        "minLength": 1,
        "description": "A default in the rule language: now(), uuid(), user.id.",
    },
    "generated": {
        "type": "string",
        "minLength": 1,
        "description": "An SQL expression over the row's columns that the database computes.",
    },
    "renamedFrom": _RENAMED,
}

_RULE: dict[str, Any] = {"type": "string", "minLength": 1}

_FOREIGN_KEY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 63},
        "columns": _SOME_NAMES,
        "references": {
            "type": "object",
            "properties": {"table": {"type": "string", "minLength": 1}, "columns": _SOME_NAMES},
            "required": ["table", "columns"],
            "additionalProperties": False,
        },
        "onDelete": _DELETED,
        "onUpdate": _UPDATED,
    },
    "required": ["columns", "references"],
    "additionalProperties": False,
}

_FULL_TEXT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "columns": _SOME_NAMES,
        "kind": {"const": "fulltext", "description": "Searches (fts, wfts, …) find rows by it."},
        "language": {
            "enum": sorted(LANGUAGES),
            "default": "english",
            "description": "The text search configuration that its searches name.",
        },
    },
    "required": ["columns", "kind"],
    "additionalProperties": False,
}

_TABLE_KEYWORDS: dict[str, Any] = {
    "primaryKey": {**_NAMES, "description": "The columns that name a row."},
    "unique": {
        "type": "array",
        "items": _SOME_NAMES,
        "description": "Lists of columns whose values, taken together, no two rows share.",
    },
    "indexes": {
        "type": "array",
        "items": {"if": {"type": "array"}, "then": _SOME_NAMES, "else": _FULL_TEXT},
        "description": "Lists of columns to find and sort rows by quickly; objects with columns"
        " of text to search in quickly.",
    },
    "foreignKeys": {
        "type": "array",
        "items": _FOREIGN_KEY,
        "description": "References of one or several columns; `references` is short for one.",
    },
    "access": {
        "type": "object",
        "properties": {
            "select": {**_RULE, "description": "Which rows may be read: over row and user."},
            "insert": {**_RULE, "description": "Which rows may be added: over new and user."},
            "update": {**_RULE, "description": "Which changes may be made: row, new and user."},
            "delete": {**_RULE, "description": "Which rows may be removed: over row and user."},
        },
        "additionalProperties": False,
        "description": "Who may do what. What has no rule is for the service role alone.",
    },
    "realtime": {
        "enum": [True, False, "broadcast"],
        "description": "Whether subscribers are told of changes; `broadcast`: inserted rows are"
        " messages of `topic`, told in its room and pruned.",
    },
    "acknowledges": {
        "type": "object",
        "additionalProperties": {"type": "string", "minLength": 1},
        "description": "Advice of `jotbase check` that is known and meant: its code, and why.",
    },
    "renamedFrom": _RENAMED,
    "withoutRowid": {
        "type": "boolean",
        "description": "SQLite keeps the rows by their primary key, and does not number them.",
    },
    "view": {
        "type": "string",
        "minLength": 1,
        "pattern": "^\\s*([sS][eE][lL][eE][cC][tT]|[wW][iI][tT][hH]|[vV][aA][lL][uU][eE][sS])\\b",
        "description": "The SELECT that makes this a view; the properties are its columns.",
    },
}

COLUMN_ONLY = frozenset(_COLUMN_KEYWORDS)
TABLE_ONLY = frozenset(_TABLE_KEYWORDS)

#: The meta-schema of schema files, served at `/schema/table/v1`. The vocabulary is optional, so
#: that other tools treat its keywords as annotations.
META_SCHEMA: dict[str, Any] = {
    "$schema": STANDARD_META_SCHEMA,
    "$id": TABLE_META_SCHEMA,
    "$vocabulary": {
        "https://json-schema.org/draft/2020-12/vocab/core": True,
        "https://json-schema.org/draft/2020-12/vocab/applicator": True,
        "https://json-schema.org/draft/2020-12/vocab/unevaluated": True,
        "https://json-schema.org/draft/2020-12/vocab/validation": True,
        "https://json-schema.org/draft/2020-12/vocab/meta-data": True,
        "https://json-schema.org/draft/2020-12/vocab/format-assertion": True,
        "https://json-schema.org/draft/2020-12/vocab/content": True,
        "https://jotbase.dev/schema/vocab/table/v1": False,
    },
    "title": "A table or view of a Jotbase project",
    "allOf": [{"$ref": STANDARD_META_SCHEMA}],
    "type": "object",
    "properties": {
        "$schema": {"enum": [TABLE_META_SCHEMA, STANDARD_META_SCHEMA]},
        "type": {"const": "object"},
        "properties": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/column"},
            "description": "The columns.",
        },
        **_TABLE_KEYWORDS,
    },
    "$defs": {"column": {"type": ["object", "boolean"], "properties": _COLUMN_KEYWORDS}},
}


def nearest(word: str, words: Iterable[str], cutoff: float = 0.75) -> str | None:
    """Return the most similar of `words`, None if no one is similar enough (0 to 1)."""
    spelled: dict[str, str] = {_plain(known): known for known in sorted(words)}
    close = get_close_matches(_plain(word), spelled, n=1, cutoff=cutoff)
    return spelled[close[0]] if close else None


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace("$", "")


def keyword_faults(schema: Mapping[str, Any], known: frozenset[str]) -> list[tuple[str, str, str]]:
    """Return (keyword, reason, hint) for each keyword that is probably misspelt or misplaced.

    JSON Schema treats unknown keywords as annotations, so one that is similar to no known keyword
    is allowed, as is every one that begins with `x-`.
    """
    found: list[tuple[str, str, str]] = []
    for word in schema:
        if word in known or word.startswith("x-") or word in _HARMLESS:
            continue
        if word in COLUMN_ONLY:
            found.append((word, f'"{word}" belongs to a column', "write it in the column's schema"))
        elif word in TABLE_ONLY:
            found.append((word, f'"{word}" belongs to the table', _moved(word)))
        elif hint := _of_other_tools(word, known):
            found.append((word, f'"{word}" has no effect in JSON Schema 2020-12', hint))
        elif close := nearest(word, known - _TOO_SHORT):
            found.append((word, f'unknown keyword "{word}"', f'did you mean "{close}"?'))
    return found


def _of_other_tools(word: str, known: frozenset[str]) -> str | None:
    if known >= TABLE_ONLY:
        return TABLE_KEYWORDS.get(word) or KEYWORDS.get(word)
    if known >= COLUMN_ONLY:
        return COLUMN_KEYWORDS.get(word) or KEYWORDS.get(word)
    return KEYWORDS.get(word)


def _moved(word: str) -> str:
    if word == "unique":
        return 'write "unique": [["column"]] beside "properties"'
    if word == "primaryKey":
        return 'write "primaryKey": ["column"] beside "properties"'
    return 'write it beside "properties", at the top of the file'
