"""What code of functions/ has besides data: the clock, variables of `.env`, a log with requests."""

from __future__ import annotations

import logging
import os
from typing import Any

import pytest
from tests.api.data_world import Serve, table

CODE = """
import logging
import os

from flask import Flask, request
from jotbase.functions import before, now, request_id, rpc

app = Flask(__name__)
log = logging.getLogger(__name__)
AT_LOAD = os.environ.get("GREETING")


@app.get("/now")
def at():
    return {"now": now().isoformat()}


@app.get("/variables")
def variables():
    names = ("GREETING", "FROM_OUTSIDE", "JOTBASE_SECRET", "JOTBASE_MAX_ROWS")
    return {"at_load": AT_LOAD, **{name: os.environ.get(name) for name in names}}


@app.get("/log")
def write():
    app.logger.warning("a view says %s", request.args["say"])
    return {"id": request_id()}


@rpc
def moment() -> str:
    log.warning("a function says hello")
    return now().isoformat()


@before("insert", "notes")
def stamp(row):
    log.warning("a hook says hello")
    return row | {"text": now().isoformat()}
"""
DOTENV = 'GREETING="good morning"\nFROM_OUTSIDE=dotenv\nJOTBASE_MAX_ROWS=7\n'
NOTES = table({"text": {"type": "string"}})


def test_the_clock_is_the_backends(serve: Serve) -> None:
    """Views, functions and hooks read the same clock, in UTC, which a test sets."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": CODE})
    backend.clock.now = 1_780_000_000.5
    user = backend.anonymous

    told = "2026-05-28T20:26:40.500000+00:00"
    assert user.function("now").json() == {"now": told}
    assert user.rpc("moment").json() == told
    assert user.post("/notes", {}).json()[0]["text"] == told
    backend.clock.advance(1)
    assert user.rpc("moment").json() == "2026-05-28T20:26:41.500000+00:00"


def test_variables_of_dotenv_reach_the_environment(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the code loads; the environment's own win, settings stay, and all ends with it."""
    monkeypatch.setenv("FROM_OUTSIDE", "environment")
    backend = serve({"notes": NOTES}, {"functions/__init__.py": CODE, ".env": DOTENV})

    told = backend.anonymous.function("variables").json()
    assert told == {
        "at_load": "good morning",
        "GREETING": "good morning",
        "FROM_OUTSIDE": "environment",
        "JOTBASE_SECRET": None,
        "JOTBASE_MAX_ROWS": None,
    }
    serve.close()
    assert ("GREETING" in os.environ, os.environ["FROM_OUTSIDE"]) == (False, "environment")


def test_log_records_tell_their_request(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """The client's `X-Request-Id`, or one of our own, in views, functions and hooks."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": CODE})
    user = backend.anonymous
    user.request("GET", "/functions/v1/log", {"say": "hi"}, headers={"x-request-id": "abc-1"})
    user.rpc("moment", x_request_id="abc-1")
    user.post("/notes", {}, x_request_id="abc-1")

    found = [one for one in caplog.records if one.name == "functions"]
    assert [(one.getMessage(), getattr(one, "request_id", None)) for one in found] == [
        ("a view says hi", "abc-1"),
        ("a function says hello", "abc-1"),
        ("a hook says hello", "abc-1"),
    ]
    own: Any = user.request("GET", "/functions/v1/log", {"say": "hi"}).json()["id"]
    assert len(own) == 16
    assert getattr(caplog.records[-1], "request_id", None) == own


@pytest.mark.parametrize("sent", ["a" * 201, "a\tb", "é", " "])
def test_an_unfit_id_is_replaced(serve: Serve, sent: str) -> None:
    """What would not fit on a line of a log is no id."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": CODE})
    headers = {"x-request-id": sent}
    answer = backend.anonymous.request("GET", "/functions/v1/log", {"say": "x"}, headers=headers)
    assert len(answer.json()["id"]) == 16


def test_outside_of_a_request_there_is_none() -> None:
    """A log line of the server itself, or of code that loads, names no request."""
    record = logging.getLogRecordFactory()("functions", 30, "", 0, "x", None, None)
    assert getattr(record, "request_id", "") == ""
