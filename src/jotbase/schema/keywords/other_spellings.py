"""Spellings of other tools (Prisma, Supabase, SQL) and their equivalents in schema files.

In charge of the words of SQL dialects, ORMs, form builders and older JSON Schemas that newcomers
bring along. Must not know where in a file a word stands; what is near our own words is `nearest`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def _each(words: str, written: str) -> Iterable[tuple[str, str]]:
    return ((word, written) for word in words.split())


_TEXT = '"type": "string"'
_MOMENT = '"type": "string", "format": "date-time"'

_TYPES: Mapping[str, str] = dict(
    (
        *_each("text varchar char character bpchar citext nvarchar clob str longtext", _TEXT),
        *_each("charactervarying select slug password", _TEXT),
        *_each("timestamp timestamptz datetime datetimetz timestampwithtimezone", _MOMENT),
        *_each("timestampwithouttimezone autodate instant", _MOMENT),
        *_each("date", '"type": "string", "format": "date"'),
        *_each("time timetz", '"type": "string", "format": "time"'),
        *_each("interval duration", '"type": "string", "format": "duration"'),
        *_each("uuid guid uniqueidentifier", '"type": "string", "format": "uuid"'),
        *_each("email", '"type": "string", "format": "email"'),
        *_each("url uri link", '"type": "string", "format": "uri"'),
        *_each("inet ip cidr", '"type": "string", "format": "ipv4"'),
        *_each("int int2 int4 int8 int32 int64 long", '"type": "integer"'),
        *_each("bigint smallint tinyint mediumint", '"type": "integer"'),
        *_each("serial bigserial smallserial increments", '"type": "integer", "identity": true'),
        *_each("float float4 float8 double doubleprecision real", '"type": "number"'),
        *_each("decimal numeric money", '"type": "string", "format": "decimal"'),
        *_each("bool bit", '"type": "boolean"'),
        *_each("json jsonb dict map record struct", '"type": "object"'),
        *_each("list set", '"type": "array", "items": {"type": "string"}'),
        *_each("bytea blob binary bytes file", '"type": "string", "contentEncoding": "base64"'),
        *_each("enum", '"enum": ["a", "b"]'),
        *_each("relation reference references", '"references": "table.column", and its type'),
    )
)

#: Formats of other tools that would be taken as annotations, and say nothing.
_FORMATS: Mapping[str, str] = dict(
    (
        *_each("timestamp timestamptz datetime datetime-local datetimetz", '"format": "date-time"'),
        *_each("url link href website", '"format": "uri"'),
        *_each("numeric money currency", '"format": "decimal"'),
        *_each("guid uuid4 uuidv4", '"format": "uuid"'),
        *_each("ip ip-address ipaddress", '"format": "ipv4"'),
        *_each("base64 byte binary", '"contentEncoding": "base64"'),
        *_each("jsonb json", '"type": "object"'),
        *_each("slug", '"pattern": "^[a-z0-9-]+$"'),
        *_each("timetz", '"format": "time"'),
    )
)

_NULLS = 'write "type": ["string", "null"] (with the type that it is)'
_REQUIRED = 'a column that must be there stands in "required" beside "properties"'
_OPTIONAL = 'a column is optional unless "required" beside "properties" names it'
_INDEXED = 'write "indexes": [["column"]] beside "properties"'
_NUMBERED = 'write "identity": true'
_REFERS = 'write "references": "table.column"'
_COMPUTES = 'write "generated": "an SQL expression"'
_RULES = 'write "access": {"select": "True"}'
_COLUMNS = 'write the columns in "properties": {"name": {"type": "string"}}'

#: Words that look as if they did something and do not, with what to write instead.
KEYWORDS: Mapping[str, str] = {
    "nullable": _NULLS,
    "null": _NULLS,
    "dependencies": "2020-12 has dependentRequired and dependentSchemas for it",
    "additionalItems": "2020-12 has prefixItems and items for it",
    "$recursiveRef": "2020-12 has $dynamicRef for it",
    **dict.fromkeys(("notNull", "not_null", "notnull", "allowNull"), _REQUIRED),
    "optional": _OPTIONAL,
    **dict.fromkeys(("foreignKey", "foreign_key", "fk", "relation"), _REFERS),
    **dict.fromkeys(("autoIncrement", "autoincrement", "auto_increment", "serial"), _NUMBERED),
    **dict.fromkeys(("computed", "generatedAs"), _COMPUTES),
    **dict.fromkeys(("default_expression", "defaultFn", "server_default"), 'write "default'
                    'Expression": "now()", or "default" for a literal'),
    "min": 'write "minimum" for numbers, "minLength" for text',
    "max": 'write "maximum" for numbers, "maxLength" for text',
    "length": 'write "maxLength"',
    "regex": 'write "pattern"',
    "choices": 'write "enum": ["a", "b"]',
    "ondelete": 'write "onDelete": "cascade"',
}  # fmt: skip

#: The same at the top of a file.
TABLE_KEYWORDS: Mapping[str, str] = {
    **dict.fromkeys(("columns", "fields"), _COLUMNS),
    **dict.fromkeys(("policies", "policy", "rls", "permissions", "rules"), _RULES),
    **dict.fromkeys(("listRule", "viewRule"), 'write "access": {"select": "…"}'),
    "createRule": 'write "access": {"insert": "…"}',
    "updateRule": 'write "access": {"update": "…"}',
    "deleteRule": 'write "access": {"delete": "…"}',
    **dict.fromkeys(("check", "checks", "constraints"), "what a value must be is said by JSON"
                    ' Schema: "minimum", "pattern", "if" and "then"'),
    **dict.fromkeys(("uniqueTogether", "unique_together"), 'write "unique": [["a", "b"]]'),
    "query": 'write "view": "select … from …"',
    "sql": 'write "view": "select … from …"',
}  # fmt: skip

#: Words for what a column has that are its table's here.
COLUMN_KEYWORDS: Mapping[str, str] = {
    **dict.fromkeys(("index", "indexed"), _INDEXED),
    "primary": 'write "primaryKey": ["column"] beside "properties"',
}

_EACH_RULE = 'each has its own rule: "select", "insert", "update", "delete"'
_ACTIONS: Mapping[str, str] = dict(
    (
        *_each("read list view get find listrule viewrule query", 'write "select"'),
        *_each("create add post new createrule", 'write "insert"'),
        *_each("edit patch put modify change updaterule", 'write "update"'),
        *_each("remove destroy deleterule", 'write "delete"'),
        *_each("all any * write upsert save manage everything", _EACH_RULE),
        *_each("public anon authenticated using withcheck", _EACH_RULE),
    )
)

#: What other tools compute as a default, and how it is said here.
_COMPUTED: Mapping[str, str] = {
    **dict.fromkeys(("now", "current_timestamp", "localtimestamp", "datetime", "utcnow"), "now()"),
    **dict.fromkeys(("strftime", "date.now", "datetime.now", "datetime.utcnow"), "now()"),
    **dict.fromkeys(("today", "current_date", "date", "date.today"), "today()"),
    **dict.fromkeys(("uuid", "gen_random_uuid", "uuid_generate_v4", "uuid4", "uuidv4"), "uuid()"),
    **dict.fromkeys(("cuid", "ulid", "nanoid", "newid", "randomblob", "uuid.uuid4"), "uuid()"),
    **dict.fromkeys(("user.id", "auth.uid"), "user.id"),
    **dict.fromkeys(("user.email", "auth.email"), "user.email"),
}
#: Those that are computed without brackets.
_BARE = frozenset(
    ["now", "current_timestamp", "localtimestamp", "today", "current_date", "user.id", "user.email"]
)
_NUMBERING = frozenset({"autoincrement", "nextval", "auto_increment", "serial", "identity"})


def type_hint(name: object) -> str | None:
    """Return what to write for another tool's type: `varchar(255)`, `DateTime?`, `text[]`."""
    if not isinstance(name, str):
        return None
    plain = re.sub(r"\(.*?\)|[\s?_!-]", "", name.lower())
    if plain.endswith("[]"):
        inner = _TYPES.get(plain[:-2])
        return f'write "type": "array", "items": {{{inner or _TEXT}}}'
    written = _TYPES.get(plain)
    return None if written is None else f"write {written}"


