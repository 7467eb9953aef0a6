"""CHECK conditions to keywords of JSON Schema, where the two are equivalent.

In charge of comparisons with numbers, lengths and lists of values; a condition that is not fully
understood gives no keyword at all. Must not know tables: it is given the columns' types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jotbase.schema.ddl.definitions import Token, group_parentheses, tokens
from jotbase.schema.model.tables import Type

_NUMERIC = frozenset((Type.INTEGER, Type.NUMBER, Type.DECIMAL))
_BOUNDS = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}

#: JSON Schema keywords by column name.
KeywordsByColumn = dict[str, dict[str, Any]]


def keywords(condition: str, types: Mapping[str, Type]) -> KeywordsByColumn | None:
    """Return the keywords that express a condition, None if JSON Schema cannot express all of it.

    `types` maps column names in lower case; the keys of the result are in lower case too.
    """
    schema: KeywordsByColumn = {}
    for part in _conjuncts(group_parentheses(condition)):
        found = _part(part, types)
        if found is None:
            return None
        name, words = found
        if schema.get(name, {}).keys() & words.keys():
            return None
        schema.setdefault(name, {}).update(words)
    return schema


def _conjuncts(pieces: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the operands of the top-level AND; the AND of a BETWEEN is not one."""
    part: list[Token] = []
    between = False
    for one in pieces:
        if one.word == "AND" and not between:
            yield part
            part = []
            continue
        between = one.word == "BETWEEN" or (between and one.word != "AND")
        part.append(one)
    yield part


def _part(part: Sequence[Token], types: Mapping[str, Type]) -> tuple[str, dict[str, Any]] | None:
    """Return (column, keywords) of one comparison, None if it has no equivalent."""
    if len(part) == 1 and part[0].kind == "inside":
        inner = keywords(part[0].text, types)
        return next(iter(inner.items())) if inner is not None and len(inner) == 1 else None
    if len(part) > 2 and part[0].word == "LENGTH" and part[1].kind == "inside":
        return _length(part, types)
    name = _column(part[:1], types)
    if name is None or len(part) < 3:
        return None
    kind = types[name]
    if part[1].word == "IN" and part[2].kind == "inside" and len(part) == 3:
        return _in_list(name, kind, part[2].text)
    if kind not in _NUMERIC:
        return None
    if part[1].word == "BETWEEN":
        place = next((at for at, one in enumerate(part) if one.word == "AND"), len(part))
        low, high = number(part[2:place]), number(part[place + 1 :])
        both = low is not None and high is not None
        return (name, {"minimum": low, "maximum": high}) if both else None
    bound = number(part[2:])
    if part[1].text not in _BOUNDS or bound is None:
        return None
    return name, {_BOUNDS[part[1].text]: bound}


def _column(part: Sequence[Token], types: Mapping[str, Type]) -> str | None:
    if len(part) != 1 or part[0].kind not in ("word", "name"):
        return None
    name = part[0].name.lower()
    return name if name in types else None


def _length(part: Sequence[Token], types: Mapping[str, Type]) -> tuple[str, dict[str, Any]] | None:
    name = _column(tokens(part[1].text), types)
    bound = number(part[3:])
    if name is None or types[name] is not Type.TEXT or not isinstance(bound, int):
        return None
    word = {
        ">=": {"minLength": bound},
        ">": {"minLength": bound + 1},
        "<=": {"maxLength": bound},
        "<": {"maxLength": bound - 1},
        "=": {"minLength": bound, "maxLength": bound},
    }.get(part[2].text)
    return None if word is None or min(word.values()) < 0 else (name, word)


def number(part: Sequence[Token]) -> int | float | None:
    """Return the number that the tokens spell, with its sign; None if they are no number."""
    signs = [one.text for one in part[:-1]]
    if not part or part[-1].kind != "number" or signs not in ([], ["-"], ["+"]):
        return None
    text = part[-1].text
    value: int | float
    if text[:2].lower() == "0x":
        value = int(text, 16)
    else:
        value = int(text) if text.isdigit() else float(text)
    return -value if signs == ["-"] else value


def _in_list(name: str, kind: Type, text: str) -> tuple[str, dict[str, Any]] | None:
    values: list[Any] = []
    part: list[Token] = []
    for one in [*tokens(text), Token("other", ",", 0, 0)]:
        if one.text != "," or one.kind != "other":
            part.append(one)
            continue
        value = _literal(part)
        if value is None or isinstance(value, str) != (kind is Type.TEXT):
            return None
        values.append(value)
        part = []
    if kind is Type.BOOLEAN:
        return (name, {}) if sorted(values) == [0, 1] else None
    if kind not in (Type.TEXT, Type.INTEGER, Type.NUMBER):
        return None
    return name, {"enum": list(dict.fromkeys(values))}


def _literal(part: Sequence[Token]) -> Any:
    if len(part) == 1 and part[0].kind == "text":
        return part[0].name
    return number(part)
