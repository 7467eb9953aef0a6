"""`@requires`, `@accepts` and `@unverified` on views: who may call, with what, by which token."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.errors import ProjectError
from jotbase.testing import TestBackend

CODE = """
from uuid import UUID

from flask import Blueprint, Flask, request
from flask.views import MethodView
from jotbase.functions import accepts, caller, requires, unverified

app = Flask(__name__)
more = Blueprint("more", __name__, url_prefix="/more")
IN = "any(m.room == args.room and m.user == user.id for m in members)"


@app.get("/signed-in")
@requires("user.id is not None")
def signed_in():
    return {"id": caller().id}


@app.get("/rooms/<int:room>")
@requires(IN)
async def room(room: int):
    return {"room": room}


@app.get("/own/<who>")
@requires("args.who == user.id")
def own(who: UUID):
    return {"who": str(who)}


@app.post("/jobs")
@requires("user.id is not None")
@accepts({
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": 5}, "pay": {"minimum": 1}},
    "required": ["title"],
    "additionalProperties": False,
})
def jobs():
    return request.get_json()


class Things(MethodView):
    @requires("user.id is not None")
    def get(self):
        return {"things": []}


app.add_url_rule("/things", view_func=Things.as_view("things"))


@more.before_request
@requires("user.id is not None")
def guard():
    return None


@more.get("/a")
def more_a():
    return {"a": 1}


app.register_blueprint(more)


@app.route("/hook/<kind>", methods=["GET", "POST"])
@unverified
def hook(kind):
    return {"kind": kind, "role": caller().role, "told": request.headers.get("authorization")}


@app.get("/hook/safe")
def safe():
    return {"role": caller().role}
