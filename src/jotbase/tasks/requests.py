"""A request of the project's code that adds a task, read.

In charge of its form and of when the task is due. Must not know what a task does, nor in which
transaction it is added.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import orjson

from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.tasks.units import add_task

#: The path of such a request, which none over HTTP can have.
ENQUEUE = "jotbase:task"


def write_task(key: str, name: str, arguments: str, delay: float) -> bytes:
    """Return the body of a request; `arguments` are JSON, `delay` is in seconds."""
    return orjson.dumps({"key": key, "name": name, "arguments": arguments, "delay": delay})


def task_unit(body: bytes, now: str, dialect: Dialect) -> Callable[[], UnitOfWork[None]]:
    """Return the unit of work of a request, asked for at a time (RFC 3339)."""
    told = orjson.loads(body)
    due = 0.0
    if told["delay"] > 0:
        due = datetime.fromisoformat(now).timestamp() + told["delay"]
    return partial(add_task, dialect, told["key"], told["name"], told["arguments"], due)
