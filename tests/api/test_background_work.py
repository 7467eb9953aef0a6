"""Hooks after a commit, tasks and schedules, as the kit runs them: in order, again if failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.api.data_world import Serve, table

from jotbase.errors import ProjectError
from jotbase.testing import TestBackend

BERLIN = ZoneInfo("Europe/Berlin")
CODE = """
from jotbase.functions import Refusal, after, before, data, every, rpc, task


@after("insert", "jobs")
def noted(change):
    if change.new["title"] == "bad" and change.attempt < 3:
        raise RuntimeError("not yet")
    if change.new["title"] == "hopeless":
        raise RuntimeError("never")
    data().post("log", {"said": f"{change.action} {change.new['title']}", "key": change.key})


@after("update", "jobs")
def compared(change):
    data().post("log", {"said": f"{change.old['title']} -> {change.new['title']}"})


@after("delete", "jobs")
def missed(change):
    data().post("log", {"said": f"gone {change.old['title']}"})
    send.later("bye", delay=60)


@task(attempts=2)
def send(text, *, loud=False):
    if text == "fail":
        raise RuntimeError("no")
    data().post("log", {"said": text.upper() if loud else text})


@rpc
def invite(text: str, delay: int = 0, fails: bool = False) -> None:
    send.later(text, delay=delay, loud=True)
    if fails:
        raise Refusal("P0001", "No")


@rpc(reads=True)
def peek() -> None:
    send.later("never")


@task
def once(text):
    seen = data().get("log", {"said": f"eq.{text}"})
    data().post("log", {"said": text})
    if not seen:
        once.later("second", key="one")


@rpc
def debounced() -> None:
    once.later("first", key="one")
    once.later("other", key="one")


@task(attempts=1)
def stuck():
    while True:
        pass


@task(attempts=1)
def broken(text):
    if text == "bad":
        raise RuntimeError("no")
    data().post("log", {"said": text})


@rpc
def ask(what: str) -> None:
    if what == "stuck":
        stuck.later()
    else:
        broken.later(what, key="same")


@every("5m")
def tick():
    data().post("log", {"said": "tick"})
"""
SCHEMAS = {
    "jobs": table({"title": {"type": "string"}}),
    "log": table({"said": {"type": "string"}, "key": {"type": "string"}}),
}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve(SCHEMAS, {"functions/__init__.py": CODE})


def said(backend: TestBackend) -> list[str]:
    """Return what the hooks and tasks wrote so far."""
    rows: list[Any] = backend.service.request("GET", "/rest/v1/log", {"order": "id"}).json()
    return [one["said"] for one in rows]


def post(backend: TestBackend, *titles: str) -> None:
    backend.service.request("POST", "/rest/v1/jobs", None, [{"title": one} for one in titles])


def test_hooks_are_told_of_what_was_committed_in_its_order(backend: TestBackend) -> None:
    """Each change is told once, old and new, and only after its commit."""
    client = backend.service
    post(backend, "a", "b")
    assert said(backend) == []
    client.request("PATCH", "/rest/v1/jobs", {"title": "eq.a"}, {"title": "c"})
    client.request("DELETE", "/rest/v1/jobs", {"title": "eq.b"})
    refused = client.request("POST", "/rest/v1/jobs", None, [{"title": "x"}, {"title": 5}])
    assert refused.status == 400

    assert backend.run_tasks() > 0
    assert sorted(said(backend)) == ["a -> c", "gone b", "insert a", "insert b"]
    assert [one for one in said(backend) if one.startswith("insert")] == ["insert a", "insert b"]
    assert backend.run_tasks() == 0


def test_a_failing_hook_is_told_again_and_keeps_its_order(backend: TestBackend) -> None:
    """What comes behind a change that failed waits for it; delays double."""
    post(backend, "bad", "good")
    backend.run_tasks()
    assert said(backend) == []
    backend.clock.advance(1)
    backend.run_tasks()
    assert said(backend) == []
    backend.clock.advance(2)
    backend.run_tasks()
    assert said(backend) == ["insert bad", "insert good"]


def test_what_fails_for_good_lets_others_pass_and_can_be_seen(backend: TestBackend) -> None:
    """After its last attempt a change is among the dead letters, from which it can be revived."""
    post(backend, "hopeless", "good")
    for _ in range(8):
        backend.run_tasks()
        backend.clock.advance(3600)
    assert "insert good" in said(backend)
    (dead,) = backend.dead_tasks()
    assert dead.key.startswith("after-insert-jobs-noted/")
    assert (dead.attempts, dead.error) == (8, "RuntimeError: never")


def test_a_task_belongs_to_the_transaction_that_adds_it(backend: TestBackend) -> None:
    """A function that fails after `later` has added nothing; a delay is kept by the clock."""
    call = "/rest/v1/rpc/invite"
    backend.service.request("POST", call, None, {"text": "no", "fails": True})
    backend.service.request("POST", call, None, {"text": "now"})
    backend.service.request("POST", call, None, {"text": "then", "delay": 100})
    backend.run_tasks()
    assert said(backend) == ["NOW"]
    backend.clock.advance(101)
    backend.run_tasks()
    assert [one for one in said(backend) if one != "tick"] == ["NOW", "THEN"]


def test_a_schedule_is_kept(backend: TestBackend) -> None:
    """It is due at multiples of its interval, and once for all times that were missed."""
    assert said(backend) == []
    backend.clock.advance(301)
    backend.run_tasks()
    backend.clock.advance(3000)
    backend.run_tasks()
    backend.run_tasks()
    assert said(backend) == ["tick", "tick"]


def test_a_cron_expression_is_kept_in_its_zone(serve: Serve) -> None:
    """Nine o'clock in Berlin is eight in winter, and seven in summer."""
    code = (
        "from jotbase.functions import cron, data, now\n\n"
        '@cron("0 9 * * mon-fri", zone="Europe/Berlin")\n'
        "def morning():\n"
        '    data().post("log", {"said": now().isoformat(timespec="hours")})\n'
    )
    backend = serve(SCHEMAS, {"functions/__init__.py": code})
    started = backend.clock()
    for _ in range(24 * 7):
        backend.clock.advance(3600)
        backend.run_tasks()
    told = [datetime.fromisoformat(one).astimezone(BERLIN) for one in said(backend)]
    assert len(told) == 5
    assert {(one.hour, one.isoweekday() < 6) for one in told} == {(9, True)}
    assert backend.clock() == started + 7 * 24 * 3600


