"""`jotbase tasks`: lists what waits and what was given up; runs that again, or deletes it.

In charge of the command's actions and of printing what came of them. It works on the database
itself, beside a server that runs: that finds what is due within a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from jotbase.engines.base import Engine
from jotbase.errors import Fault, ProjectError
from jotbase.sql.units import Statement, UnitOfWork
from jotbase.startup.loading import load, load_settings, server_url
from jotbase.tasks.overview import count_tasks, delete_tasks, listed, retry_tasks, schedules
from jotbase.tasks.tables import create_task_tables

ACTIONS = ("list", "retry", "delete")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("action", choices=ACTIONS, help="what is done")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="of retry and delete: which tasks")
    parser.add_argument("--all", action="store_true", help="of retry and delete: all dead ones")
    parser.add_argument("--dead", action="store_true", help="of list: only what was given up")
    parser.add_argument("--limit", type=int, default=50, help="how many are listed (default: 50)")
    parser.add_argument("--json", action="store_true", help="print one JSON value")


def run(options: argparse.Namespace) -> int:
    """Do what the action says, and print what came of it."""
    if options.action != "list" and bool(options.keys) == options.all:
        raise _refused(f"tasks {options.action} takes keys, or --all", "jotbase tasks list --dead")
    if options.limit < 1:
        raise _refused("--limit is a number from 1")
    project, settings = load_settings(options.project)
    engine = load(project, settings, server_url(settings)).engine
    value, lines = asyncio.run(_opened(engine, options))
    print(json.dumps(value, indent=2) if options.json else "\n".join(lines))
    missing = [key for key in options.keys if key not in value.get("keys", options.keys)]
    return 1 if missing else 0


async def _opened(engine: Engine, options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    await engine.open()
    try:
        await engine.write(lambda: _tables(engine.dialect.name))
        if options.action == "list":
            return await _list(engine, options)
        dialect, keys = engine.dialect, options.keys
        if options.action == "retry":
            done = await engine.write(lambda: retry_tasks(dialect, keys, time.time()))
        else:
            done = await engine.write(lambda: delete_tasks(dialect, keys))
        lines = [*done, f"{len(done)} will run again" if options.action == "retry" else ""]
        return {"keys": done}, [line for line in lines if line] or ["There is no such task."]
    finally:
        await engine.close()


def _tables(dialect: str) -> UnitOfWork[None]:
    for text in create_task_tables(dialect):
        yield Statement(text)


async def _list(engine: Engine, options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    dialect = engine.dialect
    rows = await engine.read_internal(*listed(dialect, options.dead, options.limit))
    names = ("key", "state", "due", "attempts", "error")
    tasks = [dict(zip(names, row, strict=True)) for row in rows]
    for one in tasks:
        one["due"] = _time(one["due"]) if one["state"] == "waiting" else None
    ((dead, waiting),) = await engine.read_internal(*count_tasks(dialect))
    times = await engine.read_internal(*schedules(dialect))
    planned = [{"name": name, "spec": spec, "due": _time(due)} for name, spec, due in times]
    lines = [_line(one) for one in tasks]
    lines += [f"{waiting} wait, {dead} were given up"]
    if not options.dead:
        lines += [f"{one['name']}  {one['spec']}  next {one['due']}" for one in planned]
    told = {"tasks": tasks, "waiting": waiting, "dead": dead, "schedules": planned}
    return told, lines


def _line(one: dict[str, Any]) -> str:
    when = f"due {one['due']}" if one["due"] else "given up"
    tried = f"tried {one['attempts']} times" if one["attempts"] else ""
    return "  ".join(filter(None, (one["key"], when, tried, one["error"])))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _refused(reason: str, hint: str | None = None) -> ProjectError:
    return ProjectError([Fault("tasks", "", reason, hint)])
