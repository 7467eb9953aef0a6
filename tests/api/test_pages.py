"""What is served at /: the project's public files, and nothing else of its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.api.data_world import Serve, Wire, table

from jotbase.engines.sqlite.write.write_transactions import WriteTransactions
from jotbase.testing import TestBackend

FILES = {
    "public/index.html": "<h1>home</h1>",
    "public/app.js": "export const answer = 42;",
    "public/sub/index.html": "<h1>sub</h1>",
    "public/sub/page.html": "<h1>page</h1>",
    "public/.well-known/security.txt": "Contact: mailto:security@example.com",
    "public/.env": "JOTBASE_JWT_SECRET=inside",
    "public/.git/config": "[core]",
    "publicly.txt": "beside",
    ".env": "JOTBASE_JWT_SECRET=outside",
    "data/jotbase.db": "rows",
}
NOTHING = {"message": "There is nothing at this path"}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"notes": table({"text": {"type": "string"}})}, FILES)


@pytest.fixture
def wire(serve: Serve, backend: TestBackend) -> Wire:
    return serve.wire(backend)


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        (b"/", "text/html; charset=utf-8", b"<h1>home</h1>"),
        (b"/index.html", "text/html; charset=utf-8", b"<h1>home</h1>"),
        (b"/app.js", "text/javascript; charset=utf-8", b"export const answer = 42;"),
        (b"/sub/", "text/html; charset=utf-8", b"<h1>sub</h1>"),
        (b"/sub/page.html?x=1", "text/html; charset=utf-8", b"<h1>page</h1>"),
    ],
)
def test_public_files_are_served(wire: Wire, path: bytes, kind: str, body: bytes) -> None:
    """With their type; a browser is to ask each time whether they changed."""
    answer = wire.ask("GET", path)

    assert (answer.status, answer.header("content-type"), answer.body) == (200, kind, body)
    assert answer.header("cache-control") == "no-cache"
    again = wire.ask("GET", path, [(b"if-none-match", (answer.header("etag") or "").encode())])
    assert (again.status, again.body) == (304, b"")


def test_well_known_files_are_served(wire: Wire) -> None:
    """Of all names that begin with a dot, this one is meant to be found (RFC 8615)."""
    assert wire.ask("GET", b"/.well-known/security.txt").status == 200


@pytest.mark.parametrize(
    "path",
    [
        b"/.env",
        b"/../.env",
        b"/..%2f.env",
        b"/%2e%2e/.env",
        b"/%2e%2e%2f.env",
        b"/%252e%252e/.env",
        b"/..%5c.env",
        b"/..\\.env",
        b"/sub/../../.env",
        b"/sub/..%2f..%2f.env",
        b"/./.env",
        b"/.git/config",
        b"/%2egit/config",
        b"/../publicly.txt",
        b"/..%2fpublicly.txt",
        b"/../publicly.txt/",
        b"/../data/jotbase.db",
        b"/../schemas/notes.json",
        b"/schemas/notes.json",
        b"/data/jotbase.db",
        b"//etc/passwd",
        b"/%2fetc/passwd",
        b"/%00",
        b"/index.html%00.txt",
        b"/\xff",
        b"/%ff",
        b"/" + b"a" * 5000,
        b"/" + b"a/" * 3000,
        b"/C:/windows",
        b"*",
    ],
)
def test_nothing_beside_the_public_folder_is_served(wire: Wire, path: bytes) -> None:
    """However the way out is spelt, and nothing inside that a dot hides."""
    for method in ("GET", "HEAD"):
        answer = wire.ask(method, path)
        assert answer.status == 404
        assert answer.body in (b"", json.dumps(NOTHING, separators=(",", ":")).encode())


def test_a_link_out_of_the_public_folder_is_not_followed(
    serve: Serve, backend: TestBackend, wire: Wire
) -> None:
    """A symbolic link is a way out, too."""
    folder: Path = backend._backend.project.public
    (folder / "out.txt").symlink_to(folder.parent / ".env")

    assert wire.ask("GET", b"/out.txt").status == 404


@pytest.mark.parametrize("path", [b"/index.html", b"/health", b"/config.json", b"/schema/table/v1"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_page_can_only_be_read(wire: Wire, path: bytes, method: str) -> None:
    """405 says with what."""
    answer = wire.ask(method, path, (), b"{}")

    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD")
    assert json.loads(answer.body) == {"message": "This path can only be read"}


def test_a_page_finds_the_api_and_no_secret(backend: TestBackend) -> None:
    """`/config.json` holds the URL and the publishable key, which is one that works."""
    told = backend.anonymous.request("GET", "/config.json").json()

    assert told == {"url": "http://backend.test", "publishable_key": backend.anonymous.key}


def test_health_answers_at_once(wire: Wire) -> None:
    """For whatever watches the process."""
    answer = wire.ask("GET", b"/health")

    assert (answer.status, answer.body) == (200, b'{"status":"ok","changes_behind":0}')
    assert answer.header("cache-control") == "no-store"


def test_health_tells_what_is_wrong(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and the fault, while the database cannot be used."""
    fault = "the database file was moved or replaced while the server has it open"
    monkeypatch.setattr(WriteTransactions, "unavailable_reason", lambda self: fault)
    answer = wire.ask("GET", b"/health")

    assert answer.status == 503
    assert json.loads(answer.body) == {"status": "error", "message": fault}


def test_without_a_public_folder_there_is_nothing(serve: Serve) -> None:
    """A project need not have a page."""
    wire = serve.wire(serve({"notes": table({"text": {"type": "string"}})}))

    assert wire.ask("GET", b"/").status == 404
