# A project's package is dropped in under another name; the fixture names the parameters.
# ruff: noqa: A002, N803, TID252
"""Functions of plain values that touch no table: numbers, texts, arrays, JSON, nothing at all.

In charge of what goes into a call and comes out of it. Must not know any table.
"""

from __future__ import annotations

import itertools
import re
from threading import Event
from typing import get_args

from jotbase.functions import Refusal, rpc

from .shapes import Json, Menagerie, MyType, OneNine


@rpc
def add_them(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@rpc
def three_defaults(a: int = 1, b: int = 2, c: int = 3) -> int:
    """Add up to three numbers; those left out have a default."""
    return a + b + c


@rpc(reads=True)
def sayhello(name: str) -> str:
    """Greet by name."""
    return f"Hello, {name}"


@rpc(reads=True)
def sayhello_variadic(name: str, *v: str) -> str:
    """Greet by name, whatever else is said."""
    return f"Hello, {name}"


@rpc(reads=True)
def variadic_param(*v: str) -> list[str]:
    """Return every `v` that was given; none is an empty list."""
    return list(v)


@rpc(reads=True)
def noparamsproc() -> str:
    """Return a text; nothing can be said to it."""
    return "Return value of no parameters procedure."


@rpc(name="true")
def true_() -> bool:
    """Return true, under a name that Python keeps for itself."""
    return True


@rpc
def collision_test_func(id: int) -> int:
    """Return 1: its parameter is named as a column is elsewhere."""
    return 1


@rpc
def do_nothing() -> None:
    """Do nothing."""


@rpc
def ret_void() -> None:
    """Answer without content."""


#: Numbers drawn are not given back when a call is undone: as with a sequence of PostgreSQL.
CALLS = itertools.count(1)


@rpc
def callcounter() -> int:
    """Return how many times it was called since the server started."""
    return next(CALLS)


@rpc
def sleep(seconds: float = 5) -> None:
    """Wait as long as told, or until the time limit of a statement."""
    Event().wait(seconds)


@rpc
def leak(blob: bytes) -> None:
    """Take what may be large, and keep nothing of it."""


@rpc(reads=True)
def json_argument(arg: Json) -> str:
    """Name the JSON type of the argument."""
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(arg), "number")


@rpc
def named_json_param(data: Json) -> Json:
    """Return JSON given by name; a whole body is not taken for it."""
    return data


@rpc(reads=True)
def singlejsonparam(single_param: Json) -> Json:
    """Return JSON given by name."""
    return single_param


@rpc
def ret_array() -> list[int]:
    """Return one array, which is no set of rows."""
    return [1, 2, 3]


@rpc
def ret_enum(val: str) -> str:
    """Return a value of an enum; a cast in the function refuses what is none."""
    if val not in get_args(Menagerie):
        told = f'invalid input value for enum enum_menagerie_type: "{val}"'
        raise Refusal("22P02", told)
    return val


@rpc
def ret_domain(val: int) -> OneNine:
    """Return a number from one to nine; a cast in the function refuses any other."""
    if not 1 <= val <= 9:
        told = 'value for domain one_nine violates check constraint "one_nine_check"'
        raise Refusal("23514", told)
    return val


@rpc
def ret_null() -> int | None:
    """Return nothing where a number might be."""
    return None


@rpc
def ret_range(low: int, up: int) -> str:
    """Return a range of whole numbers as PostgreSQL writes it: the upper end left out."""
    return f"[{low},{up})" if low < up else "empty"


@rpc
def single_out_param(num: int) -> int:
    """Return the number after this one."""
    return num + 1


@rpc
def single_inout_param(num: int) -> int:
    """Return the number after this one, under the same name."""
    return num + 1


@rpc
def single_json_out_param(a: int, b: str) -> Json:
    """Return both arguments in one JSON object."""
    return {"a": a, "b": b}


@rpc
def test_arg(my_arg: MyType) -> str:
    """Take a value of a type that stands in another schema."""
    return "foobar"


@rpc(name="quotedFunction")
def quoted_function(user: str, fullName: str, SSN: str) -> Json:
    """Take parameters with capitals in their names."""
    return {"user": user, "fullName": fullName, "SSN": SSN}


@rpc
def special_extended_schema(val: str) -> str:
    """Call what stands in a schema that a request cannot name."""
    return _get_val_special(val)


def _get_val_special(val: str) -> str:
    return val


@rpc
def is_valid_isbn(input: str) -> bool:
    """Say whether the last digit of an ISBN is the one that the others ask for."""
    signs = input.replace("-", "").replace(" ", "").upper()
    if re.fullmatch(r"\d{13}", signs):
        return sum(int(sign) * (1, 3)[at % 2] for at, sign in enumerate(signs)) % 10 == 0
    if re.fullmatch(r"\d{9}[\dX]", signs):
        digits = [10 if sign == "X" else int(sign) for sign in signs]
        return sum(digit * (10 - at) for at, digit in enumerate(digits)) % 11 == 0
    raise Refusal("22P02", f'invalid input syntax for isbn number: "{input}"')
