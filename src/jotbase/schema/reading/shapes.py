"""Violations of the meta-schema as faults: one for each mistake, with the correct spelling.

In charge of the words for a validator's errors. Must not know what a keyword makes of a table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema_rs import ValidationError

from jotbase.errors import Fault
from jotbase.schema.keywords.other_spellings import action_hint, type_hint
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.keywords.vocabulary import LANGUAGES, nearest

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_ACTIONS = ("select", "insert", "update", "delete")
_COLUMN = '{"type": "string"}'

#: Keywords whose values are schemas by names.
_MAPS = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})

Path = list[str | int]
#: Reason and hint.
Message = tuple[str, str | None]


def shape_fault(file: str, error: ValidationError, document: Mapping[str, Any]) -> Fault:
    """Return the fault for an error of the meta-schema."""
    path = list(error.instance_path)
    message = (
        _of_table(path, error) or _of_entry(path, document) or _of_keyword(path, error.instance)
    )
    if len(path) == 2 and path[0] in ("unique", "indexes") and isinstance(error.instance, str):
        path = path[:1]
    reason, hint = message or _of_kind(path, error)
    return Fault(file, pointer(path), reason, hint)


def place(path: Path) -> tuple[str | int, ...]:
    """Return the part of a file of which one mistake is told: all of a key or an index is one."""
    match path:
        case ["foreignKeys" | "indexes" | "unique" as word, int() as number, *_]:
            return (word, number)
    return tuple(path)


def _of_table(path: Path, error: ValidationError) -> Message | None:
    """Return reason and hint for what has words of its own at the top of a file."""
    given = error.instance
    match path:
        case ["view"]:
            return "a view is a SELECT", 'write "view": "select … from …"'
        case ["properties"]:
            hint = f'write "properties": {{"name": {_COLUMN}}}'
            return '"properties" is an object: the columns by their names', hint
        case ["properties", str(name)]:
            return "a column is an object of keywords", f'write "{name}": {{{_column(given)}}}'
        case ["access"]:
            rule = given if isinstance(given, str) and given else "True"
            reason = '"access" is an object: a rule for each of what may be done'
            return reason, f'write "access": {{"select": "{rule}"}}'
        case ["access", str(action)]:
            return _rule_fault(action, given)
        case ["properties", _, "references"]:
            return '"references" names table and column', _reference_hint(given)
        case ["properties", _, "generated"]:
            return '"generated" is an SQL expression', 'write "generated": "upper(name)"'
        case ["properties", _, "defaultExpression"]:
            return _no_expression(given)
        case ["acknowledges", *_]:
            code = given[0] if isinstance(given, list) and given else given
            code = code if isinstance(code, str) else "code"
            return '"acknowledges" says why, for each code', f'write {{"{code}": "the reason"}}'
    return None


def _of_keyword(path: Path, given: Any) -> Message | None:
    """Return reason and hint for the keywords of JSON Schema that have words of their own."""
    match _keyword(path):
        case "type":
            return _type_fault(given, root=len(path) == 1)
        case "required" if given in (True, False):
            hint = 'list the column in "required" beside "properties"'
            return '"required" is a list of names, not true or false', hint
        case "enum":
            return '"enum" is a list of values', _enum_hint(given)
        case "items" if isinstance(given, list):
            reason = '"items" is one schema, for every item'
            return reason, f'write "items": {json.dumps(given[0] if given else {})}'
        case "pattern":
            reason = f"{json.dumps(given)} is no regular expression"
            return reason, "write one of ECMA-262, in which \\\\ before a sign takes it as it is"
    return None


def _keyword(path: Path) -> str | None:
    """Return the keyword that a path ends with; None where it ends with a name or a place."""
    is_name = False
    last: str | int | None = None
    for step in path:
        last = None if is_name else step
        is_name = last in _MAPS
    return last if isinstance(last, str) else None


def _type_fault(given: Any, *, root: bool) -> Message:
    if root:
        return "a row is an object", 'write "type": "object"'
    for name in given if isinstance(given, list) else [given]:
        if name not in _TYPES:
            near = None if type_hint(name) else nearest(str(name), _TYPES, 0.6)
            hint = f'did you mean "{near}"?' if near else type_hint(name)
            return f"{json.dumps(name)} is no JSON type", (
                hint or f"JSON's types are {', '.join(_TYPES)}"
            )
    return '"type" is a type, or a list of different ones', 'write "type": ["string", "null"]'


def _column(given: Any) -> str:
    """Return the keywords that somebody meant by something else than an object of them."""
    if isinstance(given, list):
        return f'"type": {json.dumps(given)}' if set(map(str, given)) <= set(_TYPES) else _COLUMN
    if given in _TYPES:
        return f'"type": "{given}"'
    written = (type_hint(given) or "").removeprefix("write ")
    return written or _COLUMN[1:-1]


def _unknown_action(name: str) -> tuple[str, str]:
    near = nearest(name, _ACTIONS, 0.6)
    hint = action_hint(name) or (near and f'did you mean "{near}"?')
    return f'unknown key "{name}"', hint or f"known are {', '.join(_ACTIONS)}"


def _rule_fault(action: str, given: Any) -> tuple[str, str]:
    if given == "":
        return "the rule is empty", f'write "{action}": "True" for everybody, or leave it out'
    if given is None or given is False:
        return "a rule is text", f'leave "{action}" out: what has no rule is refused'
    rule = "True" if given is True else "row.owner == user.id"
    return "a rule is text", f'write "{action}": "{rule}"'


def _reference_hint(given: Any) -> str:
    match given:
        case {"table": str(table), "column": str(column)} | [str(table), str(column)]:
            return f'write "references": "{table}.{column}"'
        case {"table": str(table), "columns": [str(column)]}:
            return f'write "references": "{table}.{column}"'
        case str() if found := re.fullmatch(r"(\w+)\s*(?:\(\s*|[/:]+)(\w+)\s*\)?", given):
            return f'write "references": "{found[1]}.{found[2]}"'
        case str() if re.fullmatch(r"\w+", given):
            return f'name table and column: "{given}.id"'
    return 'name table and column: "companies.handle"'


def _enum_hint(given: Any) -> str:
    listed = given
    if isinstance(given, str):
        listed = [part.strip() for part in re.split(r"[|,]", given)]
    elif isinstance(given, dict):
        listed = list(given)
    return f'write "enum": {json.dumps(listed if listed and listed != given else ["a", "b"])}'


def _no_expression(given: Any) -> tuple[str, str]:
    reason = '"defaultExpression" is text in the rule language'
    if isinstance(given, str) or given is None:
        return reason, 'write "defaultExpression": "now()"'
    return reason, f'a literal is a "default": {json.dumps(given)}'


def _of_entry(path: Path, document: Mapping[str, Any]) -> Message | None:
    """Return reason and hint for a list of columns, of keys or of indexes, or an entry of one."""
    if not path or path[0] not in ("primaryKey", "required", "unique", "indexes", "foreignKeys"):
        return None
    word, given = str(path[0]), document[str(path[0])]
    if word in ("primaryKey", "required"):
        name = given if isinstance(given, str) else "id"
        return f'"{word}" is a list of columns', f'write "{word}": ["{name}"]'
    if len(path) > 1 and isinstance(given, list):
        given = given[int(path[1])]
    if word == "foreignKeys":
        return _foreign_key(given)
    if isinstance(given, Mapping):
        return _keyed_entry(word, given)
    name = given if isinstance(given, str) else "column"
    hint = f'write "{word}": [["{name}"]], or [["{name}", "…"]] for several together'
    return f'"{word}" is a list of lists of columns', hint


#: The languages that are named most by their code (ISO 639-1).
_CODES = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
}


def _keyed_entry(word: str, given: Mapping[str, Any]) -> Message:
    columns = given.get("columns")
    listed = json.dumps([columns] if isinstance(columns, str) else columns or ["column"])
    if word == "unique" or given.get("unique") is True:
        return "what is unique is a list of columns", f'write "unique": [{listed}]'
    if "kind" not in given and "language" not in given:
        hint = f'write {listed}; to search in text, add "kind": "fulltext"'
        return "an index is a list of columns", hint
    language = str(given.get("language", "english")).lower()
    near = _CODES.get(language[:2]) if len(language) in (2, 5) else language
    if near not in LANGUAGES:
        near = nearest(language, LANGUAGES, 0.6) or "english"
    written = f'{{"columns": {listed}, "kind": "fulltext", "language": "{near}"}}'
    return "a full-text index has columns, a kind and a language", f"write {written}"


def _foreign_key(given: Any) -> tuple[str, str]:
    columns, table, theirs, name = ["column"], "table", ["column"], None
    if isinstance(given, Mapping):
        columns = _listed(given.get("columns", given.get("column"))) or columns
        target = given.get("references")
        if isinstance(target, Mapping):
            table = str(target.get("table", table))
            theirs = _listed(target.get("columns", target.get("column"))) or columns
        elif isinstance(target, str):
            table, _, name = target.partition(".")
    elif isinstance(given, str):
        table, _, name = given.partition(".")
    written = {
        "columns": columns,
        "references": {"table": table, "columns": [name] if name else theirs},
    }
    reason = "a foreign key has columns, and refers to those of a table"
    if isinstance(given, Mapping) and (extra := sorted(set(given) - _FOREIGN_KEY)):
        near = nearest(extra[0], _FOREIGN_KEY, 0.6)
        reason = f'unknown key "{extra[0]}"' if near not in given else reason
    return reason, f"write {json.dumps(written)}"


_FOREIGN_KEY = frozenset({"name", "columns", "references", "onDelete", "onUpdate"})


def _listed(found: Any) -> list[str]:
    return [found] if isinstance(found, str) else found if isinstance(found, list) else []


def _of_kind(path: Path, error: ValidationError) -> Message:
    """Return reason and hint by what an error is about."""
    facts = error.kind.as_dict()
    match error.kind.name:
        case "enum":
            options = list(map(str, facts["options"]))
            near = nearest(str(error.instance), options, 0.6)
            if "True" in options and near in (None, "True", "False"):
                return error.message, _typed(path, error.instance, "boolean")
            known = f"known are {', '.join(options)}"
            return error.message, f'did you mean "{near}"?' if near else known
        case "type":
            return error.message, _typed(path, error.instance, str(facts.get("types", facts)))
    return error.message, None


def _typed(path: Path, given: Any, wanted: str) -> str:
    word = path[-1] if path else "…"
    if "boolean" in wanted:
        message = "false" if str(given).lower() in ("false", "no", "0", "off") else "true"
        return f'write "{word}": {message}'
    if ("integer" in wanted or "number" in wanted) and isinstance(given, str):
        return f'write "{word}": {given}' if given.strip("-").isdigit() else "write a number"
    if "string" in wanted:
        return f'write "{word}": "…", in double quotes'
    forms: Iterable[tuple[str, str]] = (("array", "[…]"), ("object", "{…}"), ("number", "1"))
    return next((f'write "{word}": {form}' for kind, form in forms if kind in wanted), wanted)


def shape_faults(
    file: str, errors: Iterable[ValidationError], document: Mapping[str, Any]
) -> Iterable[tuple[Path, Fault]]:
    """Yield where each mistake is, and the mistake: one for each part, the first that is told."""
    seen: set[tuple[str | int, ...]] = set()
    for error in errors:
        path = list(error.instance_path)
        if path == ["access"] and error.kind.name == "additionalProperties":
            for name in error.kind.as_dict()["unexpected"]:
                yield path, Fault(file, pointer([*path, name]), *_unknown_action(name))
        elif path != ["$schema"] and place(path) not in seen:
            yield path, shape_fault(file, error, document)
        seen.add(place(path))
