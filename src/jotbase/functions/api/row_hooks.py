"""The API for hooks: `@before`, and running one.

In charge of making a hook from a Python function, and of what it may return. Must not know
requests, nor the transaction that a hook runs in.
"""

from __future__ import annotations

import inspect
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

import orjson

from jotbase.engines.calls.code_ending import run_unforked
from jotbase.errors import JotError
from jotbase.functions.api.context import Answer, DataClient, enter
from jotbase.functions.api.registering import Registered, register
from jotbase.functions.api.rpc import awaited
from jotbase.query.plan.hooks import ACTIONS, Action, BeforeHook
from jotbase.schema.values.json_length import check_length
from jotbase.values import Principal, Row

log = logging.getLogger("jotbase.functions")

Code = TypeVar("Code", bound=Callable[..., Any])

#: How deeply hooks may write what other hooks are asked about.
DEEPEST = 8

_DEPTH: ContextVar[int] = ContextVar("jotbase_hook_depth", default=0)


def before(action: Action, table: str) -> Callable[[Code], Code]:
    """Ask a function before rows of a table are written by clients or the project's code.

    For "insert" and "delete" it is called for each row, for "update" once a request, with the
    change and the list of the rows that it is for. It returns what is to be written instead (None:
    what it was given, as it left it), or raises `Refusal`.
    """

    def declare(code: Code) -> Code:
        name = code.__name__

        def make(into: Registered) -> None:
            into.before.append(make_before(action, table, name, code))

        register(name, make)
        return code

    return declare


def make_before(action: str, table: str, name: str, code: Callable[..., Any]) -> BeforeHook:
    """Return the hook of a Python function. Raises TypeError."""
    if action not in ACTIONS:
        raise TypeError(f"{action!r} is none of {', '.join(ACTIONS)}")
    if not isinstance(table, str):
        raise TypeError('a table is named by its name: @before("insert", "jobs")')
    given = [None, None] if action == "update" else [None]
    try:
        inspect.signature(code).bind(*given)
    except TypeError as error:
        wanted = "a change and the rows that it is for" if action == "update" else "one row"
        raise TypeError(f"a hook before {action} takes {wanted}") from error
    return BeforeHook(action, table, name, awaited(code))


def run_before(
    hook: BeforeHook,
    arguments: Sequence[Any],
    principal: Principal,
    answer: Answer,
    clock: Callable[[], float] = time.time,
) -> Row:
    """Ask a hook as a caller; return the row or change that is to be written.

    Raises its Refusal; any other exception is logged and hidden.
    """

    def run() -> Row:
        _DEPTH.set(_DEPTH.get() + 1)
        if _DEPTH.get() > DEEPEST:
            raise JotError(
                "54001",
                "stack depth limit exceeded",
                hint=f"Hooks wrote what hooks are asked about, more than {DEEPEST} deep.",
            )
        enter(DataClient(principal, answer), clock)
        returned = run_unforked(lambda: hook.run(*arguments))
        return _as_json(arguments[0] if returned is None else returned)

    try:
        return copy_context().run(run)
    except JotError:
        raise
    except Exception as error:
        log.exception("the hook %s before %s of %s failed", hook.name, hook.action, hook.table)
        raise JotError("PGRSTX00", "The hook failed", hint="The server's log says more.") from error


def _as_json(row: Any) -> Row:
    """Return a row as JSON has it. Raises TypeError for what is no row."""
    if not isinstance(row, dict):
        raise TypeError(f"a hook returns a dict or None, not {type(row).__name__}")
    check_length(row)
    try:
        made: Row = orjson.loads(orjson.dumps(row))
    except TypeError:  # longer integers than 64 bits, and what has a text alone, such as a Decimal
        made = json.loads(json.dumps(row, default=str))
    return made
