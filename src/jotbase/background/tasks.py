"""Runs background work of the project's code: what hooks are told after a commit, tasks, schedules.

In charge of when it runs, of retries and their delays, and of there being one runner a database. A
task leaves the table when it has run: what a crash interrupts runs again. Must not know the code.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from jotbase.background.lanes import CodeThreads, Lane
from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.tasks.retries import next_attempt
from jotbase.tasks.units import (
    DeadTask,
    Failure,
    Task,
    Told,
    add_changes,
    add_due_times,
    begun,
    cursors,
    dead_tasks,
    declare,
    due_schedules,
    due_tasks,
    has_untold,
    move_cursors,
    release_lease,
    settle,
    take_lease,
    waiting_changes,
)

log = logging.getLogger("jotbase.tasks")

#: Seconds that a runner holds its lease, and between two looks for tasks without a commit.
LEASE, LOOK_EVERY = 5.0, 1.0
#: How many changes a hook is told of before it is looked for more.
LANE = 200
#: Seconds between two looks at least: what commits meanwhile is told together, so that each commit
#: of many does not cost two more. The first after a pause is told at once.
PACE = 0.02
#: Seconds that what runs may take to its end when the server stops.
GRACE = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """What runs a kind of task, how often at most, and for how long each time (seconds)."""

    run: Callable[[Task], None]
    attempts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """All that the project's code declares to be run: `jobs` by name of their tasks.

    `schedules` are (name, spec) and the function that returns the time after one.
    """

    jobs: Mapping[str, Job] = field(default_factory=dict)
    hooks: Sequence[Told] = ()
    schedules: Mapping[str, tuple[str, Callable[[float], float]]] = field(default_factory=dict)

    @property
    def tasks(self) -> Sequence[str]:
        """The names of what runs side by side."""
        told = {hook.name for hook in self.hooks}
        return [name for name in self.jobs if name not in told]


@dataclass(frozen=True, slots=True)
class Places:
    """Where code runs: hooks in threads of their own, so that long tasks hold none of them up, and
    as many tasks at once as `side_by_side`.
    """

    hooks: CodeThreads
    tasks: CodeThreads
    side_by_side: int


class TaskRunner:
    """Runs the work of one database. All but the code is on the event loop."""

    def __init__(self, engine: Engine, now: Callable[[], float], places: Places) -> None:
        self._engine = engine
        self._now = now
        self._places = places
        self._work = Work()
        self._holder = secrets.token_hex(8)
        self._until = 0.0
        self._stopping = False
        #: No hook has anything to be told of up to this change.
        self._told = -1
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def declare(self, work: Work) -> None:
        """Run this work from now on; hooks that are new are told of changes from now on."""
        self._work, self._told = work, -1
        dialect = self._engine.dialect
        _, newest = await self._engine.last_change()
        now = self._now()
        schedules = [(name, spec, after(now)) for name, (spec, after) in work.schedules.items()]
        known = {tuple(row) for row in await self._read(*begun(dialect))}
        declared = {(hook.name, "") for hook in work.hooks}
        if known != declared | {(name, spec) for name, spec, _ in schedules}:
            await self._engine.write(lambda: declare(dialect, work.hooks, newest, schedules))
        self._bell.set()

    def start(self) -> None:
        """Run what is due from now on."""
        if self._task is None and self._work.jobs:
            self._engine.on_commit(self._bell.set)
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Begin nothing more, note what ends soon, and let another process run what is left."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        left: set[asyncio.Task[None]] = set()
        if self._busy:
            _, left = await asyncio.wait(self._busy.values(), timeout=GRACE)
        for one in left:
            one.cancel()
        if left:
            await asyncio.wait(left)
        elif (
            self._until
        ):  # what is abandoned may run on: nobody else begins it while the lease lasts
            await self._engine.write(partial(release_lease, self._engine.dialect, self._holder))

    async def dead(self) -> list[DeadTask]:
        """Return the tasks that failed for good."""
        return [DeadTask(*row) for row in await self._read(*dead_tasks(self._engine.dialect))]

    async def drain(self) -> int:
        """Run all that is due, and what that makes due at once; return how many tasks were run."""
        count = 0
        while True:
            found = await self._turn()
            count += found
            if self._busy:
                await asyncio.wait(self._busy.values())
            elif not found:
                return count

    async def untold(self) -> int | None:
        """Return the number of the change from which on hooks are to be told, None without hooks:
        the log is to be kept behind it.
        """
        dialect, told = self._engine.dialect, self._told
        if not self._work.hooks:
            return None
        rows = await self._read(*cursors(dialect))
        least = min((number for _, number in rows), default=None)
        if least is None or told <= least or not await self._leads():
            return least
        await self._engine.write(lambda: move_cursors(dialect, told))
        return told

    async def _run(self) -> None:
        while True:
            self._bell.clear()
            looked = monotonic()
            try:
                if self._busy:
                    await self._leads()
                if await self._turn():
                    continue
            except JotError as error:
                log.warning("tasks could not be looked for: %s", error.message)
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._bell.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(looked + PACE - monotonic())

    async def _turn(self) -> int:
        """Begin what is due and is not running; return how many tasks, or changes, that was."""
        if not self._work.jobs:
            return 0
        found = await self._tell() if self._work.hooks else 0
        if self._work.schedules:
            found += await self._tick()
        for name in [one.name for one in self._work.hooks if one.name not in self._busy]:
            found += await self._begin_hook(name)
        return found + await self._begin_tasks()

    async def _tell(self) -> int:
        """Make tasks of changes that hooks were not told of; return whether there are more."""
        dialect, hooks = self._engine.dialect, self._work.hooks
        oldest, newest = await self._engine.last_change()
        if newest == self._told:
            return 0
        if self._told >= 0 and not await self._read(
            *has_untold(dialect, hooks, self._told, newest)
        ):
            self._told = newest
            return 0
        if not await self._leads():
            return 0
        now = self._now()
        told = await self._engine.write(lambda: add_changes(dialect, hooks, oldest, newest, now))
        for name, first in told.missed:
            log.error(
                "the hook %s may have missed changes before number %d: it was so far behind that"
                " they were pruned from the log",
                name,
                first,
            )
        self._told = newest if told.whole else -1
        return int(told.more)

    async def _tick(self) -> int:
        dialect, now = self._engine.dialect, self._now()
        times = self._work.schedules
        rows = await self._read(*due_schedules(dialect, now))
        due = [(name, at, times[name][1](now)) for name, _, at in rows if name in times]
        if not due or not await self._leads():
            return 0
        await self._engine.write(lambda: add_due_times(dialect, due, now))
        return len(due)

    async def _begin_hook(self, name: str) -> int:
        now = self._now()
        rows = await self._read(*waiting_changes(self._engine.dialect, name, LANE))
        tasks = [Task(*row) for row in rows]
        # Only the first can have failed; what is behind it waits for it.
        if not tasks or tasks[0].due > now or not await self._leads():
            return 0
        self._begin(name, tasks, self._places.hooks)
        return len(tasks)

    async def _begin_tasks(self) -> int:
        names, told = self._work.tasks, {hook.name for hook in self._work.hooks}
        busy = [key for key in self._busy if key not in told]
        room = self._places.side_by_side - len(busy)
        if not names or room <= 0:
            return 0
        asked = due_tasks(self._engine.dialect, names, busy, self._now(), room)
        rows = await self._read(*asked)
        if not rows or not await self._leads():
            return 0
        for row in rows:
            one = Task(*row)
            self._begin(one.key, [one], self._places.tasks)
        return len(rows)

    def _begin(self, name: str, tasks: Sequence[Task], threads: CodeThreads) -> None:
        self._busy[name] = asyncio.create_task(self._lane(name, tasks, threads))

    async def _read(self, text: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        return await self._engine.read_internal(text, values)

    async def _leads(self) -> bool:
        """Return whether this process runs the database's tasks, by a lease that is renewed.

        The database's clock says when it ends; here it ends no later, by a clock that nobody sets.
        """
        clock = monotonic()
        if clock < self._until - LEASE / 2:
            return True
        dialect, holder = self._engine.dialect, self._holder
        held = await self._engine.write(lambda: take_lease(dialect, holder, LEASE))
        self._until = clock + LEASE if held else 0.0
        if not held:
            self._told = -1
        return held

    def _leads_still(self) -> bool:
        return monotonic() < self._until

    def _may_go_on(self) -> bool:
        return not self._stopping and self._leads_still()

    async def _lane(self, name: str, tasks: Sequence[Task], threads: CodeThreads) -> None:
        job = self._work.jobs[tasks[0].name]
        lane = Lane(tasks, job.run, self._may_go_on)
        try:
            done, failed, reason = await lane.run(threads, job.seconds, self._note)
            failures = [] if failed is None else [self._failure(failed, job, reason)]
            await self._note(done, failures)
        finally:
            del self._busy[name]
            self._bell.set()

    async def _note(self, done: Sequence[Task], failures: Sequence[Failure] = ()) -> None:
        dialect = self._engine.dialect
        while done or failures:
            try:
                await self._engine.write(lambda: settle(dialect, done, failures))
            except JotError as error:
                log.warning("what came of tasks could not be noted: %s", error.message)
                await asyncio.sleep(LOOK_EVERY)
            else:
                return

    def _failure(self, one: Task, job: Job, reason: str) -> Failure:
        attempts = one.attempts + 1
        due = next_attempt(attempts, job.attempts, self._now())
        outcome = "given up" if due is None else "tried again"
        log.error("the task %s failed and is %s: %s", one.key, outcome, reason)
        return Failure(one.key, reason, due)
