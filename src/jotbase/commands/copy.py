"""`jotbase copy`: moves the project's rows and accounts from SQLite into a PostgreSQL database.

In charge of what must be so before, of progress and of what is to be done next. Must not know how
rows are copied (`project.copying`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jotbase.errors import Fault, ProjectError
from jotbase.project.copying import Copied, copy_rows
from jotbase.project.data import constraint_names, read_definition, row_decoder
from jotbase.project.folder import is_postgresql, where_served
from jotbase.project.migration import migrate
from jotbase.schema.model.tables import Model
from jotbase.settings import Settings, variable
from jotbase.startup.loading import engine_maker, load_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("url", metavar="URL", help="an empty database: postgresql://host/name")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Copy, each table told when it is there; the project goes on serving what it served."""
    project, settings = load_settings(options.project)
    if is_postgresql(settings.database_url):
        raise _refused("the project is on PostgreSQL already", "use pg_dump")
    if not is_postgresql(options.url):
        raise _refused("only a PostgreSQL database can be copied to", "postgresql://host/name")
    source = project.database(settings.database_url)
    if where_served(source):
        raise _refused("a server writes to the database", "stop it, so that nothing is left behind")
    model = read_definition(project).model
    copied = asyncio.run(_copy(Path(source), options, settings, model))
    if options.json:
        print(json.dumps({"tables": [asdict(one) for one in copied]}, indent=2))
    else:
        count = sum(one.rows for one in copied)
        print(f"Copied {count} rows. Next: {variable('database_url')} in .env, and jotbase serve")
    return 0


def _refused(reason: str, hint: str) -> ProjectError:
    return ProjectError([Fault("copy", "", reason, hint)])


async def _copy(
    source: Path, options: argparse.Namespace, settings: Settings, model: Model
) -> list[Copied]:
    def tell(one: Copied) -> None:
        print(f"{one.table}: {one.rows} rows", file=sys.stderr)

    make = engine_maker(options.url, replace(settings, database_url=options.url), model)
    engine = make(row_decoder(lambda: model), constraint_names(lambda: model), _no_computing)
    await engine.open()
    try:
        await migrate(engine, model, "jotbase copy", started=False)
    finally:
        await engine.close()
    return await copy_rows(source, options.url, model, tell)


def _no_computing(*_: Any) -> Any:
    raise AssertionError("a copy computes no row by project code")
