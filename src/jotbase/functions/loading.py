"""Loading the project's code from functions/, and hosting its Flask app as ASGI (a2wsgi).

In charge of finding `app` and the decorated functions. Must not know the caller: its context is
entered before (`http.server.project_app`).
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jotbase.access.language.rules import parse_view_rule
from jotbase.engines.calls.code_ending import end_code, run_unforked
from jotbase.errors import PROJECT_MODULE, Fault, JotError, ProjectError
from jotbase.expression.expr import is_local
from jotbase.expression.judge import judge
from jotbase.functions.api.registering import (
    AfterHook,
    Computed,
    Requirement,
    Schedule,
    TaskCode,
    collect,
)
from jotbase.functions.api.rpc import awaited
from jotbase.functions.api.views import view_faults
from jotbase.functions.failures import failure_to_load
from jotbase.functions.hosting.wsgi_threads import Hosted, Threads
from jotbase.functions.request_log import name_requests
from jotbase.query.plan.computed import with_computed
from jotbase.query.plan.functions import Function, Functions, Returns
from jotbase.query.plan.hooks import BeforeHook, BeforeHooks
from jotbase.query.response.render import render_error
from jotbase.schema.model.tables import Model

#: The longest that code may take to be loaded while the server serves, in seconds.
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """The loaded functions/: the Flask `app`, if any, and the decorated functions."""

    app: Any = None
    functions: Functions = field(default_factory=dict)
    computed: tuple[Computed, ...] = ()
    hooks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    before: tuple[BeforeHook, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    after: tuple[AfterHook, ...] = ()
    tasks: tuple[TaskCode, ...] = ()
    schedules: tuple[Schedule, ...] = ()

    @property
    def hooked(self) -> frozenset[str]:
        """The tables whose committed changes hooks are told of."""
        return frozenset(one.table for one in self.after)

    @property
    def row_hooks(self) -> BeforeHooks:
        """The hooks before writes, by table."""
        tables = dict.fromkeys(one.table for one in self.before)
        return {name: [one for one in self.before if one.table == name] for name in tables}


def load_functions(folder: Path) -> Loaded:
    """Import functions/__init__.py.

    Raises ProjectError if the code fails, or has neither an app nor decorated functions.
    """
    file = folder / "__init__.py"
    if not file.is_file():
        if others := sorted(path.name for path in folder.glob("*.py")):
            hint = f"import it there: from .{others[0].removesuffix('.py')} import app"
            reason = "the file is missing, and no other is loaded"
            raise ProjectError([Fault("functions/__init__.py", "", reason, hint)])
        return Loaded()
    name_requests()
    modules: list[Any] = []
    found = collect(lambda: modules.append(_load(folder, file)))
    faults = [
        Fault("functions/__init__.py", "", f"{name} cannot be called: {reason}")
        for name, reason in found.wrong
    ]
    if faults:
        raise ProjectError(faults)
    functions: dict[str, tuple[Function, ...]] = {}
    for one in found.functions:
        functions[one.name] = (*functions.get(one.name, ()), one)
    needed = not (
        functions or found.computed or found.hooks or found.before or found.after or found.tasks
    )
    app = _wsgi_app(modules[0], needed)
    if wrong := view_faults(app, found.requirements):
        raise ProjectError([Fault("functions/__init__.py", "", one) for one in wrong])
    return Loaded(
        app,
        functions,
        tuple(found.computed),
        found.hooks,
        tuple(found.before),
        tuple(found.requirements),
        tuple(found.after),
        tuple(found.tasks),
        tuple(found.schedules),
    )


def load_for(folder: Path, model: Model) -> Loaded:
    """Import functions/__init__.py, and check the tables that its annotations name.

    Raises ProjectError as `load_functions` does, and for unknown tables.
    """
    loaded = load_functions(folder)
    with_computed(model, described(loaded.computed))
    faults = [
        Fault("functions/__init__.py", "", f"{one.name} gives back rows of no table")
        for some in loaded.functions.values()
        for one in some
        if one.returns.table is not None and model.get(one.returns.table) is None
    ]
    hooks = [(one.name, one.table) for one in loaded.before]
    hooks += [(one.label, one.table) for one in loaded.after]
    faults += [
        Fault("functions/__init__.py", "", f"{label} is a hook of no table: {name}")
        for label, name in hooks
        if (table := model.get(name)) is None or table.view is not None
    ]
    for requirement in loaded.requirements:
        try:
            _read_rule(requirement, model)
        except ProjectError as error:
            faults += error.faults
    if faults:
        raise ProjectError(faults)
    return loaded


def _read_rule(requirement: Requirement, model: Model) -> None:
    found = parse_view_rule(requirement.text, requirement.table, model)
    requirement.expression = found
    requirement.local = judge(found) if is_local(found) else None


async def load_in_thread(folder: Path, model: Model) -> Loaded:
    """Run `load_for` in a thread: the code may be slow, or send requests to this very server.

    Raises ProjectError as it does, and for code that is not loaded within `TIMEOUT`, which is left
    behind.
    """
    threads = Threads("jotbase-load", 1)
    loading: asyncio.Future[Loaded]
    began: list[threading.Thread] = []

    def load() -> Loaded:
        began.append(threading.current_thread())
        return load_for(folder, model)

    future = threads.submit(load)
    try:
        loading = asyncio.wrap_future(future)
        # Nobody may be left to ask what became of it.
        loading.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait((loading,), timeout=TIMEOUT)
        if loading.done():
            return loading.result()
        for thread in began:
            end_code(thread, future.done)
        reason = f"the code was not loaded within {TIMEOUT:.0f} seconds"
        hint = "code outside functions runs once, and must come to its end"
        raise ProjectError([Fault("functions/__init__.py", "", reason, hint)])
    finally:
        threads.shutdown()


def described(found: Iterable[Computed]) -> list[tuple[str, str, Returns]]:
    """Return (table, name, return type) of the computed fields."""
    return [(one.table, one.function.name, one.function.returns) for one in found]


def _load(folder: Path, file: Path) -> Any:
    for name in [name for name in sys.modules if name.split(".")[0] == PROJECT_MODULE]:
        del sys.modules[name]
    specification = importlib.util.spec_from_file_location(
        PROJECT_MODULE, file, submodule_search_locations=[str(folder)]
    )
    if specification is None or specification.loader is None:
        raise ProjectError([Fault("functions/__init__.py", "", "the file is no Python module")])
    loader = specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules[PROJECT_MODULE] = module
    try:
        run_unforked(lambda: loader.exec_module(module))
    except Exception as error:
        raise ProjectError([failure_to_load(folder, error)]) from error
    return module


def _wsgi_app(module: Any, needed: bool) -> Any:
    app = getattr(module, "app", None)
    if callable(app) or (app is None and not needed):
        return app
    hint = "write `app = Flask(__name__)`, or decorate a function with `@rpc`"
    raise ProjectError([Fault("functions/__init__.py", "", "the file exports no `app`", hint)])


def host(app: Any, threads: int, waiting: int, patience: float, limit: float) -> Hosted:
    """Return the WSGI app as an ASGI application; see `Hosted`.

    A refusal that a view lets through, of the data client or of a body that is too large, becomes
    the same JSON answer. (Flask's own MAX_CONTENT_LENGTH cuts a body of unknown length short.)
    """
    if hasattr(app, "register_error_handler"):
        app.register_error_handler(JotError, _refused)
    if hasattr(app, "async_to_sync"):
        # Flask's own takes a library that does the same: a loop in the view's thread.
        app.async_to_sync = awaited
    return Hosted(app, threads, waiting, patience, limit)


def _refused(error: JotError) -> tuple[bytes, int, list[tuple[str, str]]]:
    told = render_error(error)
    return told.content(), told.status, list(told.headers)
