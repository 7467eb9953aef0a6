"""`jotbase`: dispatches to a command and maps its errors to an exit code.

In charge of the list of commands and of exit codes (0 success, 1 the check or operation failed, 2
usage error). Must not know what a command does; its module is imported only when it is called.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import re
import sys
from collections.abc import Iterable, Sequence

from jotbase import __version__
from jotbase.errors import JotError, ProjectError

#: Command name to its line of help; `jotbase.commands.<name>` is its module.
COMMANDS = {
    "init": "make a new project, empty or from an example",
    "serve": "serve the project's API, realtime, functions and pages",
    "seed": "load the rows of seeds/ through the same checks as any write",
    "migrate": "show what would change in the database, and change it",
    "check": "check schemas, rules and settings, and list every mistake",
    "pull": "make schema files of the tables of a database that is there already",
    "copy": "move rows and accounts from SQLite into a PostgreSQL database",
    "export": "write the project as SQL with row-level security, as Supabase takes it",
    "types": "write the project's types for clients in TypeScript or Python",
    "users": "list, make, ban, delete and move users; end their sessions; read the audit log",
    "tasks": "list background work; run what was given up again, or delete it",
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
            sub.set_defaults(run=module.run, usage=sub.format_usage)
    return top


def _misread(given: Sequence[str], command: str | None) -> tuple[str, str] | None:
    """Return what is wrong with the words before the command, and a hint; None if nothing is."""
    first = next(iter(given), None)
    if first is None or first in COMMANDS or first in ("-h", "--help", "--version"):
        return None
    if first.startswith("-"):
        words = list(given)
        shown = command or "serve"
        if command is not None:
            words.remove(command)
        return f"{first} stands before the command", f"jotbase {shown} {' '.join(words)}"
    return f"{first!r} is no command", _nearest(first, COMMANDS) or f"one of {', '.join(COMMANDS)}"


def _unknown(rest: Sequence[str], command: str, usage: str) -> tuple[str, str]:
    """Return which argument the command does not take, and a hint."""
    word = rest[0].partition("=")[0]
    options = re.findall(r"--[a-z-]+", usage)
    if not word.startswith("-") and "--project" in options:
        return f"{command} takes no {word!r}", f"jotbase {command} --project {word}"
    shown = ", ".join(options) or "--help"
    return f"{command} has no {word}", _nearest(word, options) or f"it has {shown}"


def _nearest(word: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # only for a mistake

    close = get_close_matches(word.lower(), list(known), n=1)
    return f"perhaps you meant {close[0]}" if close else None


def _refuse(reason: str, hint: str) -> int:
    print(f"jotbase: {reason}\n    hint: {hint}", file=sys.stderr)
    return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    gc.set_threshold(LOADING)
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in given if word in COMMANDS), None)
    if wrong := _misread(given, command):
        return _refuse(*wrong)
    options, rest = parser(command).parse_known_args(given)
    if rest:
        return _refuse(*_unknown(rest, options.command, options.usage()))
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
