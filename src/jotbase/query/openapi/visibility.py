"""A table's schema reduced to what the caller could ever use.

In charge of leaving out what is hidden, and what would name it. Must not know the document's
paths, nor how it is decided what is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote, unquote

from jotbase.schema.keywords.subschemas import escape_token, map_subschemas, unescape_token, walk
from jotbase.schema.model.tables import USERS, Table

#: What tells how the server decides or stores, and what its authors tell each other (`$comment`,
#: JSON Schema Core 8.3): only the service role is shown it.
_INTERNAL = (
    *("access", "acknowledges", "view", "indexes", "generated", "defaultExpression"),
    "$comment",
)
#: Keywords of a whole row of whose list an item may be left out, and the others still hold.
_SEVERAL = ("required", "unique", "foreignKeys", "allOf")


@dataclass(frozen=True, slots=True)
class Visibility:
    """What a caller is shown: `names` are visible tables, `hidden` their columns that are left out.

    `internals` says whether rules and SQL are shown too.
    """

    names: frozenset[str]
    internals: bool
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def hides(self, table: str, columns: Iterable[str]) -> bool:
        """Return whether the caller is not shown the table, or one of those columns of it."""
        if table == USERS.name:
            return False
        return table not in self.names or not self.hidden.get(table, frozenset()).isdisjoint(
            columns
        )


def pointer_token(name: str) -> str:
    """Return a key as a step of a JSON pointer in a URI fragment."""
    return quote(escape_token(name), safe="~")


def visible_schema(
    schema: dict[str, Any], table: Table, base: str, shown: Visibility
) -> dict[str, Any]:
    """Return a table's schema, which stands at `base`, with what the caller is shown of it."""

    def change(inner: dict[str, Any]) -> dict[str, Any]:
        return _without_internals(_without_references(inner, shown), shown)

    found: dict[str, Any] = change(map_subschemas(schema, change))
    hidden = shown.hidden.get(table.name, frozenset())
    found = _without_columns(found, hidden, base)
    return found if shown.internals else _with_needed_definitions(found, base, shown)


def _without_internals(schema: dict[str, Any], shown: Visibility) -> dict[str, Any]:
    for word in () if shown.internals else _INTERNAL:
        schema.pop(word, None)
    return schema


def _without_references(schema: dict[str, Any], shown: Visibility) -> dict[str, Any]:
    """Return the schema without references to tables or columns that the caller is not shown."""
    named = schema.get("references")
    if isinstance(named, str):
        table, _, column = named.rpartition(".")
        if shown.hides(table, [column]):
            for word in ("references", "onDelete", "onUpdate"):
                schema.pop(word, None)
    keys = schema.get("foreignKeys")
    if isinstance(keys, list):
        schema["foreignKeys"] = [key for key in keys if not shown.hides(*_target(key))]
    return schema


def _target(key: Any) -> tuple[str, list[str]]:
    named = key["references"]
    return str(named["table"]), list(named.get("columns", ()))


def _without_columns(schema: dict[str, Any], hidden: frozenset[str], base: str) -> dict[str, Any]:
    """Return the schema of a row without columns, and without what names them."""
    if not hidden:
        return schema
    places = [f"{base}/properties/{pointer_token(name)}" for name in hidden]
    kept: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "properties":
            kept[word] = {name: one for name, one in value.items() if name not in hidden}
        elif word in _SEVERAL and isinstance(value, list):
            kept[word] = [one for one in value if not _names(one, hidden)]
        elif word in ("$defs", "title", "description") or not _names(value, hidden):
            kept[word] = value
    found: dict[str, Any] = map_subschemas(kept, lambda one: _unreferring(one, places))
    return _unreferring(found, places)


def _names(value: Any, hidden: frozenset[str]) -> bool:
    """Return whether a hidden column is named anywhere in a keyword's value."""
    if isinstance(value, Mapping):
        return any(name in hidden or _names(one, hidden) for name, one in value.items())
    if isinstance(value, list):
        return any(_names(one, hidden) for one in value)
    return value in hidden if isinstance(value, str) else False


def _unreferring(schema: dict[str, Any], places: Iterable[str]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if isinstance(reference, str) and any(_leads_to(reference, place) for place in places):
        del schema["$ref"]
    return schema


def _leads_to(reference: str, place: str) -> bool:
    return reference == place or reference.startswith(f"{place}/")


def _references(schema: Any) -> Iterator[str]:
    for _, one in walk(schema):
        if isinstance(one.get("$ref"), str):
            yield one["$ref"]


def _with_needed_definitions(
    schema: dict[str, Any], base: str, shown: Visibility
) -> dict[str, Any]:
    """Return the schema with those of its definitions alone that it refers to.

    Of other tables' files those columns alone are brought, and a hidden table's file has another
    name.
    """
    brought = schema.get("$defs")
    if not isinstance(brought, Mapping):
        return schema
    row = {word: value for word, value in schema.items() if word != "$defs"}
    kept: dict[str, Any] = {}
    renamed: dict[str, str] = {}
    for file, reached in _reached(row, brought, f"{base}/$defs/").items():
        kept[file] = _needed(brought[file], reached)
        if _is_table(file, brought[file]) and shown.hides(file.removesuffix(".json"), ()):
            renamed[file] = _unused(brought, renamed.values())
    if not kept:
        return row
    moved = {
        f"{base}/$defs/{pointer_token(file)}": f"{base}/$defs/{name}"
        for file, name in renamed.items()
    }
    found: dict[str, Any] = map_subschemas({**row, "$defs": kept}, lambda one: _moved(one, moved))
    found["$defs"] = {renamed.get(file, file): one for file, one in found["$defs"].items()}
    return found


def _reached(row: Any, brought: Mapping[str, Any], base: str) -> dict[str, set[str]]:
    """Return which definitions are referred to, by the row or by one another, each with the places
    within it: pointers, of which the empty one is all of it.
    """
    found: dict[str, set[str]] = {}
    waiting = list(_references(row))
    while waiting:
        reference = waiting.pop()
        token, _, rest = reference.removeprefix(base).partition("/")
        name = unescape_token(unquote(token))
        places = found.setdefault(name, set()) if name in brought else None
        if not reference.startswith(base) or places is None or rest in places:
            continue
        places.add(rest)
        waiting += _references(_needed(brought[name], {rest}))
    return {name: found[name] for name in brought if found.get(name)}


def _needed(definition: Any, places: set[str]) -> Any:
    """Return of a table's file those columns that places within it lead to, else all of it."""
    steps = [place.split("/", 2) for place in places]
    if not _is_table("x.json", definition) or not all(
        step[0] in ("properties", "$defs") and len(step) > 1 for step in steps
    ):
        return definition
    kept: dict[str, Any] = {}
    for step in steps:
        name = unescape_token(unquote(step[1]))
        kept.setdefault(step[0], {})[name] = definition[step[0]][name]
    return kept


def _is_table(file: str, schema: Any) -> bool:
    return isinstance(schema, Mapping) and "properties" in schema and file.endswith(".json")


def _unused(taken: Iterable[str], others: Iterable[str]) -> str:
    names = {*taken, *others}
    return next(name for at in count(1) if (name := f"part{at}") not in names)


def _moved(schema: dict[str, Any], moved: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema with its reference to where what it refers to stands now."""
    reference = schema.get("$ref")
    for place, other in moved.items():
        if isinstance(reference, str) and _leads_to(reference, place):
            schema["$ref"] = other + reference.removeprefix(place)
    return schema
