"""A whole backend in process, made of schemas that the test itself writes down.

In charge of making one from dicts, of asking it as a client would, down to raw bytes, and of the
shape that every refusal has. Must not know any table.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from jotbase.http.edge.asgi import Application, Scope
from jotbase.testing.backend import Template, TestBackend, make_template
from jotbase.testing.wire import LoopThread, call
from jotbase.values import Response

Schema = dict[str, Any]
Pairs = Sequence[tuple[bytes, bytes]]
OPEN = dict.fromkeys(("select", "insert", "update", "delete"), "True")
KEYED = {"id": {"type": "integer", "identity": True}}


def table(columns: Schema, **more: Any) -> Schema:
    """Return a table's schema that any caller may use, with `id` before the columns given."""
    schema = {"type": "object", "properties": KEYED | columns, "primaryKey": ["id"], "access": OPEN}
    return schema | more


@dataclass(frozen=True, slots=True)
class Wire:
    """A backend's ASGI application, asked in bytes that no honest client would write."""

    application: Application
    threads: LoopThread

    def ask(self, method: str, target: bytes, headers: Pairs = (), body: bytes = b"") -> Response:
        """Send a request line, headers and body as they are; return the whole answer."""
        return self.threads.run(call(self.application, _scope(method, target, headers), body))


def _scope(method: str, target: bytes, headers: Pairs) -> Scope:
    path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
        "extensions": {},
        "client": ("127.0.0.1", 1),
        "server": ("backend.test", 80),
        "scheme": "http",
        "root_path": "",
    }


class Serve:
    """Makes backends of schemas, each with its own database; equal projects are read once."""

    def __init__(self, threads: LoopThread, folder: Callable[[], Path]) -> None:
        self.threads = threads
        self._folder = folder
        self._templates: dict[bytes, Template] = {}
        self._open: list[TestBackend] = []

    def __call__(
        self,
        tables: Mapping[str, Schema],
        files: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> TestBackend:
        """Return a backend of the tables; `files` are more of the project's files, by path."""
        template = self.template(tables, files)
        template = replace(template, settings=replace(template.settings, **settings))
        self._open.append(TestBackend(template, self.threads))
        return self._open[-1]

    def template(
        self, tables: Mapping[str, Schema], files: Mapping[str, str] | None = None
    ) -> Template:
        """Return what all backends of these tables and files are made of."""
        texts = {f"schemas/{name}.json": orjson.dumps(one).decode() for name, one in tables.items()}
        texts |= files or {}
        key = orjson.dumps([os.environ.get("JOTBASE_DATABASE_URL"), texts])
        if key not in self._templates:
            self._templates[key] = make_template(_written(self._folder(), texts), self.threads)
        return self._templates[key]

    def wire(self, backend: TestBackend) -> Wire:
        """Return the way to ask a backend in bytes."""
        return Wire(backend._application, self.threads)

    def close(self) -> None:
        """Stop what this test opened."""
        while self._open:
            self._open.pop().close()


def _written(folder: Path, texts: Mapping[str, str]) -> Path:
    (folder / "schemas").mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def refused(answer: Any, status: int, code: str) -> Any:
    """Return the body of an answer that must be a refusal of that status and code."""
    body = orjson.loads(answer.body)
    assert (answer.status, body["code"]) == (status, code), body
    assert body.keys() == {"code", "details", "hint", "message"}
    return body
