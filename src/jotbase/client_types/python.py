"""A project's types in Python: rows as TypedDicts or Pydantic models, and what writes take.

In charge of names that Python can have, and of what is optional. Rows as Pydantic models parse text
to dates, UUIDs and decimals; what is inserted and changed is a TypedDict, as clients take dicts.
Must not know how a schema becomes a shape.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from jotbase.client_types.relations import Described
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
from jotbase.schema.model.tables import Type

Style = Literal["typeddict", "pydantic"]

_HEAD = '''\
"""Types of the project. Made by `jotbase types --lang python`: do not edit, make it again."""

# ruff: noqa
# fmt: off
'''
_SENT = {
    Type.INTEGER: "int",
    Type.NUMBER: "float",
    Type.DECIMAL: "float",
    Type.BOOLEAN: "bool",
    Type.JSON: "Any",
    Type.ARRAY: "list[Any]",
}
_PARSED = {
    **_SENT,
    Type.DECIMAL: "decimal.Decimal",
    Type.UUID: "uuid.UUID",
    Type.TIMESTAMP: "datetime.datetime",
    Type.DATE: "datetime.date",
    Type.TIME: "datetime.time",
}
_OF_TYPING = ("Any", "Literal", "NotRequired", "TypeAlias", "TypedDict")
_IMPORTED = (*_OF_TYPING, "BaseModel", "ConfigDict", "Field")
#: What a Pydantic model has itself: a field of that name is called with `_` behind it.
_TAKEN = frozenset({"copy", "dict", "json", "schema", "validate", "construct", "fields"})


def python(found: Described, style: Style = "typeddict") -> str:
    """Return the text of a module."""
    names = class_names([one.name for one in found.relations], _IMPORTED)
    enums = class_names([one.name for one in found.enumerations], (*_IMPORTED, *names.values()))
    blocks = [
        f"{enums[one.name]}: TypeAlias = {_literal(one.values)}\n" for one in found.enumerations
    ]
    for one in found.relations:
        called = names[one.name]
        if style == "pydantic":
            blocks.append(_model(called, one.row, enums, one.description))
        else:
            blocks.append(_typed_dict(called, one.row, enums, one.description))
        if one.insert is not None:
            blocks.append(_typed_dict(f"{called}Insert", one.insert, enums))
        if one.update is not None:
            blocks.append(_typed_dict(f"{called}Update", one.update, enums))
    calls = class_names([one.name for one in found.functions], names.values())
    for call in found.functions:
        if isinstance(call.arguments, Members) and call.arguments.members:
            arguments = call.arguments.members
            blocks.append(_typed_dict(f"{calls[call.name]}Args", arguments, enums))
    body = "\n\n".join(blocks)
    return _imports(body, style) + "\n\n" + body


def class_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return a class name for each name: `job_tags` is JobTags; doubles are numbered."""
    used, found = set(taken), dict[str, str]()
    for name in names:
        if name in found:
            continue
        words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
        plain = "".join(word[0].upper() + word[1:] for word in words) or "Table"
        plain = f"_{plain}" if plain[0].isdigit() or keyword.iskeyword(plain) else plain
        called, number = plain, 1
        while called in used:
            number += 1
            called = f"{plain}{number}"
        used.add(called)
        found[name] = called
    return found


def _imports(body: str, style: Style) -> str:
    modules = [name for name in ("datetime", "decimal", "uuid") if f"{name}." in body]
    typed = [name for name in _OF_TYPING if re.search(rf"\b{name}\b", body)]
    lines = [_HEAD, "from __future__ import annotations\n"]
    standard = [f"import {name}" for name in modules]
    if typed:
        standard.append(f"from typing import {', '.join(typed)}")
    lines.append("\n".join(standard) + "\n")
    if style == "pydantic" and "BaseModel" in body:
        words = ["BaseModel", "ConfigDict", *(["Field"] if "= Field(" in body else [])]
        lines.append(f"from pydantic import {', '.join(words)}\n")
    return "\n".join(lines)


def _typed_dict(
    called: str, members: Sequence[Member], enums: dict[str, str], about: str | None = None
) -> str:
    if any(not one.name.isidentifier() or keyword.iskeyword(one.name) for one in members):
        pairs = "".join(
            f"        {json.dumps(one.name)}: {json.dumps(_entry(one, enums))},\n"
            for one in members
        )
        return f'{called} = TypedDict(\n    "{called}",\n    {{\n{pairs}    }},\n)\n'
    lines = "".join(f"    {one.name}: {_entry(one, enums)}\n" for one in members)
    return f"class {called}(TypedDict):\n{_docstring(about)}{lines or '    pass' + chr(10)}"


def _docstring(about: str | None) -> str:
    if not about:
        return ""
    text = " ".join(about.replace("\\", "\\\\").replace('"""', "'''").split())
    return f'    """{text.rstrip(chr(34))}"""\n\n'


def _entry(member: Member, enums: dict[str, str]) -> str:
    text = written(member.shape, enums)
    return text if member.required else f"NotRequired[{text}]"


def _model(called: str, members: Sequence[Member], enums: dict[str, str], about: str | None) -> str:
    lines = ["    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())\n\n"]
    for one in members:
        text, name = written(one.shape, enums, parsed=True), field_name(one.name)
        alias = "" if name == one.name else f" = Field(alias={json.dumps(one.name)})"
        lines.append(f"    {name}: {text}{alias}\n")
    return f"class {called}(BaseModel):\n{_docstring(about)}{''.join(lines)}"


def field_name(name: str) -> str:
    """Return the name of a model's field for a column."""
    plain = re.sub(r"\W", "_", name).lstrip("_") or "field"
    plain = f"field_{plain}" if plain[0].isdigit() else plain
    reserved = keyword.iskeyword(plain) or plain in _TAKEN or plain.startswith("model_")
    return f"{plain}_" if reserved else plain


def written(shape: Shape, enums: dict[str, str], *, parsed: bool = False) -> str:
    """Return a shape as an annotation: of JSON as it is sent, or of what Pydantic makes of it."""
    match shape:
        case Null():
            return "None"
        case Scalar(type=kind):
            return (_PARSED if parsed else _SENT).get(kind, "str")
        case Choice(values=values):
            return _literal(values)
        case Enumeration(name=name):
            return enums[name]
        case Several(item=item):
            return f"list[{written(item, enums, parsed=parsed)}]"
        case Either(shapes=shapes):
            return " | ".join(written(one, enums, parsed=parsed) for one in shapes)
        case Members():
            return "dict[str, Any]"


def _literal(values: Iterable[object]) -> str:
    return f"Literal[{', '.join(_constant(one) for one in values)}]"


def _constant(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
