"""`jotbase`: dispatches to a command and maps its errors to an exit code.

In charge of the list of commands and of exit codes (0 success, 1 the check or operation failed, 2
usage error). Must not know what a command does; its module is imported only when it is called.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence

from jotbase import __version__
from jotbase.errors import JotError, ProjectError

#: Command name to its line of help; `jotbase.commands.<name>` is its module.
COMMANDS = {
    "init": "make a new project, empty or from an example",
    "serve": "serve the project's API, realtime, functions and pages",
    "seed": "load the rows of seeds/ through the same checks as any write",
    "check": "check schemas, rules and settings, and list every mistake",
    "pull": "make schema files of the tables of a database that is there already",
    "keys": "show or make the project's keys",
    "token": "sign a token to try the API as somebody",
    "explain": "show the SQL of a request, the rule in it, and its plan",
}

#: Objects made until the collector looks at them, while a command loads what it needs: almost all
#: of them stay, so each look is for nothing. A server sets its own once it has started.
LOADING = 100_000


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the argument parser with all commands, but the arguments of `command` alone."""
    top = argparse.ArgumentParser(
        prog="jotbase", description="JSON Schemas in, a secure realtime backend out."
    )
    top.add_argument("--version", action="version", version=f"jotbase {__version__}")
    commands = top.add_subparsers(dest="command", metavar="command", required=True)
    for name, line in COMMANDS.items():
        sub = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name != "init":
            sub.add_argument(
                "--project", metavar="DIR", default=".", help="the project's folder (default: here)"
            )
        if name == command:
            module = importlib.import_module(f"jotbase.commands.{name}")
            module.arguments(sub)
            sub.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    gc.set_threshold(LOADING)
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in given if word in COMMANDS), None)
    options = parser(command).parse_args(given)
    try:
        return int(options.run(options))
    except ProjectError as error:
        for fault in error.faults:
            print(f"jotbase: {fault}", file=sys.stderr)
        return 1
    except JotError as error:
        hint = f"\n    hint: {error.hint}" if error.hint else ""
        print(f"jotbase: {error.message} ({error.code}){hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
