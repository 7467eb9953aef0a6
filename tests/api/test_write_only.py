"""What a `writeOnly` column holds changes no answer.

Two backends hold the same rows but for the values of such columns. Whatever is asked of them,
status, headers, body and error are the same.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.data_world import Serve, table
from tests.api.test_barrier import told

from jotbase.testing import TestBackend
from jotbase.testing.client import Client

WRITE = {"writeOnly": True}
TEXT: dict[str, Any] = {"type": ["string", "null"]}
LINK: dict[str, Any] = {"type": ["integer", "null"]}
CODE = """
from jotbase.functions import Row, computed, data, rpc

@computed
def loud(row: Row["notes"]) -> str:
    return str(sorted(row.items()))

@rpc(reads=True)
def given() -> list[Row["notes"]]:
    return data().get("notes")

@rpc(reads=True)
def dumped() -> object:
    return [dict(one) for one in data().get("notes")]
"""
NOTES = table(
    {
        "text": TEXT,
        "pin": TEXT | WRITE,
        "size": LINK | WRITE,
        "doc": {"type": ["object", "null"]} | WRITE,
        "boss": LINK | WRITE | {"references": "people.id"},
        "friend": LINK | {"references": "people.id"},
        "twin": LINK | WRITE | {"references": "notes.id"},
    },
)
TABLES: dict[str, Any] = {
    "people": table({"name": TEXT, "code": {"type": "integer"} | WRITE}, unique=[["code"]]),
    "notes": NOTES,
    "plain": {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "text": TEXT, "boss": LINK | WRITE},
        "view": "SELECT id, text, boss FROM notes",
        "access": {"select": "True", "update": "True", "delete": "True"},
    },
    "tags": table({"note": LINK | {"references": "notes.id"}, "word": TEXT}),
    "calls": table({"code": LINK | WRITE | {"references": "people.code"}}),
    # A junction of which one end may not be told.
    "likes": {
        "type": "object",
        "properties": {
            "note": {"type": "integer", "references": "notes.id"},
            "fan": {"type": "integer", "writeOnly": True, "references": "people.id"},
        },
        "primaryKey": ["note", "fan"],
        "access": {"select": "True", "insert": "True", "delete": "True"},
    },
}


def filled(serve: Serve, shift: int) -> TestBackend:
    """Return a backend; the shift tells its secrets from another's."""
    code, ending = {"functions/__init__.py": CODE}, "commit-allow-override"
    backend = serve(TABLES, code, aggregates=True, unfiltered_writes=True, tx_end=ending)
    people = [{"id": one, "name": f"p{one}", "code": one * 10 + shift} for one in (1, 2, 3)]
    rows = [
        {
            "id": one,
            "text": f"t{one}",
            "pin": str(one + shift),
            "size": one * shift,
            "doc": {"a": one - shift},
            "boss": (one + shift) % 3 + 1,
            "friend": one,
            "twin": None if shift else one,
        }
        for one in (1, 2, 3)
    ]
    likes = [{"note": one, "fan": (one + shift) % 3 + 1} for one in (1, 2, 3)]
    calls = [{"id": one, "code": one * 10 + shift} for one in (1, 2)]
    tags = [{"id": 1, "note": 1, "word": "w"}]
    sent = {"people": people, "notes": rows, "likes": likes, "calls": calls, "tags": tags}
    for name, some in sent.items():
        assert backend.service.post(f"/{name}", some).status == 201
    return backend


@pytest.fixture
def callers(serve: Serve) -> tuple[Client, Client]:
    """Give a visitor of each backend."""
    return filled(serve, 0).anonymous, filled(serve, 1).anonymous