"""
COLUMNS = {"room": {"type": "integer"}, "user": {"type": "string", "format": "uuid"}}
SCHEMAS = {"members": table(COLUMNS)}
FOREIGN = {"authorization": "Bearer whsec.of.somebody"}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve(SCHEMAS, {"functions/__init__.py": CODE})


def ask(backend: TestBackend, path: str, **headers: str) -> Any:
    """Ask a view with these headers alone."""
    return backend.anonymous.request("GET", f"/functions/v1/{path}", headers=headers)


def test_a_rule_is_held_before_the_view_runs(backend: TestBackend) -> None:
    """401 for a visitor, as REST says it; the service role passes all rules."""
    ada = backend.user()
    answer = backend.anonymous.function("signed-in")

    told = refused(answer, 401, "42501")
    assert told["message"] == "permission denied for function signed_in"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert ada.function("signed-in").json() == {"id": ada.id}
    assert backend.service.function("signed-in").status == 200


def test_a_rule_reads_tables_and_the_views_arguments(backend: TestBackend) -> None:
    """Members of the room come in, others do not, also with `async def`."""
    ada, ben = backend.user(), backend.user()
    backend.service.post("/members", {"room": 7, "user": ada.id})

    assert ada.function("rooms/7").json() == {"room": 7}
    refused(ada.function("rooms/8"), 403, "42501")
    refused(ben.function("rooms/7"), 403, "42501")
    refused(backend.anonymous.function("rooms/7"), 401, "42501")


def test_an_argument_is_of_its_annotations_type(backend: TestBackend) -> None:
    """What cannot be read as that type fulfils no rule."""
    ada = backend.user()

    assert ada.function(f"own/{str(ada.id).upper()}").status == 200
    refused(ada.function("own/ada"), 403, "42501")


def test_rules_hold_on_method_views_and_before_requests(backend: TestBackend) -> None:
    """A method of a class, and a whole blueprint."""
    ada = backend.user()
    for path in ("things", "more/a"):
        refused(backend.anonymous.function(path), 401, "42501")
        assert ada.function(path).status == 200


@pytest.mark.parametrize(
    ("body", "code", "details"),
    [
        ({"title": "a"}, None, None),
        ({"title": "too long"}, "23514", [("/title", "maxLength")]),
        ({"pay": 0}, "23514", [("", "required"), ("/pay", "minimum")]),
        ([], "23514", [("", "type")]),
        ({"title": "a", "x": 1}, "23514", [("", "additionalProperties")]),
        (None, "PGRST102", None),
    ],
)
def test_a_body_is_held_against_its_schema(
    backend: TestBackend, body: Any, code: str | None, details: Any
) -> None:
    """Faults are told as those of writes are, all of them; who may not call learns none."""
    ada = backend.user()
    answer = ada.function("jobs", "POST", body)

    refused(backend.anonymous.function("jobs", "POST", body), 401, "42501")
    if code is None:
        assert answer.json() == body
        return
    told = refused(answer, 400, code)
    if details is not None:
        assert sorted((one["pointer"], one["keyword"]) for one in told["details"]) == details


def test_a_body_of_another_kind_is_refused(backend: TestBackend) -> None:
    """A form is no JSON, and neither is half of it."""
    ada = backend.user()
    post = "/functions/v1/jobs"
    form = ada.request("POST", post, None, {"title": "a"}, {"content-type": "text/plain"})

    told = refused(form, 400, "PGRST102")
    assert told["message"] == "Content-Type not acceptable: text/plain"


def test_an_unverified_view_judges_tokens_itself(backend: TestBackend) -> None:
    """A foreign token, an unknown key or none; the view beside it refuses them."""
    key = backend.anonymous.key
    told = {"kind": "stripe", "role": "anon", "told": FOREIGN["authorization"]}

    assert ask(backend, "hook/stripe", **FOREIGN, apikey=key).json() == told
    assert ask(backend, "hook/stripe", **FOREIGN, apikey="sb_secret_x").json() == told
    refused(ask(backend, "hook/safe", **FOREIGN, apikey=key), 401, "PGRST301")
    refused(ask(backend, "hook/no/such", **FOREIGN, apikey=key), 401, "PGRST301")
    ada = backend.user()
    assert ada.function("hook/stripe").json()["role"] == "authenticated"


def test_a_refused_token_is_told_as_the_relays_error(backend: TestBackend) -> None:
    """`x-relay-error` says that no view has run, and pages of other origins may read it."""
    answer = ask(backend, "signed-in", **FOREIGN, origin="https://a.test")

    refused(answer, 401, "PGRST301")
    assert answer.headers["x-relay-error"] == "true"
    assert "X-Relay-Error" in answer.headers["access-control-expose-headers"]
    assert "x-relay-error" not in backend.anonymous.function("signed-in").headers


APP = "from flask import Flask\nfrom jotbase.functions import *\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ('@app.get("/a")\n@requires("user.nme == 1")\ndef a(): ...', "user has no"),
        ('@app.get("/a")\n@requires("row.id == 1")\ndef a(): ...', "a view has no row: say args"),
        ('@app.get("/a")\n@requires("args.b == 1")\ndef a(): ...', "'b'"),
        ('@requires("True")\n@app.get("/a")\ndef a(): ...', "stands above the route"),
        ('@requires("True")\ndef a(): ...', "no view of app"),
        ('@app.post("/a")\n@accepts({"type": "nothing"})\ndef a(): ...', "no JSON Schema"),
        ('@app.get("/a")\nasync def a():\n    yield b""', "async def"),
        ("async def app(scope, receive, send): ...", "ASGI"),
        ("class A:\n    async def __call__(self, *a): ...\napp = A()", "ASGI"),
    ],
)
def test_what_would_fail_later_is_refused_at_load(serve: Serve, code: str, told: str) -> None:
    """A rule with a mistake or without effect, a schema that is none, code that cannot run."""
    with pytest.raises(ProjectError) as caught:
        serve(SCHEMAS, {"functions/__init__.py": APP + code})

    assert told in str(caught.value)
