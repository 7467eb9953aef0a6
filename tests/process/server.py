"""A running `jotbase serve`, started as a child process and known to be ready by what it prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

#: How the command is run.
JOTBASE = (sys.executable, "-m", "jotbase")


@dataclass(frozen=True)
class Served:
    """One running server: its process, its URL and its keys."""

    process: subprocess.Popen[str]
    project: Path
    url: str
    keys: dict[str, str]

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request with the publishable key and return the parsed answer."""
        sent = {"apikey": self.keys["publishable_key"], "content-type": "application/json"}
        if token:
            sent["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, {**sent, **(headers or {})}, method=method)
        with urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def command(
    *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one `jotbase` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "jotbase", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean_environment(), **(env or {})},
        check=False,
    )


def clean_environment() -> dict[str, str]:
    """Return the environment without any setting of Jotbase."""
    return {key: value for key, value in os.environ.items() if not key.startswith("JOTBASE_")}


def start(
    project: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    merged: bool = False,
    through: Sequence[str] = JOTBASE,
) -> Served:
    """Start the server on a free port and wait until it says that it is ready.

    `merged` puts what it complains of among what it prints; `through` is another way to run it.
    """
    process = subprocess.Popen(
        [
            *(*through, "serve"),
            *("--project", str(project), "--port", "0", *arguments),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else None,
        text=True,
        env={**clean_environment(), **(env or {})},
    )
    assert process.stdout is not None
    url = ""
    for line in process.stdout:
        if line.strip().startswith("API"):
            url = line.split()[1].removesuffix("/rest/v1/")
        if line.startswith("Keys for servers"):
            break
    if not url:
        process.kill()
        raise AssertionError(f"the server did not start; exit code {process.wait(20)}")
    keys = json.loads(command("keys", "--json", "--project", str(project), env=env).stdout)
    return Served(process, project, url, keys)


@contextmanager
def serving(
    project: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    merged: bool = False,
    through: Sequence[str] = JOTBASE,
) -> Iterator[Served]:
    """Serve a project while the block runs."""
    served = start(project, *arguments, env=env, merged=merged, through=through)
    try:
        yield served
    finally:
        served.process.terminate()
        try:
            served.process.wait(20)
        except subprocess.TimeoutExpired:
            served.process.kill()
        if served.process.stdout is not None:
            served.process.stdout.close()


def write_project(folder: Path, schemas: Mapping[str, Any], **files: str) -> Path:
    """Write a project of those schemas, and other files by their path."""
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    for name, schema in schemas.items():
        (folder / "schemas" / f"{name}.json").write_text(json.dumps(schema))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


NOTES: dict[str, Any] = {
    "$schema": "https://jotbase.dev/schema/table/v1",
    "type": "object",
    "properties": {
        "id": {"type": "integer", "identity": True, "readOnly": True},
        "text": {"type": "string", "minLength": 1},
        "author": {
            "type": ["string", "null"],
            "format": "uuid",
            "references": "auth.users.id",
            "defaultExpression": "user.id",
        },
    },
    "required": ["text"],
    "additionalProperties": False,
    "primaryKey": ["id"],
    "access": {
        "select": "row.author == user.id",
        "insert": "new.author == user.id",
        "update": "row.author == user.id",
        "delete": "row.author == user.id",
    },
    "realtime": True,
}