def call(backend: TestBackend, name: str, **arguments: Any) -> int:
    return backend.service.request("POST", f"/rest/v1/rpc/{name}", None, arguments).status


def test_a_key_names_one_task_that_waits(backend: TestBackend) -> None:
    """A second of the same key is not added; what runs already runs once more."""
    assert call(backend, "debounced") == 204
    backend.run_tasks()
    assert said(backend) == ["first", "first"]


def test_a_task_of_a_dead_one_s_key_replaces_it(backend: TestBackend) -> None:
    """What was given up keeps nobody from trying again."""
    call(backend, "ask", what="bad")
    backend.run_tasks()
    assert [one.error for one in backend.dead_tasks()] == ["RuntimeError: no"]
    call(backend, "ask", what="good")
    backend.run_tasks()
    assert (said(backend), backend.dead_tasks()) == (["good"], [])


def test_what_only_reads_adds_no_task(backend: TestBackend) -> None:
    """The code that asks for it learns that it is refused."""
    answer = backend.service.request("GET", "/rest/v1/rpc/peek")
    assert (answer.status, answer.json()["code"]) == (405, "25006")


def test_a_task_that_does_not_end_is_left_behind(serve: Serve) -> None:
    """It is given up after its time, and its threads are not missed by others."""
    files = {"functions/__init__.py": CODE}
    backend = serve(SCHEMAS, files, functions_timeout=200, functions_threads=1)
    call(backend, "ask", what="stuck")
    call(backend, "ask", what="good")
    backend.run_tasks()
    (dead,) = backend.dead_tasks()
    assert dead.error in ("it took longer than 0.2 s", "LeftBehind: ")
    assert said(backend) == ["good"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('@after("insert", "nowhere")\ndef f(c): pass', "f is a hook of no table: nowhere"),
        ('@after("upsert", "jobs")\ndef f(c): pass', "is none of insert, update, delete"),
        ('@after("insert", "jobs")\ndef f(): pass', "it takes one Change"),
        ('@every("soon")\ndef f(): pass', "is no interval"),
        ('@every("5m")\ndef f(x): pass', "it takes no argument"),
        ('@cron("0 9 * *")\ndef f(): pass', "is no cron expression"),
        ('@cron("0 9 * * *", zone="Mars/Base")\ndef f(): pass', "is no time zone"),
        ('@cron("0 9 * * *", zone="../etc")\ndef f(): pass', "is no time zone"),
    ],
)
def test_a_wrong_declaration_is_told_at_load(serve: Serve, code: str, reason: str) -> None:
    """A hook of no table, of other parameters, or an unreadable interval is a mistake."""
    text = f"from jotbase.functions import after, cron, every\n{code}\n"
    with pytest.raises(ProjectError) as told:
        serve(SCHEMAS, {"functions/__init__.py": text})
    assert reason in str(told.value)
