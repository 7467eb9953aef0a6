"""The API for background work: `@after`, `webhook`, `@task`, `@every`, `@cron`.

In charge of what the project's code declares, and of running it as the service. Must not know when
it runs (`background.tasks`).
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterable
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar, overload
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jotbase.background.tasks import Job, Work
from jotbase.background.webhook_requests import post, read_url
from jotbase.engines.calls.code_ending import run_unforked
from jotbase.functions.api.context import Answer, DataClient, data, enter, now
from jotbase.functions.api.registering import AfterHook, Registered, Schedule, TaskCode, register
from jotbase.functions.api.rpc import awaited
from jotbase.query.plan.hooks import ACTIONS, Action
from jotbase.tasks.cron import next_cron_time, read_cron
from jotbase.tasks.requests import write_task
from jotbase.tasks.times import next_time, read_interval
from jotbase.tasks.units import Task, Told
from jotbase.tasks.webhooks import message_id, read_secrets, signatures
from jotbase.values import SERVICE_PRINCIPAL, Row

Code = TypeVar("Code", bound=Callable[..., Any])

#: Whether webhooks may go to private addresses, in the context of what sends them.
PRIVATE: ContextVar[bool] = ContextVar("jotbase_webhooks_private", default=False)

#: How often background work is run at most, the first time included.
ATTEMPTS = 8
#: The longest JSON of a task's arguments, in characters.
MOST_ARGUMENTS = 1 << 20


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change that a hook is told of.

    `key` is the same each time that it is told: whoever has seen it can pass over a double.
    `old` is None for an insert, `new` for a delete. `attempt` counts from 1.
    """

    key: str
    number: int
    table: str
    action: str
    old: Row | None
    new: Row | None
    committed_at: str
    attempt: int


class LaterTask:
    """A function that can run in the background: `later` has it run, a call runs it at once."""

    def __init__(self, code: Callable[..., Any], name: str) -> None:
        self._code = code
        self.name = name
        self.__name__ = code.__name__
        self.__doc__ = code.__doc__

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Run it here and now."""
        return self._code(*given, **named)

    def later(self, *given: Any, delay: float = 0.0, key: str | None = None, **named: Any) -> str:
        """Have it run once this transaction is committed, `delay` seconds from now at the earliest.

        Returns its key. A task of the given `key` that waits stays as it is; one that is running
        runs again. Arguments are JSON. Raises TypeError for others, ValueError for more than a
        megabyte of them, LookupError outside the code of functions/.
        """
        inspect.signature(self._code).bind(*given, **named)
        chosen = f"{self.name}/{key or uuid4().hex}"
        arguments = json.dumps([given, named], allow_nan=False)
        if len(arguments) > MOST_ARGUMENTS:
            raise ValueError(f"the arguments of a task have at most {MOST_ARGUMENTS} characters")
        data().add_task(write_task(chosen, self.name, arguments, float(delay)))
        return chosen


def declare_after(
    name: str,
    label: str,
    action: str,
    table: str,
    code: Callable[[Change], Any],
    attempts: int,
    fault: str | None = None,
) -> None:
    """Declare a hook after commits; with a `fault` it is a mistake of the project."""

    def make(into: Registered) -> None:
        if fault is not None:
            raise ValueError(fault)
        if action not in ACTIONS:
            raise TypeError(f"{action!r} is none of {', '.join(ACTIONS)}")
        if any(one.name == name for one in into.after):
            raise ValueError("another hook of this name is there")
        _check_parameters(code, 1, "one Change")
        into.after.append(AfterHook(name, label, action, table, awaited(code), attempts))

    register(label, make)


def after(action: Action, table: str, *, attempts: int = ATTEMPTS) -> Callable[[Code], Code]:
    """Tell a function of each committed `insert`, `update` or `delete` of a table, in their order.

    It takes one `Change`. What it raises has it told again, later and later, `attempts` times.
    """

    def declare(code: Code) -> Code:
        label = code.__name__
        declare_after(f"after-{action}-{table}-{label}", label, action, table, code, attempts)
        return code

    return declare


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where changes are sent, and the name of the variable that holds the secret."""

    url: str
    secret: str

    def __call__(self, change: Change) -> None:
        """Send a change. Raises NotDelivered, OSError, ValueError; then it is sent again later."""
        keys = read_secrets(os.environ.get(self.secret, ""))
        body = json.dumps(
            {
                "type": change.action.upper(),
                "schema": "public",
                "table": change.table,
                "record": change.new,
                "old_record": change.old,
                "timestamp": change.committed_at,
            }
        ).encode()
        identity, sent_at = message_id(change.key), int(now().timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "jotbase",
            "webhook-id": identity,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signatures(keys, identity, sent_at, body),
        }
        post(self.url, headers, body, PRIVATE.get())


