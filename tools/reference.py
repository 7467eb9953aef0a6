"""Write the pages of docs/reference that say what a table in the code says already.

In charge of: settings, commands, error codes, operators and advice as Markdown. `tests/docs` fails
when a page that is committed differs from what this makes. Must not know: how any of them works.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from jotbase.access.analysis.advice_codes import ADVICE
from jotbase.cli import COMMANDS, parser
from jotbase.error_codes import ACCOUNT_CODES, CHANNEL_CODES, CODES
from jotbase.expression.operators import OPERATORS
from jotbase.settings import settings_help

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- Made by `make docs` from {source}. Change it there. -->\n\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def settings() -> str:
    """Return the page of settings."""
    rows = (
        (f"`{name}`", f"`{default}`" if default else "", text)
        for name, default, text in settings_help()
    )
    return (
        "# Settings\n\n"
        + MADE.format(source="`settings/table.py`")
        + "All settings come from the environment and, in development, from the project's "
        "`.env`; the\n"
        "environment wins. An unknown or malformed one stops the start with its name. "
        "Secrets that are\n"
        "missing in development are made on the first start and kept in `.env` (mode 600); with\n"
        "`JOTBASE_ENV=production` they must be given.\n\n"
        + table(("variable", "default", "what it is"), rows)
    )


def commands() -> str:
    """Return the page of commands, each with its options."""
    rows = ((f"[`jotbase {name}`](#jotbase-{name})", line) for name, line in COMMANDS.items())
    return (
        "# Commands\n\n"
        + MADE.format(source="`cli.py` and `commands/`")
        + "A command works on the project in the current folder, or on `--project DIR`. "
        "`--help` lists\n"
        "its options; `--json`, where data is printed, prints one JSON object. Exit "
        "codes: 0 done, 1 the\n"
        "answer is no, 2 used wrongly.\n\n"
        + table(("command", "what it does"), rows)
        + "".join(map(command, COMMANDS))
    )


def command(name: str) -> str:
    """Return the section of one command."""
    subparsers = (
        action.choices
        for action in parser(name)._actions  # noqa: SLF001 - argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - as above
    )
    options = (
        action
        for action in next(subparsers)[name]._actions  # noqa: SLF001 - as above
        if not isinstance(action, argparse._HelpAction)  # noqa: SLF001 - as above
    )
    rows = ((f"`{usage(option)}`", option.help or "") for option in options)
    return f"\n## jotbase {name}\n\n" + table(("option", "what it does"), rows)


def usage(option: argparse.Action) -> str:
    """Return how an option is written: `--port PORT`, `URL`, `[FOLDER]`."""
    value = option.metavar or "|".join(option.choices or ()) or option.dest.upper()
    if not option.option_strings:
        return f"[{value}]" if option.nargs == "?" else str(value)
    name = option.option_strings[0]
    return name if option.nargs == 0 else f"{name} {value}"


def errors() -> str:
    """Return the page of error codes."""
    rows = ((f"`{code}`", str(row.status), row.meaning) for code, row in sorted(CODES.items()))
    accounts = ((f"`{code}`", meaning) for code, meaning in sorted(ACCOUNT_CODES.items()))
    channels = ((f"`{code}`", meaning) for code, meaning in sorted(CHANNEL_CODES.items()))
    return (
        "# Error codes\n\n" + MADE.format(source="`error_codes.py`") + "## The data API\n\n"
        "An error is JSON with `code`, `message`, `details` and `hint`. Codes are "
        "PostgREST's (`PGRST…`)\n"
        "and PostgreSQL's. `42501` answers 401 to a caller who has not said who they are.\n\n"
        + table(("code", "status", "when"), rows)
        + "\n## Accounts\n\n"
        "An error is JSON in GoTrue's shape: the code stands in `error_code`, or in `code` for "
        "clients\n"
        "that send `X-Supabase-Api-Version`, and in the header `x-sb-error-code`. The status is "
        "the HTTP\n"
        "answer's.\n\n" + table(("code", "when"), accounts) + "\n## Realtime\n\n"
        "The reason of a refused join, and the message of a channel that is closed, begin with "
        "the code.\n\n" + table(("code", "when"), channels)
    )


def operators() -> str:
    """Return the page of operators."""
    url = [row for row in OPERATORS.values() if row.url]
    rules = [row for row in OPERATORS.values() if not row.url]
    return (
        "# Operators\n\n"
        + MADE.format(source="`expression/operators.py`")
        + "In a URL, `column=operator.value`, or `column=not.operator.value`. One table "
        "gives their SQL,\n"
        "their reading in Python (by which realtime judges rows), and this page.\n\n"
        + table(("operator", "true when the column"), ((f"`{row.name}`", row.doc) for row in url))
        + "\nWhat access rules use besides:\n\n"
        + table(("function", "meaning"), ((f"`{row.name}`", row.doc) for row in rules))
    )


def advice() -> str:
    """Return the page of advice."""
    rows = ((f"`{code}`", when, what) for code, (when, what) in sorted(ADVICE.items()))
    return (
        "# Advice\n\n"
        + MADE.format(source="`access/analysis/advice_codes.py`")
        + "`jotbase check` tells what is allowed and may not be meant, each piece with a code. "
        "Nothing is refused\nfor it, and the exit code stays 0; with `--strict` it is 1. What is "
        "meant is said in the table's file, with\nthe reason:\n\n```json\n"
        '"acknowledges": {"anonymous-write": "a guestbook: visitors sign it"}\n```\n\n'
        + "Where it cannot be told without rows whether a rule lets somebody through, `check` "
        "takes it that it does.\n\n" + table(("code", "given when", "where it is not meant"), rows)
    )


def pages() -> dict[str, str]:
    """Return the text of each page by its file's name."""
    return {
        "settings.md": settings(),
        "commands.md": commands(),
        "errors.md": errors(),
        "operators.md": operators(),
        "advice.md": advice(),
    }


def main() -> int:
    """Write the pages."""
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