NAMES = ["pin", "size", "doc", "boss", "twin", "fan", "code", "text", "id", "loud", "friend"]
EMBEDS = [
    *("people", "people!boss", "people!notes_boss_fkey", "boss", "notes_boss_fkey", "friend"),
    *("notes", "notes!boss", "notes!twin", "notes!friend", "twin", "plain", "plain!boss"),
    *(
        "likes",
        "people!likes",
        "notes!likes",
        "fan",
        "note",
        "tags",
        "calls",
        "people!code",
        "code",
    ),
]
INSIDE = ["*", "id", "count()", "pin", "name", "code", "text", "id.max()", ""]
PATHS = ["notes", "people", "plain", "likes", "calls", "tags", "rpc/given", "rpc/dumped"]
ASKED = ["eq.1", "gt.0", "is.null", "not.is.null", "like.*1*", "in.(1,11)", "cs.{}", "eq.t1"]


@st.composite
def items(draw: st.DrawFn) -> str:
    """Draw one item of a select."""
    name = draw(st.sampled_from(NAMES))
    form = draw(st.sampled_from(["*", "plain", "plain", "embed", "embed", "embed"]))
    if form == "*":
        return "*"
    if form == "embed":
        before = draw(st.sampled_from(["", "", "...", "x:"]))
        join = draw(st.sampled_from(["", "", "!inner"]))
        inside = draw(st.sampled_from(INSIDE))
        return f"{before}{draw(st.sampled_from(EMBEDS))}{join}({inside})"
    shape = draw(st.sampled_from(["{}", "{}", "{}::text", "x:{}", "{}.max()", "{}->a", "{}->>a"]))
    return shape.format(name)


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, str, dict[str, str], Any, dict[str, str]]:
    """Draw a method, a path, its parameters, a body and headers."""
    path = draw(st.sampled_from([*PATHS, "notes", "people"]))
    method = draw(st.sampled_from(["GET", "GET", "GET", "HEAD", "BATCH", "PATCH", "DELETE"]))
    if path.startswith("rpc/") and method not in ("GET", "HEAD"):
        method = "GET"
    params = {"select": ",".join(draw(st.lists(items(), min_size=1, max_size=3)))}
    if draw(st.booleans()):
        params[draw(st.sampled_from([*NAMES, "people", "notes", "likes"]))] = draw(
            st.sampled_from(ASKED)
        )
    if draw(st.booleans()):
        params[f"{draw(st.sampled_from(EMBEDS))}.{draw(st.sampled_from(NAMES))}"] = draw(
            st.sampled_from(ASKED)
        )
    if draw(st.booleans()):
        order = draw(st.sampled_from([*NAMES, "doc->a", "people(name)", "boss(name)"]))
        params["order"], params["limit"] = order, "2"
    prefer = draw(
        st.sampled_from(
            ["return=representation", "count=exact", "count=estimated", "return=minimal"]
        )
    )
    body = {"text": "t9"} if method == "PATCH" else None
    return method, path, params, body, {"prefer": f"{prefer},tx=rollback"}


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=questions())
def test_write_only_values_change_no_answer(
    callers: tuple[Client, Client],
    asked: tuple[str, str, dict[str, str], Any, dict[str, str]],
) -> None:
    """By selects, filters, orders, aggregates, embeds, views, functions, batches and writes."""
    method, path, params, body, headers = asked
    target = f"/rest/v1/{path}"
    if method == "BATCH":
        body = [{"method": "GET", "path": f"{path}?{urlencode(params)}", "headers": headers}]
        method, target, params, headers = "POST", "/rest/v1/", {}, {}

    one, other = (told(each.request(method, target, params, body, headers)) for each in callers)

    assert other == one


@pytest.mark.parametrize(
    ("path", "select"),
    [
        ("notes", "boss(name)"),
        ("notes", "people!boss(name)"),
        ("notes", "id,people!inner!notes_boss_fkey(id)"),
        ("people", "notes!boss(id)"),
        ("people", "likes(note)"),
        ("notes", "people!likes(name)"),
        ("calls", "people(name)"),
        ("plain", "people(name)"),
    ],
)
def test_a_write_only_reference_is_no_relation(
    callers: tuple[Client, Client], path: str, select: str
) -> None:
    """Whom a row meets by it would tell its value."""
    answer = callers[0].get(f"/{path}", {"select": select})

    assert (answer.status, answer.json()["code"]) == (400, "PGRST200")
