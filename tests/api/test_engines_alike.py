"""Random projects, rows and requests are answered alike by both databases.

`make differential` makes many more: DIFFERENTIAL_PROJECTS of them, from DIFFERENTIAL_SEED.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.api.data_world import Serve, table
from tests.postgres_server import Server

from jotbase.testing import TestBackend

PROJECTS = int(os.environ.get("DIFFERENTIAL_PROJECTS", "4"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "10"))
Strategy = st.SearchStrategy[Any]
Asked = tuple[str, str, list[tuple[str, str]], Any, dict[str, str], str]

WORDS = ("", "a",
         "A", "b", "Ä", "ä", "é", "ß", "a b", "10", "9", "%", "_", "a_b", "\\", "null", "ℵ",
         "😀", "z", "Z", "'", '"', "a,b", "(a)", "true", " ")  # fmt: skip
NUMBERS = (0, 1, -1, 2, 9, 10, 7, 2**53 - 1, -(2**53) + 1, 2**31, 2**63 - 1)
UUIDS = ("00000000-0000-4000-8000-000000000001", "f0000000-0000-4000-8000-00000000000f")
TIMES = ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00.5+01:00", "1999-12-31T23:59:59.999999Z")
#: A column's schema, and values that it may hold; what others hold is tried on it, too.
COLUMNS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "t": ({"type": ["string", "null"]}, WORDS),
    "n": ({"type": ["integer", "null"]}, NUMBERS),
    "x": ({"type": ["number", "null"]}, (0, 0.5, -1.25, 1e10, 0.1, 2.5, 100)),
    "b": ({"type": ["boolean", "null"]}, (True, False)),
    "u": ({"type": ["string", "null"], "format": "uuid"}, UUIDS),
    "at": ({"type": ["string", "null"], "format": "date-time"}, TIMES),
    "day": ({"type": ["string", "null"], "format": "date"}, ("2026-02-28", "1970-01-01")),
    "tags": (
        {"type": ["array", "null"], "items": {"type": "string"}},
        ([], ["a"], ["b", "a"], ["a", "a"]),
    ),
    "sizes": ({"type": ["array", "null"], "items": {"type": "integer"}}, ([], [2], [1, 1], [10])),
    "e": ({"enum": ["one", "two", None]}, ("one", "two")),
    "m": ({"type": "string", "minLength": 1, "maxLength": 3, "default": "d"}, ("a", "abc", "B")),
    "p": ({"type": "integer", "minimum": 0, "default": 1}, (0, 1, 5)),
}
RULES = (
    "True",
    "True",
    "row.id > 1",
    "row.p > 0",
    "row.n != 1",
    "row.t == 'a' or row.b",
    "row.e == 'one'",
)
CHECKS = ("True", "new.p < 5", "new.t != 'b'", "new.n > 0 or new.n is None")
OPERATORS = ("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is", "not.eq", "cs",
             "cd", "ov", "isdistinct", "not.is", "eq(any)", "like(all)")  # fmt: skip
PREFERENCES = ("return=representation", "return=minimal", "return=headers-only", "count=exact",
               "resolution=merge-duplicates", "resolution=ignore-duplicates", "missing=default",
               "return=representation,count=exact", "max-affected=1,handling=strict")  # fmt: skip
COMPARED = ("content-type", "content-range", "location", "preference-applied", "proxy-status")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def one_of(values: tuple[Any, ...]) -> Strategy:
    return st.sampled_from(values)


@st.composite
def project(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Return schemas: a table with rules, unique columns and indexes, and one that refers to it."""
    keys = {"p": COLUMNS["p"][0], "n": COLUMNS["n"][0], "t": COLUMNS["t"][0], "b": COLUMNS["b"][0]}
    more = {name: COLUMNS[name][0] for name in COLUMNS if name not in keys and draw(st.booleans())}
    keys["e"] = COLUMNS["e"][0]
    access = {
        "select": draw(one_of(RULES)),
        "insert": draw(one_of(CHECKS)),
        "update": draw(one_of(RULES)),
        "delete": draw(one_of(RULES)),
    }
    things = table(keys | more, access=access)
    things["properties"]["id"] = {"type": "integer"}
    if draw(st.booleans()):
        things["unique"] = [draw(one_of((["t"], ["n"], ["t", "n"])))]
    if draw(st.booleans()):
        things["indexes"] = [[draw(one_of(("t", "n", "p")))]]
    parts = table(
        {"thing": {"type": ["integer", "null"], "references": "things.id", "onDelete": "cascade"}}
    )
    parts["properties"]["id"] = {"type": "integer"}
    return {"things": things, "parts": parts}


