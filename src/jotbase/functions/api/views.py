"""Decorators of views: `@requires`, `@accepts`, `@unverified`; what is checked of views at load.

In charge of refusing a call before its view runs. Must not know how a rule over tables is asked.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar
from uuid import UUID

from jotbase.errors import AccessError, RequestError
from jotbase.functions.api.annotations import kind_of
from jotbase.functions.api.context import caller
from jotbase.functions.api.registering import Registered, Requirement, register
from jotbase.query.request.body import read_json
from jotbase.query.request.media import unaccepted_body
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.rows.check import checker
from jotbase.values import ANON, Row

Code = TypeVar("Code", bound=Callable[..., Any])

FILE = "functions/__init__.py"
_UNVERIFIED = "jotbase_unverified"

#: Asks whether a requirement holds for the caller, with the view's arguments; it may block.
Holds = Callable[[Requirement, Row], bool]
HOLDS: ContextVar[Holds] = ContextVar("jotbase_holds")


def requires(rule: str) -> Callable[[Code], Code]:
    """Call a view for those alone for whom a rule is true; it stands below the view's route.

    The rule knows `user`, other tables and, as `args`, what the view takes from its path.
    """

    def declare(code: Code) -> Code:
        requirement = Requirement(rule, _arguments_of(code))
        run = _waiting(code)

        @functools.wraps(code)
        def held(*given: Any, **named: Any) -> Any:
            _hold(requirement, named)
            return run(*given, **named)

        requirement.view = held

        def make(into: Registered) -> None:
            into.requirements.append(requirement)

        register(code.__name__, make)
        return typing.cast("Code", held)

    return declare


def accepts(schema: Mapping[str, Any]) -> Callable[[Code], Code]:
    """Refuse JSON bodies that break a schema, as writes refuse rows."""

    def declare(code: Code) -> Code:
        def make(_: Registered) -> None:
            check()

        run, check = _waiting(code), functools.cache(lambda: _compiled(schema))
        register(code.__name__, make)

        @functools.wraps(code)
        def checked(*given: Any, **named: Any) -> Any:
            _check_body(code.__name__, check())
            return run(*given, **named)

        return typing.cast("Code", checked)

    return declare


def unverified(code: Code) -> Code:
    """Let calls with any bearer token or none reach a view, which judges it itself."""
    setattr(code, _UNVERIFIED, True)
    return code


def _compiled(schema: Mapping[str, Any]) -> Callable[[Any], list[dict[str, Any]]]:
    try:
        return checker(schema)
    except ValueError as error:  # jsonschema_rs.ValidationError: its text is of several lines
        reason = str(error).partition("\n")[0]
        raise TypeError(f"the schema of @accepts is no JSON Schema: {reason}") from error


def _waiting(code: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs a coroutine function to its end, and others as they are."""
    if not inspect.iscoroutinefunction(code):
        return code
    return lambda *given, **named: asyncio.run(code(*given, **named))


def _hold(requirement: Requirement, named: Mapping[str, Any]) -> None:
    """Raise AccessError 42501 unless the rule is true for the caller."""
    who, arguments = caller(), _row(requirement.table, named)
    if who.is_service:
        return
    if arguments is None or not HOLDS.get()(requirement, arguments):
        name = requirement.table.name
        status = 401 if who.role == ANON else 403
        raise AccessError("42501", f"permission denied for function {name}", status=status)


def _check_body(name: str, check: Callable[[Any], list[dict[str, Any]]]) -> None:
    """Raise RequestError PGRST102 for a body that is no JSON, 23514 for one with faults."""
    from flask import request  # only the views of a Flask app come here

    if request.mimetype not in ("", "application/json") and not request.is_json:
        raise unaccepted_body(request.mimetype)
    if faults := check(read_json(request.get_data())):
        raise RequestError(
            "23514",
            f'the body of function "{name}" violates its JSON Schema',
            details=faults,
            hint="Each entry of details names the place (JSON pointer) and the keyword that"
            " failed.",
        )


def _arguments_of(code: Callable[..., Any]) -> Table:
    """Return a view's named arguments as columns, text unless an annotation says otherwise."""
    hints = typing.get_type_hints(code, include_extras=True)
    given = inspect.signature(code).parameters.values()
    plain = [one.name for one in given if one.kind is not one.VAR_KEYWORD and one.name != "self"]
    columns = [Column(name, _type(hints.get(name)), {}, nullable=False) for name in plain]
    return Table(code.__name__, tuple(columns), file=FILE)


def _type(annotation: Any) -> Type:
    try:
        found = kind_of(str if annotation is None else annotation).type
    except TypeError:
        return Type.TEXT
    return found if found in (Type.INTEGER, Type.NUMBER, Type.BOOLEAN, Type.UUID) else Type.TEXT


def _row(table: Table, named: Mapping[str, Any]) -> Row | None:
    """Return the arguments in the form that rules compare; None where one cannot be read so."""
    found: dict[str, Any] = {}
    for column in table.columns:
        value = named.get(column.name)
        try:
            found[column.name] = None if value is None else _READ[column.type](value)
        except (ValueError, TypeError):
            return None
    return found


def _uuid(value: Any) -> str:
    return str(value if isinstance(value, UUID) else UUID(value))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("no truth value")
    return value


_READ: Mapping[Type, Callable[[Any], Any]] = {
    Type.INTEGER: int,
    Type.NUMBER: float,
    Type.BOOLEAN: _boolean,
    Type.UUID: _uuid,
    Type.TEXT: str,
}


def is_unverified(app: Any, path: str, method: str) -> bool:
    """Return whether a request's view is marked `unverified`; `path` is that within the app."""
    if not hasattr(app, "url_map"):
        return False
    from werkzeug.exceptions import HTTPException
    from werkzeug.routing import RoutingException

    try:
        endpoint, _ = app.url_map.bind("localhost").match(path, method)
    except (HTTPException, RoutingException):
        return False
    return any(getattr(one, _UNVERIFIED, False) for one in _codes(app.view_functions[endpoint]))


def view_faults(app: Any, requirements: Iterable[Requirement]) -> list[str]:
    """Return what is wrong with the views of an app that could only fail, or fail to protect."""
    call = inspect.getattr_static(type(app), "__call__", None)
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
        return ["app is an ASGI application: a WSGI one, such as Flask, is hosted"]
    views = [view for known in _registered(app) for view in _codes(known)]
    wrong = [
        f"{view.__name__}: an `async def` with `yield` answers nothing; write `def`, or return"
        for view in dict.fromkeys(views)
        if inspect.isasyncgenfunction(view)
    ]
    for one in requirements:
        if one.view not in views:
            above = any(view is one.view.__wrapped__ for view in views)
            why = "stands above the route" if above else "is on no view of app"
            wrong.append(f"{one.table.name}: @requires {why}, and would protect nothing")
    return wrong


def _registered(app: Any) -> Iterator[Any]:
    yield from getattr(app, "view_functions", {}).values()
    for functions in getattr(app, "before_request_funcs", {}).values():
        yield from functions


def _codes(view: Any) -> Iterator[Any]:
    """Give a view's function, what it wraps, and the methods of a view that is a class."""
    made_of = getattr(view, "view_class", None)
    if made_of is not None:
        for one in map(str.lower, getattr(made_of, "methods", None) or ()):
            yield from _codes(getattr(made_of, one, None))
        yield from _codes(getattr(made_of, "dispatch_request", None))
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)
