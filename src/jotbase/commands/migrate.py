"""`jotbase migrate`: shows how the database would be brought to the schema files, then does it.

In charge of the plan in words and SQL, of asking, and of exit codes. Must not know how a plan is
made or applied (`project.migration`).
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jotbase.engines.base import Engine
from jotbase.engines.sqlite.database.files import keep_private
from jotbase.errors import ProjectError
from jotbase.project.data import constraint_names, read_definition, row_decoder
from jotbase.project.folder import Project, dialect_of, is_postgresql
from jotbase.project.migration import history, migrate, plan
from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.plan import Plan
from jotbase.settings import Settings
from jotbase.startup.loading import engine_maker, load_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--plan", action="store_true", help="show the plan, and change nothing")
    parser.add_argument("--yes", action="store_true", help="apply the plan without asking")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if anything is pending"
    )
    parser.add_argument("--history", action="store_true", help="list the migrations so far")
    parser.add_argument("--json", action="store_true", help="print one JSON object; never asks")


def run(options: argparse.Namespace) -> int:
    """Show the plan, and apply it if confirmed; exit code 1 if it is refused or only pending."""
    project, settings = load_settings(options.project)
    model = read_definition(project, dialect=dialect_of(settings.database_url)).model
    engine = _engine(project, settings, model, changes=not (options.plan or options.check))
    return asyncio.run(_run(engine, model, options))


def _engine(project: Project, settings: Settings, model: Model, *, changes: bool) -> Engine:
    """Return the project's engine; a database that is not there is made if anything `changes`."""
    place = settings.database_url
    if not is_postgresql(place):
        file = Path(project.database(place))
        place = str(file)
        if not file.exists():
            if changes and file.parent == project.root / "data":
                keep_private(file.parent)
            place = place if changes else ":memory:"
    make = engine_maker(place, settings, model)
    return make(row_decoder(lambda: model), constraint_names(lambda: model), _no_computing)


def _no_computing(*_: Any) -> Any:
    raise AssertionError("a migration computes no row by project code")


async def _run(engine: Engine, model: Model, options: argparse.Namespace) -> int:
    await engine.open()
    try:
        if options.history:
            _print_history(await history(engine), as_json=options.json)
            return 0
        planned = await plan(engine, model)
        if options.json:
            print(json.dumps(asdict(planned), indent=2))
        else:
            _print_plan(planned)
        if planned.faults:
            raise ProjectError(planned.faults)
        if not planned.is_pending:
            return 0
        if options.check:
            return 1
        if options.plan or not (options.yes or _confirmed(options)):
            return 0
        await migrate(engine, model, _who(), started=False)
        print("Applied.", file=sys.stderr if options.json else sys.stdout)
        return 0
    finally:
        await engine.close()


def _confirmed(options: argparse.Namespace) -> bool:
    """Ask whether to apply the plan; where nobody can answer, nobody has agreed."""
    if options.json or not sys.stdin.isatty():
        print("Not applied: --yes applies it without asking.", file=sys.stderr)
        return False
    return input("Apply? [y/N] ").strip().lower() in ("y", "yes")


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # the process's number is none of an account (OSError from 3.13)
        user = str(os.getuid())
    return f"jotbase migrate, {user}@{socket.gethostname()}"


def _print_plan(planned: Plan) -> None:
    if not planned.is_pending:
        print("Nothing to do: the database is as the schema files say.")
        return
    for line in planned.changes:
        print(line)
    for number, step in enumerate(planned.steps, 1):
        print(f"\n{number}. {step.statement};")
        for name in ("locks", "rewrites", "loses"):
            if text := getattr(step.effect, name):
                print(f"   -- {name}: {text}")
    if planned.steps:
        print()


def _print_history(entries: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(entries, indent=2))
        return
    for entry in entries:
        model, by = entry["model"][:12], entry["applied_by"]
        print(f"{entry['number']}. {entry['applied_at']} by {by}, to model {model}")
        for line in entry["changes"] or [f"{len(entry['statements'])} statements"]:
            print(f"   {line}")
