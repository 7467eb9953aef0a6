"""References of a batch: an operation uses a value of an earlier operation's response.

In charge of their syntax and of resolving them. Must not know operations, tables or HTTP.
Source: RFC 6901 (JSON Pointer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from jotbase.errors import RequestError

#: The most bytes of JSON that all references of a batch may resolve to: a short body could
#: otherwise refer to one long value many times.
MAX_RESOLVED_BYTES = 1_000_000

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", re.ASCII)
_POINTER = re.compile(r"(/([^~/]|~[01])*)*", re.DOTALL)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_IN_QUERY = re.compile(r"\$ref\(([^()]*)\)")
_MARK = "$ref("


@dataclass(frozen=True, slots=True)
class Reference:
    """`company/0/id`: an operation's name, and the steps of a pointer into its response body."""

    text: str
    name: str
    steps: tuple[str, ...]


def parse_reference(text: str) -> Reference:
    """Parse a reference. Raises RequestError 22023."""
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
    """Return the reference of a value `{"$ref": "…"}`, None for any other value."""
    if type(value) is dict and len(value) == 1 and type(text := value.get("$ref")) is str:
        return parse_reference(text)
    return None


def find_references(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a value that are references, or `{"$literal": …}`, which escapes data
    that looks like a reference.
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
    """Return the reference of a filter's value `$ref(company/0/id)`, None without one.

    Raises RequestError 22023 for a reference within other text: it resolves to a value, never to
    syntax.
    """
    found = _IN_QUERY.fullmatch(value)
    if found is not None:
        return parse_reference(found[1])
    if _MARK in value.replace('"' + _MARK, ""):
        raise misplaced_reference(value)
    return None


def misplaced_reference(text: str) -> RequestError:
    """Return the error for a reference in a place where none is allowed."""
    return RequestError(
        "22023",
        f"a reference stands where none can: {text[:80]!r}",
        hint="A reference is the whole value of a filter, as in id=eq.$ref(company/0/id);"
        ' text that only looks like one is written in a list: in.("$ref(…)").',
    )


def may_hold_reference(text: str) -> bool:
    """Return whether a part of a query, percent-decoded, may contain a reference."""
    return _MARK in text


@dataclass(slots=True)
class Results:
    """The response bodies of named operations so far: JSON text by name."""

    texts: dict[str, bytes] = field(default_factory=dict)
    read: dict[str, Any] = field(default_factory=dict)
    resolved_bytes: int = 0

    def find(self, reference: Reference) -> Any:
        """Resolve a reference.

        Raises RequestError: 22023 when there is no value, 54000 beyond `MAX_RESOLVED_BYTES`.
        """
        name = reference.name
        if name not in self.read:
            self.read[name] = orjson.loads(self.texts[name])
        value = self.read[name]
        for step in reference.steps:
            value = _step(value, step, reference)
        self.resolved_bytes += len(orjson.dumps(value))
        if self.resolved_bytes > MAX_RESOLVED_BYTES:
            raise RequestError(
                "54000",
                "the references bring in too much",
                details=f"The limit is {MAX_RESOLVED_BYTES} bytes in one batch.",
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
    """Return a value with its references resolved. Raises RequestError."""
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
    """Return the value of a filter's reference as text.

    Raises RequestError 22023 for a value that is no string, number or boolean.
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
