"""References of a batch: how a later operation names a value in the answer of an earlier one.

In charge of their spelling and of what they stand for. Must not know operations, tables or HTTP.
Source: RFC 6901 (JSON Pointer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from jotbase.errors import RequestError

#: How much JSON all references of one batch may bring in, in bytes: a short body could otherwise
#: name one long value many times over.
BROUGHT_IN = 1_000_000

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", re.ASCII)
_POINTER = re.compile(r"(/([^~/]|~[01])*)*", re.DOTALL)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_IN_QUERY = re.compile(r"\$ref\(([^()]*)\)")
_MARK = "$ref("


@dataclass(frozen=True, slots=True)
class Reference:
    """`company/0/id`: an operation's name, and the steps of a pointer into its answer's body."""

    text: str
    name: str
    steps: tuple[str, ...]


def parse_reference(text: str) -> Reference:
    """Return the reference. Raises RequestError 22023."""
    name, slash, rest = text.partition("/")
    pointer = slash + rest
    if NAME.fullmatch(name) is None or _POINTER.fullmatch(pointer) is None:
        raise RequestError(
            "22023",
            f"cannot read the reference {text[:80]!r}",
            hint="Write an operation's name and a JSON pointer (RFC 6901) into what it answered,"
            " such as company/0/id.",
        )
    steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    return Reference(text, name, tuple(steps))


def reference_of(value: Any) -> Reference | None:
    """Return the reference that a body's value is: an object of nothing but `$ref`, a text."""
    if type(value) is dict and len(value) == 1 and type(text := value.get("$ref")) is str:
        return parse_reference(text)
    return None


def find_references(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in a body's value that stand for something else: references, and
    `{"$literal": …}`, which holds data that only looks like one.
    """
    if type(value) is list:
        for one in value:
            yield from find_references(one)
    elif type(value) is dict:
        if value.keys() == {"$literal"} or reference_of(value) is not None:
            yield value
            return
        for one in value.values():
            yield from find_references(one)


def query_reference(value: str) -> Reference | None:
    """Return the reference that a filter's whole value is: `$ref(company/0/id)`.

    Raises RequestError 22023 for one among other text: what it brings in is a value, never syntax.
    """
    found = _IN_QUERY.fullmatch(value)
    if found is not None:
        return parse_reference(found[1])
    if _MARK in value.replace('"' + _MARK, ""):
        raise misplaced_reference(value)
    return None


def misplaced_reference(text: str) -> RequestError:
    """Return the error for a reference where none can stand."""
    return RequestError(
        "22023",
        f"a reference stands where none can: {text[:80]!r}",
        hint="A reference is the whole value of a filter, as in id=eq.$ref(company/0/id);"
        ' text that only looks like one is written in a list: in.("$ref(…)").',
    )


def may_hold_reference(text: str) -> bool:
    """Say whether a piece of a query, decoded, looks like holding a reference."""
    return _MARK in text


@dataclass(slots=True)
class Results:
    """The answers so far of the operations that references name: JSON text by name."""

    texts: dict[str, bytes] = field(default_factory=dict)
    read: dict[str, Any] = field(default_factory=dict)
    brought: int = 0

    def find(self, reference: Reference) -> Any:
        """Return the value that the reference stands for.

        Raises RequestError: 22023 where there is none, 54000 when too much has been brought in.
        """
        name = reference.name
        if name not in self.read:
            self.read[name] = orjson.loads(self.texts[name])
        value = self.read[name]
        for step in reference.steps:
            value = _step(value, step, reference)
        self.brought += len(orjson.dumps(value))
        if self.brought > BROUGHT_IN:
            raise RequestError(
                "54000",
                "the references bring in too much",
                details=f"The limit is {BROUGHT_IN} bytes in one batch.",
            )
        return value


def _step(value: Any, step: str, reference: Reference) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
        return value[int(step)]
    raise RequestError(
        "22023",
        f"the reference {reference.text[:80]!r} finds nothing",
        details=f"There is no {step[:80]!r} in the answer of the operation {reference.name!r}.",
    )


def resolve_references(value: Any, results: Results) -> Any:
    """Return a body's value with what its references stand for. Raises RequestError."""
    if type(value) is list:
        return [resolve_references(one, results) for one in value]
    if type(value) is not dict:
        return value
    if value.keys() == {"$literal"}:
        return value["$literal"]
    found = reference_of(value)
    if found is not None:
        return results.find(found)
    return {key: resolve_references(one, results) for key, one in value.items()}


def resolve_text(reference: Reference, results: Results) -> str:
    """Return what a filter's reference stands for, as the text of a filter.

    Raises RequestError 22023 for what is no text, number or boolean.
    """
    value = results.find(reference)
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        raise RequestError(
            "22023",
            f"the reference {reference.text[:80]!r} finds no value to compare with",
            details="It stands for null, an object or an array.",
        )
    return orjson.dumps(value).decode()
