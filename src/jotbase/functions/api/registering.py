"""What the project's code declares while it is loaded: functions, computed fields, hooks.

In charge of keeping it until the load is over. Must not know what is done with it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from jotbase.expression.expr import FALSE, Expr
from jotbase.expression.judge import Judge
from jotbase.query.plan.functions import Function
from jotbase.query.plan.hooks import BeforeHook
from jotbase.schema.model.tables import Table


@dataclass(frozen=True, slots=True)
class Computed:
    """A computed field: its table, and the function of a row."""

    table: str
    function: Function


@dataclass(eq=False, slots=True)
class Requirement:
    """The rule of a view; `table` has the view's arguments as columns, and its name.

    `expression` is set when the project is loaded, `local` as well where no table is asked.
    """

    text: str
    table: Table
    view: Any = None
    expression: Expr = FALSE
    local: Judge | None = None


@dataclass(frozen=True, slots=True)
class AfterHook:
    """A function that is told of committed changes, by the name of its tasks; the project knows it
    by its `label`.
    """

    name: str
    label: str
    action: str
    table: str
    run: Callable[[Any], Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class TaskCode:
    """A function that runs in the background."""

    name: str
    run: Callable[..., Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of a task: as they are written, and what returns the first after a time."""

    name: str
    spec: str
    after: Callable[[float], float]


@dataclass(slots=True)
class Registered:
    """The functions that decorators registered, in order; `wrong` are (name, reason) of invalid
    ones.
    """

    functions: list[Function] = field(default_factory=list)
    computed: list[Computed] = field(default_factory=list)
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)
    before: list[BeforeHook] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    after: list[AfterHook] = field(default_factory=list)
    tasks: list[TaskCode] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)


_REGISTERED: ContextVar[Registered] = ContextVar("jotbase_registered")


def register(name: str, make: Callable[[Registered], None]) -> None:
    """Have a decorated function made and kept while the server loads the project's code."""
    registered = _REGISTERED.get(None)
    if registered is None:  # imported by something else than the server: a test, a script
        return
    try:
        make(registered)
    except (TypeError, NameError, ValueError) as error:
        registered.wrong.append((name, str(error)))


def collect(load: Callable[[], None]) -> Registered:
    """Return the functions that are registered while `load` runs."""
    registered = Registered()
    token = _REGISTERED.set(registered)
    try:
        load()
    finally:
        _REGISTERED.reset(token)
    return registered