def webhook(action: str, table: str, *, url: str, secret: str, attempts: int = ATTEMPTS) -> None:
    """Send each committed `insert`, `update` or `delete` of a table to a URL, signed with the
    secret that the environment variable of that name holds.
    """
    parts, fault = read_url(url)
    label = f"{parts.hostname}{parts.path}"
    name = f"webhook-{action}-{table}-{label}"
    declare_after(name, label, action, table, Webhook(url, secret), attempts, fault)


@overload
def task(code: Callable[..., Any]) -> LaterTask: ...


@overload
def task(*, attempts: int = ATTEMPTS) -> Callable[[Callable[..., Any]], LaterTask]: ...


def task(
    code: Callable[..., Any] | None = None, *, attempts: int = ATTEMPTS
) -> LaterTask | Callable[[Callable[..., Any]], LaterTask]:
    """Make a function one that can run in the background: `send.later(1, delay=60)`."""

    def declare(found: Callable[..., Any]) -> LaterTask:
        name = f"task-{found.__name__}"

        def make(into: Registered) -> None:
            into.tasks.append(TaskCode(name, awaited(found), attempts))

        register(found.__name__, make)
        return LaterTask(found, name)

    return declare if code is None else declare(code)


def every(interval: str, *, attempts: int = ATTEMPTS) -> Callable[[Code], Code]:
    """Run a function of no arguments every `30s`, `5m`, `2h` or `1d`, counted from midnight UTC."""
    return _scheduled("every", interval, lambda: _interval(interval), attempts)


def cron(expression: str, *, zone: str = "UTC", attempts: int = ATTEMPTS) -> Callable[[Code], Code]:
    """Run a function of no arguments by a cron expression, `0 9 * * mon-fri`, in a time zone such
    as `Europe/Berlin`.
    """
    return _scheduled("cron", f"{expression} {zone}", lambda: _times(expression, zone), attempts)


def _interval(text: str) -> Callable[[float], float]:
    return partial(next_time, read_interval(text))


def _times(expression: str, zone: str) -> Callable[[float], float]:
    try:
        found = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{zone!r} is no time zone that this machine knows") from error
    return partial(next_cron_time, read_cron(expression), found)


def _scheduled(
    kind: str, spec: str, read: Callable[[], Callable[[float], float]], attempts: int
) -> Callable[[Code], Code]:
    def declare(code: Code) -> Code:
        name = f"{kind}-{code.__name__}"

        def make(into: Registered) -> None:
            _check_parameters(code, 0, "no argument")
            into.schedules.append(Schedule(name, spec, read()))
            into.tasks.append(TaskCode(name, awaited(code), attempts))

        register(code.__name__, make)
        return code

    return declare


def work_of(
    after: Iterable[AfterHook],
    tasks: Iterable[TaskCode],
    schedules: Iterable[Schedule],
    decode: Callable[[str, str], Row],
    place: Place,
    seconds: float,
) -> Work:
    """Return what is to be run in the background; `decode` reads a logged row of a table."""
    jobs = {one.name: Job(partial(_run_task, one, place), one.attempts, seconds) for one in tasks}
    told = []
    for hook in after:
        told.append(Told(hook.name, hook.table, _KINDS[hook.action]))
        jobs[hook.name] = Job(partial(_tell, hook, decode, place), hook.attempts, seconds)
    times = {one.name: (one.spec, one.after) for one in schedules}
    return Work(jobs, told, times)


def _check_parameters(code: Callable[..., Any], count: int, wanted: str) -> None:
    try:
        inspect.signature(code).bind(*[None] * count)
    except TypeError as error:
        raise TypeError(f"it takes {wanted}") from error


@dataclass(frozen=True, slots=True)
class Place:
    """What code in the background has at hand: the handler of its data requests, the clock, and
    whether its webhooks may go to `private` addresses.
    """

    answer: Answer
    clock: Callable[[], float]
    private: bool


def run_as_service(code: Callable[[], Any], place: Place) -> None:
    """Run code in a context of its own, with `data()` as the service role."""

    def run() -> None:
        enter(DataClient(SERVICE_PRINCIPAL, place.answer), place.clock)
        PRIVATE.set(place.private)
        run_unforked(code)

    copy_context().run(run)


def _run_task(one: TaskCode, place: Place, due: Task) -> None:
    given, named = json.loads(due.arguments or "[[], {}]")
    run_as_service(partial(one.run, *given, **named), place)


_KINDS: dict[str, Literal["INSERT", "UPDATE", "DELETE"]] = {
    "insert": "INSERT",
    "update": "UPDATE",
    "delete": "DELETE",
}


def _tell(hook: AfterHook, decode: Callable[[str, str], Row], place: Place, due: Task) -> None:
    change = Change(
        due.key,
        due.number,
        hook.table,
        hook.action,
        None if due.old is None else decode(hook.table, due.old),
        None if due.new is None else decode(hook.table, due.new),
        due.committed_at or "",
        due.attempts + 1,
    )
    run_as_service(partial(hook.run, change), place)
