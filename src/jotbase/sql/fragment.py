"""SQL text and its parameters as one value, joined with `+`, numbered once, in the engine.

In charge of never letting a value become text: a parameter stays a `Param` until `render`.
Must not know any table, dialect or driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class Param:
    """A place in the SQL for a bound value: a constant, or a slot that is filled per request.

    A slot is any object with `fill(context)`; see `Statement.bind`.
    """

    value: Any


@dataclass(frozen=True)
class Fragment:
    """A piece of SQL: `parts` alternates text and `Param`s in any order."""

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
        """The parameters' values, in the order in which they stand."""
        return tuple(part.value for part in self.parts if isinstance(part, Param))

    def mapped(self, form: Callable[[Any], Any]) -> Fragment:
        """Return the same SQL with other parameters."""
        parts = (Param(form(one.value)) if isinstance(one, Param) else one for one in self.parts)
        return Fragment(tuple(parts))

    @cached_property
    def text(self) -> str:
        """The SQL with a `?` for each parameter (SQLite's spelling, and good to read)."""
        return "".join(part if isinstance(part, str) else "?" for part in self.parts)

    def numbered(self, mark: Callable[[int], str]) -> str:
        """The SQL with `mark(1)`, `mark(2)`, … for the parameters (PostgreSQL's `$1`)."""
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
    """Return text as a fragment; the text comes from the program or the model, never a caller."""
    return Fragment((text,)) if text else Fragment()


def bound(value: Any) -> Fragment:
    """Return a fragment that binds one value."""
    return Fragment((Param(value),))


def join(separator: str, fragments: Iterable[Fragment]) -> Fragment:
    """Return the fragments with the separator's text between them."""
    parts: list[str | Param] = []
    for index, fragment in enumerate(fragments):
        if index:
            parts.append(separator)
        parts.extend(fragment.parts)
    return Fragment(tuple(parts))


def parenthesized(fragment: Fragment) -> Fragment:
    """Return the fragment between parentheses."""
    return Fragment(("(", *fragment.parts, ")"))
