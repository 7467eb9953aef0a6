"""The API for project functions: `@rpc`, `@computed`, `Refusal`, `respond`.

In charge of making a `Function` from a Python function, and of running it. Must not know requests,
nor the transaction that it runs in.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import keyword
import logging
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeVar, overload

import orjson

from jotbase.engines.calls.code_ending import run_unforked
from jotbase.error_codes import CODES
from jotbase.errors import JotError
from jotbase.functions.api.annotations import Kind, Row, kind_of, returns_of, schema_of
from jotbase.functions.api.registering import Computed, Registered, register
from jotbase.query.plan.functions import Function, Parameter
from jotbase.schema.model.tables import Type
from jotbase.schema.rows.check import checker
from jotbase.schema.values.json_length import check_length

log = logging.getLogger("jotbase.functions")

Code = TypeVar("Code", bound=Callable[..., Any])
Pairs = tuple[tuple[str, str], ...]

#: The most characters of a refusal's details, as JSON.
MOST_DETAILS = 1 << 20
#: The parameter that takes a whole body.
WHOLE = "_"


@dataclass(slots=True)
class _Head:
    """The status and headers that the running function has set."""

    status: int | None = None
    headers: Pairs = ()


_HEAD: ContextVar[_Head] = ContextVar("jotbase_head")


class Refusal(JotError):
    """Raised by a function to refuse a call: its transaction is rolled back, and the client gets
    this error.

    The default `status` is PostgREST's for the code, 400 for unknown codes.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Any = None,
        hint: str | None = None,
        status: int | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        for name, text in (("code", code), ("message", message), ("hint", hint or "")):
            if not isinstance(text, str):
                raise TypeError(f"a Refusal's {name} is text, not {type(text).__name__}")
        check_details(details)
        chosen = status_of(code) if status is None else status
        super().__init__(code, message, details=details, hint=hint, status=chosen)
        self.headers = tuple(headers)
        check_head(chosen, self.headers)


def check_details(details: Any) -> None:
    """Raise TypeError for details that are not JSON, JotError 54000 for too long ones."""
    try:
        check_length(details, MOST_DETAILS)
        orjson.dumps(details)
    except JotError:
        raise
    except Exception as error:
        raise TypeError(f"a Refusal's details cannot be sent: {error}") from error


#: A header's name and value (RFC 9110 sections 5.1 and 5.5).
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


#: What says where a message ends is the server's (RFC 9112 section 6).
_FRAMING = frozenset(("content-length", "transfer-encoding", "connection"))


def check_head(status: int | None, headers: Pairs) -> None:
    """Check a status and headers. Raises JotError PGRST111, PGRST112."""
    if status is not None and not 200 <= status <= 599:
        raise JotError("PGRST112", "response.status must be a valid status code")
    for name, value in headers:
        if not is_header(name, value) or name.lower() in _FRAMING:
            raise JotError("PGRST111", f"a function set an invalid header {name!r}"[:200])


def is_header(name: str, value: str) -> bool:
    """Say whether a header can be sent."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value)) and _is_text(value)


def _is_text(value: str) -> bool:
    """Return whether the value can be encoded (it has no lone surrogate)."""
    return not re.search("[\ud800-\udfff]", value)


def status_of(code: str) -> int:
    """Return PostgREST's status for a SQLSTATE.

    https://docs.postgrest.org/en/stable/references/errors.html#status-codes
    """
    if code.startswith("PT") and code[2:].isdigit() and 100 <= int(code[2:]) <= 599:
        return int(code[2:])
    if code in CODES:
        return CODES[code].status
    for start, status in _STATUSES:
        if code.startswith(start):
            return status
    return 400


_STATUSES = (
    ("PT", 500),
    ("P0", 500),
    ("08", 503),
    ("09", 500),
    ("0L", 403),
    ("0P", 403),
    ("25", 500),
    ("28", 403),
    ("2D", 500),
    ("38", 500),
    ("39", 500),
    ("3B", 500),
    ("40", 500),
    ("53", 503),
    ("54", 500),
    ("55", 500),
    ("57", 500),
    ("58", 500),
    ("F0", 500),
    ("HV", 500),
    ("XX", 500),
    ("42P01", 404),
)


def respond(*, status: int | None = None, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Set the response's status, and add headers.

    Raises LookupError outside an rpc, JotError PGRST111 or PGRST112 for invalid ones.
    """
    head = _HEAD.get()
    headers = tuple(headers)
    check_head(status, headers)
    head.status = head.status if status is None else status
    head.headers = (*head.headers, *headers)


@overload
def rpc(code: Code) -> Code: ...


@overload
def rpc(
    *,
    name: str | None = None,
    reads: bool = False,
    roles: Iterable[str] | None = None,
    again: bool = True,
) -> Callable[[Code], Code]: ...


def rpc(
    code: Code | None = None,
    *,
    name: str | None = None,
    reads: bool = False,
    roles: Iterable[str] | None = None,
    again: bool = True,
) -> Code | Callable[[Code], Code]:
    """Expose a function at `/rest/v1/rpc/<name>` to all callers, or to those with these roles.

    `reads` declares that it writes nothing. After a serialization failure it is called `again`;
    without `again` the call fails with 40001.
    """

    def declare(found: Code) -> Code:
        known = name or found.__name__

        def make(into: Registered) -> None:
            function = make_function(found, known, reads, roles)
            into.functions.append(replace(function, again=again))

        register(known, make)
        return found

    return declare if code is None else declare(code)


