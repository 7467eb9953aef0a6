"""Functions of a row over HTTP: columns and relations that the project's code computes."""

from __future__ import annotations

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.errors import ProjectError
from jotbase.testing import TestBackend
from jotbase.testing.client import Client

CODE = """
from typing import Any

from jotbase.functions import Refusal, Row, caller, computed, data, rpc

Note = Row["notes"]


@computed
def shout(note: Note) -> str:
    return note["text"].upper()


@computed
def is_long(note: Note) -> bool:
    return len(note["text"]) > 3


@computed
def asked_by(note: Note) -> str:
    return caller().role


@computed
def places(note: Note) -> list[int]:
    return [note["id"], 7]


@computed
def careful(note: Note) -> int:
    sum(range(1_000_000))
    try:
        return len(data().get("notes"))
    except Exception:
        return -1


@computed
def broken(note: Note) -> int:
    raise RuntimeError("the password is swordfish")


@computed
def siblings(note: Note) -> list[Note]:
    others = {"person": f"eq.{note['person']}", "id": f"neq.{note['id']}"}
    return data().get("notes", others)


@computed
def everything(note: Note) -> list[Note]:
    return [{"id": 7, "text": "made up", "person": person} for person in ("ada", "hidden")]


@computed
def elder(note: Note) -> Note | None:
    found = data().get("notes", {"id": f"lt.{note['id']}", "order": "id.desc", "limit": 1})
    return found[0] if found else None


@computed
def thief(note: Note) -> list[Note]:
    return data().post("notes", {"text": "written", "person": "ada"})


@rpc(reads=True)
def notes_of(person: str) -> list[Note]:
    return data().get("notes", {"person": f"eq.{person}"})
"""
NOTES = table(
    {
        "id": {"type": "integer", "identity": True},
        "text": {"type": "string"},
        "person": {"type": "string"},
    },
    access={
        "select": "row.person != 'hidden'",
        "insert": "True",
        "update": "True",
        "delete": "True",
    },
)


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    made = serve({"notes": NOTES}, {"functions/__init__.py": CODE})
    rows = [("hi", "ada"), ("hello", "ada"), ("ho", "bob"), ("secret", "hidden")]
    made.service.post("/notes", [{"text": text, "person": person} for text, person in rows])
    return made


@pytest.fixture
def anon(backend: TestBackend) -> Client:
    return backend.anonymous


def test_a_computed_column_is_read_by_name(anon: Client) -> None:
    """It is no part of `*`, and may be renamed."""
    named = anon.get("/notes", {"select": "id,loud:shout,is_long", "id": "eq.2"})

    assert named.json() == [{"id": 2, "loud": "HELLO", "is_long": True}]
    assert anon.get("/notes", {"id": "eq.1"}).json() == [{"id": 1, "text": "hi", "person": "ada"}]


def test_a_computed_column_filters_and_orders(anon: Client) -> None:
    """As any column does, also where it is not selected; the table's rule holds all the same."""
    long = anon.get("/notes", {"select": "id", "is_long": "is.true"})
    ordered = anon.get("/notes", {"select": "id", "order": "shout.desc", "limit": "2"})
    either = anon.get("/notes", {"select": "id", "or": "(shout.eq.HO,is_long.is.true)"})

    assert long.json() == [{"id": 2}]
    assert ordered.json() == [{"id": 3}, {"id": 1}]
    assert either.json() == [{"id": 2}, {"id": 3}]


def test_a_list_of_values_is_an_array(anon: Client) -> None:
    """Read as JSON, and filtered by what it contains."""
    found = anon.get("/notes", {"select": "places", "places": "cs.{2}"})

    assert found.json() == [{"places": [2, 7]}]


def test_a_statement_that_is_begun_again_is_not_the_functions_to_catch(
    backend: TestBackend,
) -> None:
    """What it gives back for want of rows, where the event loop is held up, is told to nobody."""
    backend.service.post("/notes", [{"text": "x", "person": "many"}] * 1000)

    found = backend.anonymous.get("/notes", {"select": "careful", "id": "eq.1"})

    assert found.json() == [{"careful": 1003}]


def test_a_computed_column_is_asked_for_as_the_caller(backend: TestBackend) -> None:
    """Whoever asks: the function's caller is the request's."""
    asked = {"select": "asked_by", "id": "eq.1"}

    assert backend.anonymous.get("/notes", asked).json() == [{"asked_by": "anon"}]
    assert backend.service.get("/notes", asked).json() == [{"asked_by": "service_role"}]


