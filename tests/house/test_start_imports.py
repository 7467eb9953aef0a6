"""What `jotbase serve` does not need to answer is not loaded when it starts."""

import json
import subprocess
import sys

#: Libraries and rooms that wait until something asks for them, and what does.
LATER = {
    "argon2": "passwords",
    "click": "uvicorn's command line",
    "dotenv": "a project with an .env",
    "flask": "functions of a project",
    "jotbase.http.accounts.routes": "accounts, right after the start",
    "jotbase.query.openapi.document": "the OpenAPI document",
    "jotbase.schema.pulling": "`jotbase pull`",
    "jotbase.testing": "tests",
    "multiprocessing": "uvicorn's worker processes",
    "smtplib": "mail",
    "uvicorn.main": "uvicorn's command line",
    "werkzeug": "functions of a project",
}
LOADING = """
import json, sys
import jotbase.commands.serve
from jotbase.http.server import process
print(json.dumps(sorted(sys.modules)))
"""


def test_serving_loads_nothing_that_can_wait() -> None:
    """None of these modules is loaded by what a start imports."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, check=True, timeout=60
    )

    assert set(LATER) & set(json.loads(done.stdout)) == set()


def test_uvicorn_is_whole_for_those_who_ask() -> None:
    """The package that was put off gives its names, its version and its command line."""
    asking = (
        "import jotbase.http, sys, uvicorn\n"
        "from uvicorn import Config, Server\n"
        "print('uvicorn.main' in sys.modules, callable(uvicorn.run), uvicorn.__version__[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "False True 0\n"
