"""Files that do not fit the meta-schema: one mistake each, with the spelling that fits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import ID, JSON, TEXT, faults, places, table_file

OTHER = table_file({"id": ID}, primaryKey=["id"])


def told(document: Any) -> list[tuple[str, str, str | None]]:
    """Return file and pointer, reason and hint of each fault; two sound files refer to `t`."""
    refers = table_file({"id": ID, "t": {"type": "integer", "references": "t.id"}})
    rule = {"access": {"select": "row.t.title == 'a'"}}
    found = faults(t=document, other=OTHER, refers=refers | rule)
    return [(f"{one.file[8:-5]}#{one.pointer}", one.reason, one.hint) for one in found]


def column(schema: Any) -> dict[str, Any]:
    """Return a table with a column `x` of that schema."""
    return table_file({"id": ID, "title": TEXT, "x": schema}, primaryKey=["id"])


@pytest.mark.parametrize(
    ("schema", "place", "hint"),
    [
        ("integer", "", 'write "x": {"type": "integer"}'),
        ("timestamp", "", 'write "x": {"type": "string", "format": "date-time"}'),
        (["string", "null"], "", 'write "x": {"type": ["string", "null"]}'),
        (None, "", 'write "x": {"type": "string"}'),
        ({"type": "uuid"}, "/type", 'write "type": "string", "format": "uuid"'),
        ({"type": "varchar(255)"}, "/type", 'write "type": "string"'),
        ({"type": "Int?"}, "/type", 'write "type": "integer"'),
        ({"type": "text[]"}, "/type",
         'write "type": "array", "items": {"type": "string"}'),
        ({"type": "serial"}, "/type", 'write "type": "integer", "identity": true'),
        ({"type": "integer", "references": {"table": "other", "column": "id"}}, "/references",
         'write "references": "other.id"'),
        ({"type": "integer", "references": {"table": "other", "columns": ["id"]}}, "/references",
         'write "references": "other.id"'),
        ({"type": "integer", "references": "other(id)"}, "/references",
         'write "references": "other.id"'),
        ({"type": "integer", "references": "other"}, "/references",
         'name table and column: "other.id"'),
        ({"type": "integer", "references": "public.other.id"}, "/references",
         'tables stand without a schema: write "other.id"'),
        ({"type": "integer", "references": True}, "/references",
         'name table and column: "companies.handle"'),
        ({"type": "string", "enum": "a|b"}, "/enum", 'write "enum": ["a", "b"]'),
        ({"type": "array", "items": [{"type": "string"}]}, "/items",
         'write "items": {"type": "string"}'),
        ({"type": "string", "maxLength": "10"}, "/maxLength", 'write "maxLength": 10'),
        ({"type": "string", "readOnly": "true"}, "/readOnly", 'write "readOnly": true'),
        ({"type": "string", "generated": True}, "/generated",
         'write "generated": "upper(name)"'),
        ({"type": "boolean", "defaultExpression": True}, "/defaultExpression",
         'a literal is a "default": true'),
        ({"type": "string", "pattern": "/^a$/i"}, "/pattern", 'write "pattern": "^a$"'),
        ({"type": "string", "format": "timestamp"}, "/format", 'write "format": "date-time"'),
        ({"type": "string", "format": "base64"}, "/format", 'write "contentEncoding": "base64"'),
        ({"type": "string", "unique": True}, "/unique",
         'write "unique": [["column"]] beside "properties"'),
        ({"type": "string", "index": True}, "/index",
         'write "indexes": [["column"]] beside "properties"'),
        ({"type": "string", "notNull": True}, "/notNull",
         'a column that must be there stands in "required" beside "properties"'),
        ({"type": "integer", "min": 1}, "/min",
         'write "minimum" for numbers, "minLength" for text'),
        ({"type": "boolean", "default": "false"}, "/default", "write false, without quotes"),
        ({"type": "integer", "default": "0"}, "/default", "write 0, without quotes"),
        ({"type": "integer", "default": "autoincrement()"}, "/default",
         'write "identity": true instead: the database numbers the rows'),
        ({"type": "string", "default": None}, "/default",
         'allow null in its type, ["string", "null"], or leave "default" out'),
        ({"type": "string", "format": "date", "default": "1/2/2026"}, "/default",
         'as in "2026-01-31"'),
        ({"enum": ["a"], "default": "'a'"}, "/default",
         'write "a", in double quotes alone'),
        ({"type": "string", "format": "date-time", "default": "datetime('now')"}, "/default",
         'a default is taken as it is: write "defaultExpression": "now()"'),
        ({"$ref": "other#/properties/id"}, "/$ref", 'write "$ref": "other.json#/properties/id"'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_column_is_one(schema: Any, place: str, hint: str) -> None:
    """In its file alone, where it stands, with what to write; other files are none the worse."""
    found = told(column(schema))

    assert [(at, said) for at, _, said in found] == [(f"t#/properties/x{place}", hint)]


@pytest.mark.parametrize(
    ("keywords", "place", "hint"),
    [
        ({"access": "True"}, "access", 'write "access": {"select": "True"}'),
        ({"access": True}, "access", 'write "access": {"select": "True"}'),
        ({"access": {"select": True}}, "access/select", 'write "select": "True"'),
        ({"access": {"select": False}}, "access/select",
         'leave "select" out: what has no rule is refused'),
        ({"access": {"select": ["anon"]}}, "access/select",
         'write "select": "row.owner == user.id"'),
        ({"access": {"read": "True"}}, "access/read", 'write "select"'),
        ({"access": {"listRule": "True"}}, "access/listRule", 'write "select"'),
        ({"access": {"create": "True"}}, "access/create", 'write "insert"'),
        ({"access": {"SELECT": "True"}}, "access/SELECT", 'did you mean "select"?'),
        ({"access": {"all": "True"}}, "access/all",
         'each has its own rule: "select", "insert", "update", "delete"'),
        ({"realtime": "true"}, "realtime", 'write "realtime": true'),
        ({"realtime": 0}, "realtime", 'write "realtime": false'),
        ({"realtime": "broadcasts"}, "realtime", 'did you mean "broadcast"?'),
        ({"primaryKey": {"columns": ["id"]}}, "primaryKey", 'write "primaryKey": ["id"]'),
        ({"unique": [{"columns": ["title"]}]}, "unique/0", 'write "unique": [["title"]]'),
        ({"indexes": [{"columns": ["title"]}]}, "indexes/0",
         'write ["title"]; to search in text, add "kind": "fulltext"'),
        ({"indexes": [{"columns": ["title"], "unique": True}]}, "indexes/0",
         'write "unique": [["title"]]'),
        ({"indexes": [{"columns": ["title"], "kind": "fts", "language": "de"}]},
         "indexes/0/kind",
         'write {"columns": ["title"], "kind": "fulltext", "language": "german"}'),
        ({"foreignKeys": [{"column": "x", "references": {"table": "other", "column": "id"}}]},
         "foreignKeys/0",
         'write {"columns": ["x"], "references": {"table": "other", "columns": ["id"]}}'),
        ({"foreignKeys": ["other.id"]}, "foreignKeys/0",
         'write {"columns": ["column"], "references": {"table": "other", "columns": ["id"]}}'),
        ({"policies": []}, "policies", 'write "access": {"select": "True"}'),
        ({"acknowledges": ["nocase-unique"]}, "acknowledges",
         'write {"nocase-unique": "the reason"}'),
    ],
)  # fmt: skip
def test_a_mistake_of_a_table_is_one(keywords: dict[str, Any], place: str, hint: str) -> None:
    """The same at the top of a file, a list entry being one place."""
    document = column(TEXT) | keywords
    found = [(at, said) for at, _, said in told(document) if at.startswith("t#")]

    assert found == [(f"t#/{place}", hint)]


@pytest.mark.parametrize(
    ("document", "place", "hint"),
    [
        ({"columns": {"id": ID}, "primaryKey": ["id"]}, "properties",
         'write "properties": {"name": {"type": "string"}} for "columns"'),
        ({"id": ID, "title": TEXT}, "properties",
         'write {"properties": {…}} around the columns'),
        ({"type": "array", "items": {"properties": {"id": ID}}}, "properties",
         'list them under "properties"'),
        ({"properties": [{"name": "id"}]}, "properties",
         'write "properties": {"name": {"type": "string"}}'),
        ({"view": "select 1 as id"}, "properties", 'list them under "properties"'),
    ],
)  # fmt: skip
def test_a_file_without_columns_is_one_mistake(document: Any, place: str, hint: str) -> None:
    """Whatever else it says makes no sense before."""
    found = faults(t=document)

    assert [(one.pointer, one.hint) for one in found] == [(f"/{place}", hint)]


def test_columns_named_like_keywords_are_columns() -> None:
    """What is wrong with a column called `type` is said of a column."""
    found = faults(t=table_file({"id": ID, "type": "text", "required": "boolean"}))

    assert {(one.pointer, one.hint) for one in found} == {
        ("/properties/type", 'write "type": {"type": "string"}'),
        ("/properties/required", 'write "required": {"type": "boolean"}'),
    }


def test_several_mistakes_are_several() -> None:
    """One does not hide another."""
    document = column("integer") | {"access": {"read": "True", "post": "True"}, "realtime": 1}

    assert sorted(places(t=document)) == [
        "t#/access/post",
        "t#/access/read",
        "t#/properties/x",
        "t#/realtime",
    ]


@given(st.sampled_from(["access", "foreignKeys", "indexes", "unique", "primaryKey", "view",
                        "properties", "required", "realtime", "acknowledges"]), JSON)  # fmt: skip
def test_whatever_stands_at_a_keyword_is_told_or_read(word: str, value: Any) -> None:
    """No value ends the reading of a file."""
    for fault in faults(t=column(TEXT) | {word: value}):
        assert fault.file == "schemas/t.json"


@given(st.sampled_from(["type", "references", "enum", "items", "generated", "default", "format",
                        "pattern", "identity", "onDelete", "required", "$ref"]), JSON)  # fmt: skip
def test_whatever_stands_in_a_column_is_told_or_read(word: str, value: Any) -> None:
    """The same of a column's keywords."""
    for fault in faults(t=column({"type": "string", word: value})):
        assert fault.pointer.startswith("/properties/x")
