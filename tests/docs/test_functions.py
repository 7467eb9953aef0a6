"""The page on functions is run as it stands, in a project with the tables that it names."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from tests.api.data_world import Serve, table

from jotbase.settings import settings_help
from jotbase.testing import TestBackend

PAGE = (Path(__file__).parents[2] / "docs" / "functions.md").read_text(encoding="utf-8")
COMPANIES = table({"name": {"type": "string"}})
JOBS = table(
    {
        "title": {"type": "string"},
        "company": {"type": "integer", "references": "companies.id"},
        "salary": {"type": "integer"},
        "published": {"type": "boolean"},
    }
)
APPLICATIONS = table(
    {
        "job": {"type": "integer", "references": "jobs.id"},
        "note": {"type": "string"},
        "by": {"type": "string"},
    }
)


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    tables = {"companies": COMPANIES, "jobs": JOBS, "applications": APPLICATIONS}
    backend = serve(tables, {"functions/__init__.py": code})
    backend.service.post("/companies", {"name": "Acme"})
    job = {"title": "Smith", "company": 1, "salary": 40_000, "published": True}
    backend.service.post("/jobs", job)
    return backend


def test_the_functions_do_what_the_page_says(backend: TestBackend) -> None:
    """A sum, rows that are read like their table, and a refusal that leaves nothing behind."""
    below = {"salary": "50000", "select": "title,companies(name)", "order": "title"}
    ada = backend.user("ada@example.com")

    assert backend.anonymous.rpc("add_them", {"a": 1, "b": 2}).json() == 3
    assert backend.anonymous.get("/rpc/jobs_below", below).json() == [
        {"title": "Smith", "companies": {"name": "Acme"}}
    ]
    assert backend.anonymous.rpc("apply", {"job": 1, "note": "x"}).status == 401
    assert ada.rpc("apply", {"job": 1, "note": "x"}).status == 204
    assert ada.rpc("apply", {"job": 9, "note": "x"}).json()["hint"] == "Look for another one."
    assert [row["by"] for row in ada.get("/applications").json()] == [ada.id]


def test_the_functions_of_a_row_do_what_the_page_says(backend: TestBackend) -> None:
    """A column that is read by name and ordered by, and a relation to embed."""
    asked = {"select": "id,full_title,similar(title)", "order": "full_title"}

    assert backend.anonymous.get("/jobs", asked).json() == [
        {"id": 1, "full_title": "Smith (1)", "similar": [{"title": "Smith"}]}
    ]


def test_the_views_do_what_the_page_says(backend: TestBackend) -> None:
    """The caller is known, a row is changed under its rules, and what is not there is not found."""
    ada = backend.user("ada@example.com")

    assert ada.function("me").json() == {"id": ada.id, "role": "authenticated"}
    assert backend.anonymous.function("me").json() == {"id": None, "role": "anon"}
    assert ada.function("jobs/1/close", "POST").json()["published"] is False
    assert ada.function("jobs/9/close", "POST").status == 404


def test_the_messages_do_what_the_page_says(
    backend: TestBackend, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is signed in may shout, with a line in the log."""
    caplog.set_level("INFO", "functions")
    ada = backend.user("ada@example.com")

    assert backend.anonymous.rpc("shout", {"room": "1", "text": "x"}).status == 401
    assert ada.rpc("shout", {"room": "1", "text": "x"}).status == 204
    assert [one.getMessage() for one in caplog.records if one.name == "functions"] == [
        "1 was shouted at"
    ]


def test_views_are_protected_as_the_page_says(
    backend: TestBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule, a schema, and a view that judges the token of a payment service itself."""
    ada, visitor = backend.user("ada@example.com"), backend.anonymous
    monkeypatch.setenv("PAYMENTS_SECRET", "Bearer of.payments")
    paying = {"authorization": "Bearer of.payments"}
    paid = visitor.request("POST", "/functions/v1/payments", headers=paying)

    assert visitor.function("jobs/1/apply", "POST", {"text": "x"}).status == 401
    assert ada.function("jobs/9/apply", "POST", {"text": "x"}).status == 403
    assert ada.function("jobs/1/apply", "POST", {}).json()["code"] == "23514"
    assert ada.function("jobs/1/apply", "POST", {"text": "x"}).status == 201
    assert (paid.json(), visitor.function("payments", "POST").status) == ({"received": True}, 401)


def test_uploads_and_streams_do_what_the_page_says(serve: Serve, backend: TestBackend) -> None:
    """A file is read from a form, and lines arrive in order."""
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--x--\r\n'
    )
    kind = [(b"content-type", b"multipart/form-data; boundary=x")]

    answer = serve.wire(backend).ask("POST", b"/functions/v1/upload", kind, form)

    assert json.loads(answer.body) == {"bytes": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    assert backend.anonymous.function("jobs.csv").text == "id,title\n1,Smith\n"


def test_every_setting_on_the_page_exists() -> None:
    """A name that is gone would be told at the next start only."""
    known = {name for name, _, _ in settings_help()}

    assert set(re.findall(r"JOTBASE_[A-Z_]+", PAGE)) - known == set()
