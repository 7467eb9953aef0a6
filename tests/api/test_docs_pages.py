"""The pages that come with the server: `/docs` and what it loads, and nothing from elsewhere."""

import asyncio
import re

import pytest

from jotbase.http.edge.studio import FOLDER, studio_pages
from jotbase.values import Request, Response

PAGES = studio_pages()


def ask(path: str, method: str = "GET", **headers: str) -> Response:
    """Ask a page."""
    return asyncio.run(_ask(path, method, headers))


async def _ask(path: str, method: str, headers: dict[str, str]) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await PAGES[path](Request(method, path, headers=named))


def test_the_page_may_load_nothing_from_elsewhere() -> None:
    """Its policy allows its own files alone."""
    response = ask("/docs")

    assert response.status == 200
    assert response.header("Content-Type") == "text/html; charset=utf-8"
    policy = response.header("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_every_file_is_served_and_every_path_has_its_file() -> None:
    """What a page imports is among the paths."""
    files = {path.name for path in FOLDER.iterdir() if path.is_file()}
    asked = {
        name
        for path in FOLDER.glob("*.[hj]*")
        for name in re.findall(r'"(?:/docs|\.)/([\w.]+)"', path.read_text(encoding="utf-8"))
    }

    assert asked <= {path.removeprefix("/docs/") for path in PAGES}
    files_of_realtime = {"follow.js"}
    assert files == files_of_realtime | {
        "docs.html",
        "docs.css",
        "docs.js",
        "examples.js",
        "schemas.js",
    }
    assert all(ask(path).body for path in PAGES)


def test_no_file_names_another_site_to_load_from() -> None:
    """An address in a script is an example's, never a fetch."""
    for path in FOLDER.glob("*.[hcj]*"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r'(?:src|href|fetch|import|url)[=( ]+"?https?:', text) == []


def test_a_known_file_is_not_sent_again() -> None:
    """The ETag changes with the file alone."""
    tag = ask("/docs/docs.js").header("ETag") or ""

    assert ask("/docs/docs.js", if_none_match=tag).status == 304
    assert ask("/docs/docs.js", if_none_match=tag).body == b""


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_page_can_only_be_read(method: str) -> None:
    """Other methods are refused."""
    assert ask("/docs", method).status == 405
