"""The data API's root is its OpenAPI document, of what the caller may see."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.process.server import NOTES, write_project

from jotbase.testing.backend import TestBackend, make_template
from jotbase.testing.wire import LoopThread


@pytest.fixture
def backend(tmp_path: Path) -> TestBackend:
    """A backend with open notes, and a table that nobody but the server may use."""
    secret = {**NOTES, "access": {}}
    write_project(tmp_path, {"notes": NOTES, "secrets": secret})
    threads = LoopThread()
    return TestBackend(make_template(tmp_path, threads), threads)


def test_a_visitor_is_told_of_what_rules_let_through(backend: TestBackend) -> None:
    """Tables without rules are the service role's alone, in the document too."""
    visitor = backend.anonymous.request("GET", "/rest/v1/")
    server = backend.service.request("GET", "/rest/v1/")

    assert visitor.status == server.status == 200
    assert visitor.json()["openapi"].startswith("3.1")
    assert "/notes" in visitor.json()["paths"]
    assert "/secrets" not in visitor.json()["paths"]
    assert "/secrets" in server.json()["paths"]


def test_the_page_that_draws_it_is_served(backend: TestBackend) -> None:
    """`/docs` is a page of the server's own, which may load nothing from elsewhere."""
    page = backend.anonymous.request("GET", "/docs")

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