def format_hint(name: str) -> str | None:
    """Return what to write for another tool's format."""
    written = _FORMATS.get(name.lower())
    return None if written is None else f"write {written}"


def action_hint(name: str) -> str | None:
    """Return what to write for another tool's name of what may be done."""
    return _ACTIONS.get(name.lower().replace("_", "").replace(" ", ""))


def computed_hint(default: Any) -> str | None:
    """Return a hint if a literal default was most likely meant to be computed."""
    if not isinstance(default, str):
        return None
    called = _called(default)
    if not default.rstrip().endswith(")") and called not in _BARE:
        return None
    if called in _NUMBERING:
        return f"{_NUMBERED} instead: the database numbers the rows"
    expression = _COMPUTED.get(called)
    if expression is None:
        return None
    return f'a default is taken as it is: write "defaultExpression": "{expression}"'


def expression_hint(text: str) -> str | None:
    """Return how another tool's computed default is written in the rule language."""
    called = _called(text)
    if called in _NUMBERING:
        return f"{_NUMBERED} instead: the database numbers the rows"
    written = _COMPUTED.get(called)
    if written is not None and written != text.strip():
        return f"Write {written}."
    return None


def _called(text: str) -> str:
    """Return the name of what a text calls, or the text."""
    plain = text.strip().lower()
    if plain.startswith("("):
        plain = plain[1:].removesuffix(")").strip()
    return re.sub(r"\(.*\)$", "", plain, flags=re.DOTALL)