@overload
def computed(code: Code) -> Code: ...


@overload
def computed(*, name: str | None = None) -> Callable[[Code], Code]: ...


def computed(code: Code | None = None, *, name: str | None = None) -> Code | Callable[[Code], Code]:
    """Make a function of a row a computed column of its table, or a relation if it returns rows."""

    def declare(found: Code) -> Code:
        known = name or found.__name__
        register(known, lambda into: into.computed.append(make_computed(found, known)))
        return found

    return declare if code is None else declare(code)


def make_function(
    code: Callable[..., Any], name: str, reads: bool, roles: Iterable[str] | None
) -> Function:
    """Return the `Function` of a Python function. Raises TypeError, NameError."""
    hints = typing.get_type_hints(code, include_extras=True)
    given = list(inspect.signature(code).parameters.values())
    kinds = {_sent(one.name): kind_of(hints.get(one.name, str)) for one in given}
    parameters = tuple(_parameter(one, kinds[_sent(one.name)]) for one in given)
    whole = parameters[0] if [one.name for one in parameters] == [WHOLE] else None
    schema = {
        "type": "object",
        "properties": {one.name: one.schema for one in parameters if one.schema},
    }
    variadic = next((one.name for one in parameters if one.variadic), None)
    return Function(
        name,
        () if whole is not None else parameters,
        returns_of(hints.get("return", Any)),
        _runner(awaited(code), kinds, variadic, positional=whole is not None),
        _faults(schema),
        reads,
        None if roles is None else frozenset(roles),
        whole,
        inspect.getdoc(code),
    )


def awaited(code: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that waits for a coroutine function's end, and other functions as they are.

    It runs in a thread of its own call, so that a loop of its own is in nobody's way. Raises
    TypeError for generators, which give back no one result.
    """
    if inspect.isasyncgenfunction(code) or inspect.isgeneratorfunction(code):
        raise TypeError("a function with `yield` gives back no one result: return a list")
    if not inspect.iscoroutinefunction(code):
        return code

    @functools.wraps(code)
    def run(*arguments: Any, **named: Any) -> Any:
        return asyncio.run(code(*arguments, **named))

    return run


def _sent(name: str) -> str:
    """Return the public name of a parameter: `class_` is sent as `class`."""
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name


def _python(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name


def _faults(schema: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], list[dict[str, Any]]]:
    check = checker(schema)
    return lambda arguments: check(dict(arguments))


def _parameter(one: inspect.Parameter, kind: Kind) -> Parameter:
    variadic = one.kind is inspect.Parameter.VAR_POSITIONAL
    if one.kind is inspect.Parameter.VAR_KEYWORD:
        raise TypeError(f"clients cannot name **{one.name}")
    if variadic:
        schema = {"type": "array", "items": schema_of(kind)}
        return Parameter(
            _sent(one.name), Type.ARRAY, kind.type, schema, required=False, variadic=True
        )
    required = one.default is inspect.Parameter.empty
    return Parameter(
        _sent(one.name), kind.type, kind.item, schema_of(kind), required, nullable=kind.nullable
    )


def _runner(
    code: Callable[..., Any], kinds: Mapping[str, Kind], variadic: str | None, positional: bool
) -> Callable[[Mapping[str, Any]], Any]:
    def run(arguments: Mapping[str, Any]) -> Any:
        made = {
            name: _made(kinds[name], value, name == variadic) for name, value in arguments.items()
        }
        if positional:
            return code(*made.values())
        if variadic is None:
            return code(**{_python(name): value for name, value in made.items()})
        rest = made.pop(variadic, None) or ()
        before = [made.pop(name) for name in kinds if name in made]
        return code(*before, *rest)

    return run


def _made(kind: Kind, value: Any, variadic: bool) -> Any:
    return [kind.value(one) for one in value or ()] if variadic else kind.value(value)


def make_computed(code: Callable[..., Any], name: str) -> Computed:
    """Return the computed field of a Python function. Raises TypeError, NameError."""
    if awaited(code) is not code:
        raise TypeError("the database asks for it in the middle of a statement: write `def`")
    hints = typing.get_type_hints(code, include_extras=True)
    given = list(inspect.signature(code).parameters)
    kind = kind_of(hints[given[0]]) if given and given[0] in hints else None
    if len(given) != 1 or kind is None or kind.row is None:
        raise TypeError('it takes one row of a table: Annotated[Row, "jobs"]')

    def run(arguments: Mapping[str, Any]) -> Any:
        return code(Row(arguments))

    function = Function(name, (), returns_of(hints.get("return", Any)), run, lambda _: [])
    return Computed(kind.row, function)


def run_function(function: Function, arguments: Mapping[str, Any]) -> tuple[Any, int | None, Pairs]:
    """Run a function; return (value, status, headers).

    Raises its Refusal; any other exception is logged and hidden.
    """
    head = _Head()
    token = _HEAD.set(head)
    try:
        value = run_unforked(lambda: function.run(arguments))
    except JotError:
        raise
    except Exception as error:
        log.exception("the function %s failed", function.name)
        raise JotError(
            "PGRSTX00", "The function failed", hint="The server's log says more."
        ) from error
    finally:
        _HEAD.reset(token)
    return value, head.status, head.headers
