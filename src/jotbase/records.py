"""Frozen dataclasses whose `__init__` is compiled when the first instance is made.

In charge of what value classes cost a start: the standard library compiles six methods of each
from text, which was a third of all imports' time, and most are not needed before a request comes.
Here `__repr__`, `__eq__` and `__hash__` are closures, and `__init__` is the standard library's own,
made at first use. Instances are as those of `dataclasses.dataclass(frozen=True, slots=True)`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(**options: bool) -> Callable[[type], type]:
        """Return the decorator; with other options it is the standard library's."""
        if options == {"frozen": True, "slots": True}:
            return _record
        return dataclasses.dataclass(**options)


def _record(plain: type) -> type:
    if any(dataclasses.is_dataclass(base) for base in plain.__mro__[1:]):
        raise TypeError(f"{plain.__name__} inherits fields, and a record does not")
    body = {name: each for name, each in vars(plain).items() if name not in _OF_LAYOUT}
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(plain)
    fields = dataclasses.fields(made)
    compared = _values_of([field.name for field in fields if field.compare])
    shown = [field.name for field in fields if field.repr]

    def first_init(self: Any, /, *values: Any, **named: Any) -> None:
        twin: Any = type(plain.__name__, plain.__bases__, body)
        made.__init__ = dataclasses.dataclass(frozen=True, repr=False, eq=False)(twin).__init__
        made.__init__(self, *values, **named)

    def equal(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def text(self: Any) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({inner})"

    methods: dict[str, Callable[..., Any]] = {
        "__repr__": text,
        "__eq__": equal,
        "__hash__": lambda self: hash(compared(self)),
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": lambda self: [getattr(self, field.name) for field in fields],
        "__setstate__": _take_state,
    }
    for name, method in methods.items():
        if name not in body or (name == "__hash__" and body[name] is None):
            setattr(made, name, method)
    made.__init__ = first_init
    return cast(type, made)


#: What a class has of the layout of its instances, which a second class of that body makes anew.
_OF_LAYOUT = frozenset({"__dict__", "__weakref__"})


def _values_of(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _take_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