def test_a_computed_relation_is_embedded(anon: Client) -> None:
    """Selected, filtered and limited as any embedded table."""
    answer = anon.get("/notes", {"select": "id,siblings(text,shout)", "id": "lt.4"})
    inner = anon.get("/notes", {"select": "id,siblings!inner(id)", "siblings.text": "eq.hi"})

    assert answer.json() == [
        {"id": 1, "siblings": [{"text": "hello", "shout": "HELLO"}]},
        {"id": 2, "siblings": [{"text": "hi", "shout": "HI"}]},
        {"id": 3, "siblings": []},
    ]
    assert inner.json() == [{"id": 2, "siblings": [{"id": 1}]}]


def test_a_relation_to_one_row_is_an_object(anon: Client) -> None:
    """And rows are ordered by it; by one of several rows they are not."""
    answer = anon.get("/notes", {"select": "id,elder(id)", "order": "elder(id).desc"})

    assert answer.json() == [
        {"id": 1, "elder": None},
        {"id": 3, "elder": {"id": 2}},
        {"id": 2, "elder": {"id": 1}},
    ]
    refused(
        anon.get("/notes", {"select": "siblings(id)", "order": "siblings(id)"}), 400, "PGRST118"
    )


def test_a_relations_rows_pass_the_rule_of_their_table(backend: TestBackend) -> None:
    """Whatever the function gives back, the caller is shown what it may see."""
    asked = {"select": "everything(person)", "id": "eq.1"}

    assert backend.anonymous.get("/notes", asked).json() == [{"everything": [{"person": "ada"}]}]
    assert len(backend.service.get("/notes", asked).json()[0]["everything"]) == 2


def test_rows_of_a_function_have_computed_columns(anon: Client) -> None:
    """What a call gives back is read like its table, computed columns and relations among it."""
    asked = {"person": "ada", "select": "shout,siblings(id)", "order": "shout", "limit": "1"}

    answer = anon.get("/rpc/notes_of", asked)

    assert answer.json() == [{"shout": "HELLO", "siblings": [{"id": 1}]}]


def test_writes_choose_and_give_back_by_what_is_computed(anon: Client) -> None:
    """The filter of a change, and the rows that come back; such a column is never written."""
    changed = anon.patch("/notes", {"is_long": "is.true", "select": "id,shout"}, {"text": "bye"})
    removed = anon.delete("/notes", {"shout": "eq.HO", "select": "shout,elder(id)"})

    assert changed.json() == [{"id": 2, "shout": "BYE"}]
    assert removed.json() == [{"shout": "HO", "elder": {"id": 2}}]
    refused(anon.patch("/notes", {"id": "eq.1"}, {"shout": "X"}), 400, "PGRST204")


def test_a_computed_relation_to_many_rows_is_spread(anon: Client) -> None:
    """Each column of its rows becomes an array; one to a single row is not spread."""
    select = "id,...siblings(others:id,texts:text)"

    answer = anon.get("/notes", {"select": select, "id": "eq.1"})
    assert answer.json() == [{"id": 1, "others": [2], "texts": ["hello"]}]
    refused(anon.get("/notes", {"select": "id,...elder(id)"}), 400, "PGRST127")


def test_a_computed_relation_never_writes(anon: Client) -> None:
    """Reading a row changes nothing, in a write no more than in a read."""
    refused(anon.get("/notes", {"select": "thief(id)"}), 405, "25006")
    refused(
        anon.patch("/notes", {"id": "eq.1", "select": "thief(id)"}, {"text": "x"}), 405, "25006"
    )

    assert len(anon.get("/notes").json()) == 3


def test_a_failure_is_hidden(anon: Client) -> None:
    """A function that fails says so, and nothing of why."""
    answer = anon.get("/notes", {"select": "broken"})

    assert (answer.status, answer.json()["code"]) == (500, "PGRSTX00")
    assert "swordfish" not in answer.text


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(row: Row['nothing']) -> int: ...", "there is no table nothing"),
        ("def text(row: Row['notes']) -> int: ...", "notes has a column of that name"),
        ("def f(row: Row['notes']) -> list[Row['nothing']]: ...", "it gives back rows of no table"),
        ("def f(row: Row['notes']) -> None: ...", "it gives nothing back"),
    ],
)
def test_what_cannot_be_computed_is_said_at_start(serve: Serve, code: str, reason: str) -> None:
    """With the function's name and the reason."""
    text = f"from jotbase.functions import Row, computed\n\n\n@computed\n{code}\n"

    with pytest.raises(ProjectError, match=reason):
        serve({"notes": NOTES}, {"functions/__init__.py": text})
