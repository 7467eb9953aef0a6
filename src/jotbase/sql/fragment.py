"""SQL text and its parameters as one value, concatenated with `+`.

In charge of keeping values out of the SQL text: a parameter stays a `Param` until the engine binds
it. Must not know any table, dialect or driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from jotbase.records import dataclass


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the SQL: a constant, or a slot that is filled for each request.

    A slot is any object with `fill(context)` (see `expression.binding`).
    """

    value: Any


@dataclass(frozen=True)
class Fragment:
    """A piece of SQL: `parts` are texts and `Param`s in any order."""

    parts: tuple[str | Param, ...] = ()

    def __add__(self, other: Fragment | str) -> Fragment:
        if isinstance(other, str):
            return Fragment((*self.parts, other))
        return Fragment(self.parts + other.parts)

    def __radd__(self, other: str) -> Fragment:
        return Fragment((other, *self.parts))

    def __bool__(self) -> bool:
        return bool(self.parts)

    @property
    def params(self) -> tuple[Any, ...]:
        """The parameters' values, in the order of their placeholders."""
        return tuple(part.value for part in self.parts if isinstance(part, Param))

    def mapped(self, convert: Callable[[Any], Any]) -> Fragment:
        """Return the same SQL with each parameter's value replaced by `convert(value)`."""
        parts = (
            Param(convert(part.value)) if isinstance(part, Param) else part for part in self.parts
        )
        return Fragment(tuple(parts))

    @cached_property
    def text(self) -> str:
        """The SQL with a `?` for each parameter, as SQLite takes it."""
        return "".join(part if isinstance(part, str) else "?" for part in self.parts)

    def numbered(self, mark: Callable[[int], str]) -> str:
        """Return the SQL with `mark(1)`, `mark(2)`, … for the parameters (PostgreSQL's `$1`)."""
        pieces: list[str] = []
        number = 0
        for part in self.parts:
            if isinstance(part, Param):
                number += 1
                pieces.append(mark(number))
            else:
                pieces.append(part)
        return "".join(pieces)


def sql(text: str) -> Fragment:
    """Return SQL text as a fragment without parameters.

    The text must come from the program or the model, never from a request.
    """
    return Fragment((text,)) if text else Fragment()


def bound(value: Any) -> Fragment:
    """Return a fragment of one parameter with that value."""
    return Fragment((Param(value),))


def join(separator: str, fragments: Iterable[Fragment]) -> Fragment:
    """Return the fragments concatenated, with the separator's SQL between them."""
    parts: list[str | Param] = []
    for index, fragment in enumerate(fragments):
        if index:
            parts.append(separator)
        parts.extend(fragment.parts)
    return Fragment(tuple(parts))


def parenthesized(fragment: Fragment) -> Fragment:
    """Return the fragment enclosed in parentheses."""
    return Fragment(("(", *fragment.parts, ")"))
