"""`jotbase types`: writes the project's types for clients, or says that a file is out of date.

In charge of reading the project and of the file. Must not know what the types look like
(`client_types`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jotbase.client_types.python import python
from jotbase.client_types.relations import described
from jotbase.client_types.typescript import typescript
from jotbase.errors import Fault, ProjectError
from jotbase.functions.loading import described as described_fields
from jotbase.functions.loading import load_for
from jotbase.project.data import read_definition
from jotbase.project.database_views import with_views_of_files
from jotbase.project.environment import DotenvVariables
from jotbase.project.folder import dialect_of
from jotbase.query.plan.computed import with_computed
from jotbase.startup.loading import load_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--lang", required=True, choices=("typescript", "python"), help="the language"
    )
    parser.add_argument(
        "--style",
        default="typeddict",
        choices=("typeddict", "pydantic"),
        help="what rows are in Python (default: typeddict)",
    )
    parser.add_argument("--out", metavar="FILE", help="write this file (default: print)")
    parser.add_argument(
        "--check", metavar="FILE", help="exit with 1 where the file is not what would be written"
    )


def run(options: argparse.Namespace) -> int:
    """Print or write the types, or compare them with a file: exit code 1 where they differ."""
    project, settings = load_settings(options.project)
    definition = read_definition(project, dialect=dialect_of(settings.database_url))
    model = with_views_of_files(definition.model)
    DotenvVariables(project).apply()
    loaded = load_for(project.functions, model)
    model = with_computed(model, described_fields(loaded.computed))
    found = described(model, loaded.functions)
    made = typescript(found) if options.lang == "typescript" else python(found, options.style)
    if options.check is not None:
        return _compared(Path(options.check), made)
    if options.out is None:
        sys.stdout.write(made)
        return 0
    Path(options.out).write_text(made, encoding="utf-8")
    return 0


def _compared(file: Path, made: str) -> int:
    try:
        held = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ProjectError([Fault(str(file), "", f"unreadable: {error.strerror}")]) from None
    if held == made:
        return 0
    print(f"{file} is out of date: write it again with --out", file=sys.stderr)
    return 1
