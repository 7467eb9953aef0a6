"""`jotbase check`: every mistake in schemas, rules and settings, at once.

In charge of how mistakes are printed, and of which rules are judged where. Must not find any.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict

from jotbase.data import read_meaning
from jotbase.engines.sqlite.introspect import made_by_hand
from jotbase.errors import Fault, ProjectError
from jotbase.functions.host import load_for, load_functions
from jotbase.project import Project, find_project, read_dotenv
from jotbase.schema.model import Model
from jotbase.settings import read_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Check everything; exit code 1 if anything is wrong."""
    project = find_project(options.project)
    faults: list[Fault] = []
    rules: list[dict[str, str]] = []
    models: list[Model] = []

    def read_schemas() -> None:
        meaning = read_meaning(project, there=_there(project))
        rules.extend(meaning.policy.described())
        models.append(meaning.model)

    def read_functions() -> None:
        if models:
            load_for(project.functions, models[0])
        else:
            load_functions(project.functions)

    for check in (
        read_schemas,
        lambda: read_settings(os.environ, read_dotenv(project)),
        read_functions,
    ):
        try:
            check()
        except ProjectError as error:
            faults.extend(error.faults)
    if options.json:
        print(json.dumps({"faults": [asdict(fault) for fault in faults], "rules": rules}, indent=2))
    else:
        _print(faults, rules)
    return 1 if faults else 0


def _there(project: Project) -> dict[str, str]:
    """Return the SQL of what stands in the project's database, by name."""
    try:
        settings = read_settings(os.environ, read_dotenv(project))
    except ProjectError:
        return {}  # told by its own check
    return made_by_hand(project.database(settings.database_url))


def _print(faults: list[Fault], rules: list[dict[str, str]]) -> None:
    for fault in faults:
        print(fault)
    for rule in rules:
        print(f"{rule['table']:<20} {rule['action']:<7} {rule['judged']:<11} {rule['rule']}")
    print(f"{len(faults)} mistakes" if len(faults) != 1 else "1 mistake")
