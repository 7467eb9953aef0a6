"""Registering Python functions on a connection: where they may run, and interrupting them.

In charge of functions neither blocking the event loop nor outliving their statement: SQLite's
progress handler runs between the steps of its virtual machine, and a call is one step. Must not
know the functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from time import sleep
from typing import Any

import apsw

from jotbase.sql.aggregate import Aggregate
from jotbase.sql.interruptible import Interruptible

#: How long a call's texts may be, together, on the event loop; longer ones are for a thread. A text
#: of that length takes 20 ms at the very worst: a search whose words are all new.
ON_LOOP = 4096


def install(
    connection: apsw.Connection, functions: Mapping[str, Callable[..., Any] | Aggregate]
) -> None:
    """Register the functions on the connection; only aggregates are called with NULL."""
    for name, function in functions.items():
        if isinstance(function, Aggregate):
            _install_aggregate(connection, name, function)
            continue
        connection.create_scalar_function(
            name,
            guarded(connection, function),
            deterministic=True,
            flags=apsw.SQLITE_INNOCUOUS,
        )


def _install_aggregate(connection: apsw.Connection, name: str, aggregate: Aggregate) -> None:
    def begin() -> tuple[Any, ...]:
        one = aggregate.make()
        return (
            one,
            lambda window, value: window.step(value),
            lambda window: window.value(),
            lambda window: window.value(),
            lambda window, value: window.inverse(value),
        )

    connection.create_window_function(name, begin, 1, flags=apsw.SQLITE_INNOCUOUS)


def guarded(connection: apsw.Connection, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, strict (None in, None out), and for a thread where its texts are long.

    What is raised then is what the connection's own interruption raises, and means the same.
    """
    if isinstance(function, Interruptible):
        function = partial(function.run, partial(_tick, connection))

    def call(*arguments: Any) -> Any:
        size = 0
        for one in arguments:
            if one is None:
                return None
            if one.__class__ is str:
                size += len(one)
        if size > ON_LOOP and _is_on_loop():
            raise apsw.InterruptError("the texts are too long for the event loop")
        return function(*arguments)

    return call


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _tick(connection: apsw.Connection) -> None:
    """Release the GIL for other threads, and raise if the statement was interrupted."""
    sleep(0)
    if connection.is_interrupted:
        raise apsw.InterruptError("interrupted")