def row(names: tuple[str, ...]) -> Strategy:
    """Rows, mostly of values that fit."""
    fields = {name: one_of((*COLUMNS[name][1], None)) for name in names}
    fit = st.fixed_dictionaries({"id": st.integers(1, 9)}, optional=fields)
    odd = st.dictionaries(one_of((*names, "id", "nope")), one_of((*WORDS, *NUMBERS, [], {})))
    return st.one_of(fit, fit, fit, odd)


@st.composite
def condition(draw: st.DrawFn, names: tuple[str, ...]) -> tuple[str, str]:
    """Return a filter of a column by a value of its own, mostly."""
    name = draw(one_of((*names, "id", *names)))
    own = COLUMNS[name][1] if name in COLUMNS else (1, 2, 3)
    value = _text(draw(one_of((*own, *own, "null", "1", "a*", "*b*"))))
    operator = draw(one_of(OPERATORS))
    if operator in ("in", "eq(any)", "like(all)"):
        opened, closed = ("(", ")") if operator == "in" else ("{", "}")
        value = f'{opened}"{_text(draw(one_of(own)))}",{_text(draw(one_of((1, "a"))))}{closed}'
    if operator.endswith("is"):
        value = draw(one_of(("null", "true", "false", "unknown", "not_null")))
    return name, f"{operator}.{value}"


@st.composite
def asked(draw: st.DrawFn, names: tuple[str, ...]) -> Asked:
    """Return method, table, parameters, body, headers and the caller."""
    method = draw(one_of(("GET", "GET", "GET", "POST", "POST", "PATCH", "DELETE")))
    params = draw(st.lists(condition(names), max_size=2 if method != "POST" else 0))
    if method == "GET":
        shown = draw(one_of(("*", "id,t", "t,n,m:id", "p,b::text", "id,parts(id)", "id::text,n")))
        column = draw(one_of((*names, "id")))
        way = draw(one_of(("", ".desc", ".asc.nullsfirst", ".desc.nullslast")))
        params += [("select", shown), ("order", f"{column}{way},id")]
        params += draw(one_of(([], [("limit", "2")], [("limit", "3"), ("offset", "1")])))
    body = None
    if method == "POST":
        body = draw(st.one_of(row(names), st.lists(row(names), max_size=4)))
        params += draw(
            one_of(
                ([], [], [("on_conflict", "id")], [("on_conflict", "id")], [("on_conflict", "t")])
            )
        )
    if method == "PATCH":
        body = draw(row(names))
    headers = {"prefer": draw(one_of(PREFERENCES))}
    accept = draw(one_of((None, None, None, "text/csv", "application/vnd.pgrst.object+json")))
    headers |= {"accept": accept} if accept else {}
    return method, "things", params, body, headers, draw(one_of(("anonymous", "service")))


@pytest.fixture
def serve_both(_serve: Serve, postgres_server: Server) -> Iterator[Any]:
    """Give what makes a backend of one project on each database."""

    def made(tables: dict[str, Any]) -> tuple[TestBackend, TestBackend]:
        with pytest.MonkeyPatch.context() as patch:
            embedded = _serve(tables)
            patch.setenv("JOTBASE_DATABASE_URL", postgres_server.url())
            return embedded, _serve(tables)

    yield made
    _serve.close()


def answer(backend: TestBackend, one: Asked) -> Any:
    """Return what must be alike of an answer."""
    method, name, params, body, headers, caller = one
    client = getattr(backend, caller)
    found = client.request(method, f"/rest/v1/{name}", params, body, headers)
    body = found.body.replace(b", ", b",")  # PostgreSQL writes documents with blanks
    if b'"code":"23505"' in body:  # of several keys that are taken, either may be told
        body = b"a key is taken"
    return found.status, {key: found.headers.get(key) for key in COMPARED}, body


@seed(SEED)
@settings(
    max_examples=PROJECTS,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck],
)
@given(tables=project(), data=st.data())
def test_both_answer_alike(serve_both: Any, tables: dict[str, Any], data: st.DataObject) -> None:
    """Status, body and headers of each request of a sequence, writes and refusals among them."""
    names = tuple(name for name in tables["things"]["properties"] if name != "id")
    embedded, postgres = serve_both(tables)
    try:
        first = [{"id": n, "n": n % 3, "t": WORDS[n], "b": n % 2 == 0} for n in range(1, 6)]
        for backend in (embedded, postgres):
            backend.service.post("/things", first)
            backend.service.post("/parts", [{"id": 1, "thing": 1}, {"id": 2, "thing": 2}])
        for one in data.draw(st.lists(asked(names), min_size=15, max_size=25)):
            assert answer(postgres, one) == answer(embedded, one), one
    finally:
        embedded.close()
        postgres.close()
