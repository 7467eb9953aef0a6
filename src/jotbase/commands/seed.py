"""`jotbase seed`: loads the rows of seeds/ into the tables that are empty.

In charge of printing the result. Must not know how rows are loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import json

from jotbase.app import Backend
from jotbase.project.seeding import SEEDS, seed
from jotbase.startup.loading import load, load_settings, server_url


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Load the seeds and print the number of rows for each table."""
    project, settings = load_settings(options.project)
    backend = load(project, settings, server_url(settings))
    backend.seeds = False
    loaded = asyncio.run(_seed(backend))
    if options.json:
        print(json.dumps(loaded))
        return 0
    for table, count in loaded.items():
        print(f"{table}: {count} rows")
    if not any((project.root / SEEDS).glob("*.json")):
        print(f"Nothing to load: no file lies in {SEEDS}/.")
    elif not loaded:
        print("Nothing to load: every seeded table holds rows already.")
    return 0


async def _seed(backend: Backend) -> dict[str, int]:
    await backend.start()
    try:
        return await seed(backend.project, backend.data)
    finally:
        await backend.stop()
