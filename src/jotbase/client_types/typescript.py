"""A project's types in TypeScript: the `Database` that `createClient<Database>` takes.

In charge of the form that `supabase gen types typescript` writes, so that the client's own types
read it: Tables and Views with Row, Insert, Update, Relationships; Functions; Enums. Must not know
how a schema becomes a shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from jotbase.client_types.relations import Call, Described, Relation
from jotbase.client_types.shapes import (
    Choice,
    Either,
    Enumeration,
    Member,
    Members,
    Null,
    Scalar,
    Several,
    Shape,
)
from jotbase.query.plan.relations import Relationship
from jotbase.schema.model.tables import Type

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SCHEMA = 'Database["public"]'
_NUMBERS = frozenset({Type.INTEGER, Type.NUMBER, Type.DECIMAL})

_HEAD = """\
// Types of the project. Made by `jotbase types --lang typescript`: do not edit, make it again.

export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[]

export type Database = {
  // What postgrest-js takes the server for: it decides which methods and results it types.
  __InternalSupabase: {
    PostgrestVersion: "14"
  }
  public: {
"""

_SHORTHANDS = """
type Relations = Database["public"]["Tables"] & Database["public"]["Views"]
type Having<Kind extends string> = {
  [Name in keyof Relations as Relations[Name] extends Record<Kind, unknown> ? Name : never]: 1
}
type Of<Name extends keyof Relations, Kind extends string> =
  Relations[Name] extends Record<Kind, infer Found> ? Found : never

export type Tables<Name extends keyof Relations> = Of<Name, "Row">
export type TablesInsert<Name extends keyof Having<"Insert"> & keyof Relations> = Of<Name, "Insert">
export type TablesUpdate<Name extends keyof Having<"Update"> & keyof Relations> = Of<Name, "Update">
export type Enums<Name extends keyof Database["public"]["Enums"]> =
  Database["public"]["Enums"][Name]
"""


def typescript(found: Described) -> str:
    """Return the text of a `.ts` file."""
    views = {one.name for one in found.relations if one.is_view}
    tables = [one for one in found.relations if not one.is_view]
    parts = [
        _section("Tables", [_relation(one) for one in tables]),
        _section("Views", [_relation(one) for one in found.relations if one.is_view]),
        _section("Functions", _functions(found.functions, views)),
        _section("Enums", [_line(one.name, _choice(one.values)) for one in found.enumerations]),
        _section("CompositeTypes", []),
    ]
    return _HEAD + "".join(parts) + "  }\n}\n" + _SHORTHANDS + _constants(found.enumerations)


def _section(name: str, entries: Iterable[str]) -> str:
    body = "".join(entries)
    if not body:
        return f"    {name}: {{\n      [_ in never]: never\n    }}\n"
    return f"    {name}: {{\n{_indented(body, 6)}    }}\n"


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def _line(name: str, type_: str, mark: str = "") -> str:
    return f"{_key(name)}{mark}: {type_}\n"


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _block(name: str, body: str) -> str:
    return f"{_key(name)}: {{\n{_indented(body, 2)}}}\n"


def _relation(one: Relation) -> str:
    body = _block("Row", _members((*one.row, *one.computed)))
    never = "".join(_line(name, "never", "?") for name in one.filled)
    if one.insert is not None:
        body += _block("Insert", _members(one.insert) + never)
    if one.update is not None:
        body += _block("Update", _members(one.update) + never)
    elif one.insert is not None:
        body += _block("Update", "[_ in never]: never\n")
    return _about(one.description) + _block(one.name, body + _relationships(one.keys))


def _about(description: str | None) -> str:
    if not description:
        return ""
    text = " ".join(description.replace("*/", "* /").split())
    return f"/** {text} */\n"


def _members(members: Iterable[Member]) -> str:
    return "".join(
        _line(one.name, written(one.shape), "" if one.required else "?") for one in members
    )


def _relationships(keys: Iterable[Relationship]) -> str:
    entries = [_relationship(one) for one in keys]
    if not entries:
        return "Relationships: []\n"
    return "Relationships: [\n" + _indented("".join(entries), 2) + "]\n"


def _relationship(one: Relationship) -> str:
    own, theirs = zip(*one.pairs, strict=True)
    body = (
        f"foreignKeyName: {json.dumps(one.constraint)}\n"
        f"columns: {json.dumps(own)}\n"
        f"isOneToOne: {json.dumps(one.cardinality == 'one-to-one')}\n"
        f"referencedRelation: {json.dumps(one.target.name)}\n"
        f"referencedColumns: {json.dumps(theirs)}\n"
    )
    return "{\n" + _indented(body, 2) + "},\n"


def _functions(functions: Iterable[Call], views: Iterable[str]) -> Iterable[str]:
    ordered = sorted(functions, key=lambda one: one.name)
    for name, several in groupby(ordered, key=lambda one: one.name):
        blocks = ["{\n" + _indented(_call(one, frozenset(views)), 2) + "}" for one in several]
        if len(blocks) == 1:
            yield _line(name, blocks[0])
        else:
            yield f"{_key(name)}:\n{_union(blocks)}\n"


def _union(blocks: Iterable[str]) -> str:
    return _indented("\n".join(f"| {one}" for one in blocks), 2)


def _call(one: Call, views: frozenset[str]) -> str:
    taken = written(one.arguments)
    if isinstance(one.arguments, Members) and not one.arguments.members:
        taken = "{ [key: string]: Json | undefined }" if one.arguments.open else "never"
    if one.origin is not None:
        taken = f'{{ "": {_row(one.origin, views)} }}'
    target = one.returns.table
    if target is None:
        returned = "undefined" if one.returns.kind == "nothing" else written(one.value)
        return _line("Args", taken) + _line("Returns", returned)
    several = one.returns.kind == "rows"
    options = (
        f"from: {json.dumps(one.origin or '*')}\nto: {json.dumps(target)}\n"
        f"isOneToOne: {json.dumps(not several)}\nisSetofReturn: {json.dumps(several)}\n"
    )
    returned = _row(target, views) + ("[]" if several else "")
    return _line("Args", taken) + _line("Returns", returned) + _block("SetofOptions", options)


def _row(table: str, views: frozenset[str]) -> str:
    kind = "Views" if table in views else "Tables"
    return f'{_SCHEMA}["{kind}"][{json.dumps(table)}]["Row"]'


def written(shape: Shape) -> str:
    """Return a shape as a type, on one line."""
    match shape:
        case Null():
            return "null"
        case Scalar(type=kind):
            return _scalar(kind)
        case Choice(values=values):
            return _choice(values)
        case Enumeration(name=name):
            return f'{_SCHEMA}["Enums"][{json.dumps(name)}]'
        case Several(item=item):
            text = written(item)
            return f"({text})[]" if " | " in text else f"{text}[]"
        case Either(shapes=shapes):
            return " | ".join(written(one) for one in shapes)
        case Members():
            return _object(shape)


def _object(shape: Members) -> str:
    parts = [
        f"{_key(one.name)}{'' if one.required else '?'}: {written(one.shape)}"
        for one in shape.members
    ]
    if shape.open:
        parts.append("[key: string]: Json | undefined")
    return "{ " + "; ".join(parts) + " }" if parts else "{ [key: string]: never }"


def _scalar(kind: Type) -> str:
    if kind in _NUMBERS:
        return "number"
    if kind is Type.BOOLEAN:
        return "boolean"
    return "Json" if kind in (Type.JSON, Type.ARRAY) else "string"


def _choice(values: Iterable[object]) -> str:
    return " | ".join(json.dumps(one, ensure_ascii=False) for one in values)


def _constants(enumerations: Iterable[Enumeration]) -> str:
    shown: Mapping[str, tuple[object, ...]] = {one.name: one.values for one in enumerations}
    lines = "".join(
        _line(name, json.dumps(values, ensure_ascii=False)).replace("\n", ",\n")
        for name, values in shown.items()
    )
    return (
        "\nexport const Constants = {\n  public: {\n    Enums: {\n"
        + _indented(lines, 6)
        + "    },\n  },\n} as const\n"
    )
