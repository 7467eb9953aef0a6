"""The project's functions under /rest/v1/rpc: arguments, results, refusals, one unit of work."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.errors import ProjectError
from jotbase.testing import TestBackend
from jotbase.testing.client import Client

CODE = """
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict

from jotbase.functions import Refusal, Row, caller, data, respond, rpc

Note = Annotated[Row, "notes"]


class Point(TypedDict):
    x: int
    y: int


@rpc
def add_them(a: int, b: int = 1) -> int:
    "Adds."
    return a + b


@rpc
def positive(n: Annotated[int, {"minimum": 1}]) -> int:
    return n


@rpc
def tomorrow(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


@rpc(reads=True)
def notes_of(person: str) -> list[Note]:
    return data().get("notes", {"person": f"eq.{person}"})


@rpc
def write(text: str, fail: bool = False) -> Note:
    note = data().post("notes", {"text": text, "person": caller().role})[0]
    data().post("notes", {"text": text + " again", "person": caller().role})
    if fail:
        raise Refusal("P0001", "no more", hint="later", headers=[("X-Why", "full")])
    return note


@rpc
def write_twice(text: str) -> None:
    data().rpc("write", {"text": text})
    data().rpc("write", {"text": text, "fail": True})


@rpc
def points() -> list[Point]:
    return [{"x": 1, "y": 2}, {"x": 3, "y": 4}]


@rpc(roles=["authenticated"])
def members() -> str:
    return "hello"


@rpc
def headed() -> str:
    respond(status=202, headers=[("X-A", "b"), ("Set-Cookie", "c=d"), ("Set-Cookie", "e=f")])
    return "x"


@rpc
def broken() -> int:
    raise RuntimeError("the password is swordfish")


@rpc
def wrong_rows() -> list[Note]:
    return [1, 2]


@rpc
def whole(_: Any) -> Any:
    return _


@rpc
def greet(_: str = "you") -> str:
    return f"hello {_}"


@rpc
def odd_head(name: str, value: str, status: int = 200) -> None:
    respond(status=status, headers=[(name, value)])


@rpc
def called(class_: str) -> str:
    return class_


@rpc
def dot() -> Annotated[bytes, {"contentMediaType": "image/png"}]:
    return b"\\x89PNG"


@rpc
def count_notes() -> int:
    return len(data().get("notes"))


@rpc
def kinds(*names: str) -> list[str]:
    return list(names)
"""
FILES = {"functions/__init__.py": CODE}
NOTES = table(
    {
        "id": {"type": "integer", "identity": True},
        "text": {"type": "string"},
        "person": {"type": "string"},
        "parent": {"type": ["integer", "null"], "references": "notes.id"},
    },
    access={"select": "row.person != 'hidden'", "insert": "new.text != 'forbidden'"},
)


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"notes": NOTES}, FILES)


@pytest.fixture
def anon(backend: TestBackend) -> Client:
    return backend.anonymous


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("add_them", {"a": 1}, 2),
        ("add_them", {"a": 1, "b": 2}, 3),
        ("tomorrow", {"day": "2026-02-28"}, "2026-03-01"),
        ("points", {}, [{"x": 1, "y": 2}, {"x": 3, "y": 4}]),
        ("called", {"class": "first"}, "first"),
        ("whole", [1, {"a": 2}], [1, {"a": 2}]),
        ("kinds", {"names": ["a", "b"]}, ["a", "b"]),
    ],
)
def test_a_function_is_called(anon: Client, name: str, arguments: Any, expected: Any) -> None:
    """With the arguments of the body, in their Python types; the answer is its result."""
    answer = anon.rpc(name, arguments)

    assert (answer.status, answer.json()) == (200, expected)


def test_a_parameter_without_a_name_is_given_in_each_way(anon: Client) -> None:
    """As the body's text, under the empty name, or not at all where it has a default."""
    plain = {"content-type": "text/plain"}

    assert anon.rpc("greet", {"": "Ada"}).json() == "hello Ada"
    assert anon.rpc("greet", {}).json() == "hello you"
    assert anon.get("/rpc/greet").json() == "hello you"
    assert anon.get("/rpc/greet", {"": "Bob"}).json() == "hello Bob"
    assert anon.rpc("greet", "Eve", **plain).json() == 'hello "Eve"'


def test_get_takes_arguments_from_the_query(anon: Client) -> None:
    """What is no filter is an argument."""
    assert anon.get("/rpc/add_them", {"a": 4, "b": 5}).json() == 9
    assert anon.get("/rpc/points", {"x": "gt.1", "select": "y"}).json() == [{"y": 4}]
    assert anon.get("/rpc/kinds", {"names": ["a", "b"]}).json() == ["a", "b"]


def test_rows_are_read_like_their_table(backend: TestBackend) -> None:
    """Selected, filtered, ordered, paged, counted and embedded in."""
    service = backend.service
    service.post("/notes", [{"text": text, "person": "ada"} for text in ("a", "b", "c")])
    service.post("/notes", {"text": "d", "person": "ada", "parent": 1})
    asked = {
        "person": "ada",
        "select": "text,parent(text)",
        "order": "text.desc",
        "limit": "2",
    }

    answer = backend.anonymous.get("/rpc/notes_of", asked, prefer="count=exact")

    assert answer.json() == [{"text": "d", "parent": {"text": "a"}}, {"text": "c", "parent": None}]
    assert answer.headers["content-range"] == "0-1/4"
    assert answer.status == 206


def test_a_row_is_an_object(anon: Client) -> None:
    """And what was written is there."""
    answer = anon.post("/rpc/write", {"text": "x"}, {"select": "text,person"})

    assert (answer.status, answer.json()) == (200, {"text": "x", "person": "anon"})
    assert [note["text"] for note in anon.get("/notes").json()] == ["x", "x again"]


def test_a_refusal_undoes_all(anon: Client) -> None:
    """Whatever the function wrote, however deep in functions that it called."""
    answer = anon.rpc("write", {"text": "x", "fail": True})
    nested = anon.rpc("write_twice", {"text": "x"})

    assert (answer.status, answer.json()["code"], answer.json()["hint"]) == (400, "P0001", "later")
    assert answer.headers["x-why"] == "full"
    assert (nested.status, nested.json()["message"]) == (400, "no more")
    assert anon.get("/notes").json() == []


def test_a_function_acts_under_its_callers_rules(backend: TestBackend) -> None:
    """What the caller must not write, it must not write by a function."""
    hidden = backend.service.post("/notes", {"text": "h", "person": "hidden"})

    assert hidden.status == 201
    assert backend.anonymous.rpc("notes_of", {"person": "hidden"}).json() == []
    refused(backend.anonymous.rpc("write", {"text": "forbidden"}), 401, "42501")


def test_get_never_writes(anon: Client) -> None:
    """Whatever the function does."""
    answer = anon.get("/rpc/write", {"text": "x"})

    assert (answer.status, answer.json()["code"]) == (405, "25006")
    assert anon.get("/notes").json() == []


@pytest.mark.parametrize(
    ("name", "arguments", "status", "code"),
    [
        ("positive", {"n": 0}, 400, "23514"),
        ("positive", {"n": "x"}, 400, "22P02"),
        ("tomorrow", {"day": "2026-02-30"}, 400, "22008"),
        ("nowhere", {}, 404, "PGRST202"),
        ("members", {}, 401, "42501"),
        ("odd_head", {"name": "A b", "value": ""}, 500, "PGRST111"),
        ("odd_head", {"name": "A", "value": "b\r\nC: d"}, 500, "PGRST111"),
        ("odd_head", {"name": "A", "value": "b", "status": 99}, 500, "PGRST112"),
        ("broken", {}, 500, "PGRSTX00"),
        ("wrong_rows", {}, 500, "PGRSTX00"),
    ],
)
def test_bad_calls_are_refused(
    anon: Client, name: str, arguments: Any, status: int, code: str
) -> None:
    """Without a word of what is inside."""
    answer = anon.rpc(name, arguments)

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert "swordfish" not in answer.text


def test_roles_may_be_asked_for(backend: TestBackend) -> None:
    """Here, any user's."""
    assert backend.user("ada@example.com").rpc("members", {}).json() == "hello"


def test_a_function_shapes_the_answers_head(anon: Client) -> None:
    """Its status, and headers that may come more than once."""
    answer = anon.rpc("headed", {})

    assert (answer.status, answer.json(), answer.headers["x-a"]) == (202, "x", "b")


def test_a_call_can_be_undone(serve: Serve) -> None:
    """As any write, where the settings allow it."""
    anon = serve({"notes": NOTES}, FILES, tx_end="commit-allow-override").anonymous

    answer = anon.rpc("write", {"text": "x"}, prefer="tx=rollback")

    assert (answer.status, answer.json()["text"]) == (200, "x")
    assert anon.get("/notes").json() == []


def test_what_a_function_writes_ends_with_the_call(serve: Serve) -> None:
    """Where writes are undone unless asked for, that holds for the call, and not inside it."""
    anon = serve({"notes": NOTES}, FILES, tx_end="rollback-allow-override").anonymous

    undone = anon.rpc("write", {"text": "x"})
    kept = anon.rpc("write", {"text": "y"}, prefer="tx=commit")

    assert (undone.json()["text"], kept.json()["text"]) == ("x", "y")
    assert [note["text"] for note in anon.get("/notes").json()] == ["y", "y again"]


def test_a_function_reads_all_rows(serve: Serve) -> None:
    """The most rows of an answer are the client's limit."""
    backend = serve({"notes": NOTES}, FILES, max_rows=2)
    backend.service.post("/notes", [{"text": "a", "person": "b"}] * 3)

    assert backend.anonymous.rpc("count_notes").json() == 3
    assert len(backend.anonymous.rpc("notes_of", {"person": "b"}).json()) == 2


@pytest.mark.parametrize(
    ("name", "accept", "content_type", "body"),
    [
        ("dot", "*/*", "image/png", b"\x89PNG"),
        ("dot", "image/png", "image/png", b"\x89PNG"),
        ("dot", "application/json", "application/json; charset=utf-8", b'"\\\\x89504e47"'),
        ("called", "text/plain", "text/plain; charset=utf-8", b"x"),
    ],
)
def test_one_value_can_be_sent_as_it_is(
    anon: Client, name: str, accept: str, content_type: str, body: bytes
) -> None:
    """In the media type that its annotation names, or that the caller asks for."""
    arguments = {"class": "x"} if name == "called" else {}

    answer = anon.rpc(name, arguments, accept=accept)

    assert (answer.headers["content-type"], answer.body) == (content_type, body)


def test_a_media_type_that_is_not_there_is_refused(anon: Client) -> None:
    """Of rows as of values."""
    assert refused(anon.rpc("called", {"class": "x"}, accept="image/png"), 406, "PGRST107")
    assert refused(anon.rpc("points", {}, accept="text/plain"), 406, "PGRST107")


def test_the_most_rows_are_told_as_applied(anon: Client) -> None:
    """Where the caller is strict about it."""
    answer = anon.rpc("points", {}, prefer="handling=strict, max-affected=2")

    assert answer.headers["preference-applied"] == "handling=strict, max-affected=2"
    over = anon.rpc("points", {}, prefer="handling=strict, max-affected=1")
    assert refused(over, 400, "PGRST124")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f() -> list[Annotated[Row, 'nothing']]: ...", "f gives back rows of no table"),
        ("def f(a: complex): ...", "f cannot be called: <class 'complex'> is no type"),
        ("def f(**a: int): ...", r"f cannot be called: clients cannot name \*\*a"),
        ("def f(a: 'Missing'): ...", "f cannot be called: name 'Missing' is not defined"),
    ],
)
def test_what_cannot_be_called_is_told_at_the_start(serve: Serve, code: str, reason: str) -> None:
    """And by `jotbase check`, which reads the same."""
    head = "from typing import Annotated\nfrom jotbase.functions import Row, rpc\n@rpc\n"

    with pytest.raises(ProjectError, match=reason):
        serve({"notes": NOTES}, {"functions/__init__.py": head + code})


def test_the_document_lists_what_a_caller_may_call(backend: TestBackend) -> None:
    """And nothing else."""
    paths = backend.anonymous.get("/").json()["paths"]
    members = backend.user("ada@example.com").get("/").json()["paths"]

    assert paths["/rpc/add_them"]["post"]["description"] == "Adds."
    assert "/rpc/members" not in paths
    assert "/rpc/members" in members
