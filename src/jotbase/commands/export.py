"""`jotbase export`: writes the project as SQL that a Supabase project takes.

In charge of where the script goes. Must not know what is in it (`exporting.script`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from jotbase.exporting.script import exported
from jotbase.project.data import read_definition
from jotbase.project.folder import find_project


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--out", metavar="FILE", help="write to a file (default: print)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Write the script; tell on standard error what of the project it does not hold."""
    definition = read_definition(find_project(options.project))
    script = exported(definition.model, definition.policy)
    if options.out:
        Path(options.out).write_text(script.sql, encoding="utf-8")
    if options.json:
        print(json.dumps({"sql": script.sql, "notes": list(script.notes)}, indent=2))
        return 0
    if not options.out:
        print(script.sql, end="")
    for note in script.notes:
        print(f"not exported: {note}", file=sys.stderr)
    return 0
