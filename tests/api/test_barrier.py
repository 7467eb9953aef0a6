"""Answers are the same whether rows that the caller may not see exist or not.

Two backends hold the same visible rows; one holds hidden ones beside them, as hostile as SQLite
takes them. Whatever is asked, status, headers, body and error are the same.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.barrier_rows import VISIBLE, hidden, stored
from tests.api.data_world import Serve, table
from tests.contract.board import run_all

from jotbase.testing import TestBackend
from jotbase.testing.client import Answer, Client

TEXT: dict[str, Any] = {"type": ["string", "null"]}
COLUMNS: dict[str, Any] = {
    "owner": {"type": "string"},
    "firm": {"type": ["integer", "null"], "references": "firms.id"},
    "text": TEXT,
    "data": {"type": ["object", "null"]},
    "tags": {"type": ["array", "null"], "items": {"type": "string"}},
    "span": {"type": ["string", "null"], "format": "int4range"},
    "size": {"type": ["integer", "null"]},
    "part": {"type": ["number", "null"]},
    "day": {"type": ["string", "null"], "format": "date"},
    # SQLite knows no strict NUMERIC, so that the table takes any value in any column.
    "price": {"type": ["string", "null"], "format": "decimal"},
}
RULES = {
    "own": "row.owner == 'me'",
    "looked": "any(f.id == row.firm and f.name == 'mine' for f in firms)",
    "followed": "row.firm.name == 'mine' and row.id > 0",
    "inside": "row.data['mine'] == True and len(row.tags) > 0 and 'me' in row.tags",
    "never": "False",
}
CODE = """
from jotbase.functions import Refusal, Row, computed, data, rpc

@rpc(reads=True)
def given() -> list[Row["own"]]:
    return data().get("own")
""" + "\n".join(
    f"""
@computed
def grumble(row: Row["{name}"]) -> str:
    if row["owner"] != "me":
        raise Refusal("22023", "I saw " + row["owner"])
    return str(row["text"]).upper()
"""
    for name in RULES
)
FIRMS = table({"name": TEXT}, access={"select": "row.name == 'mine'"})
LINES = table(
    {"row": {"type": ["integer", "null"], "references": "own.id"}, "body": TEXT},
    access={"select": "row.body != 'hidden' and row.row.owner == 'me'", "delete": "True"},
)
SHOWN = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "text": TEXT, "low": TEXT}
    | {"data": COLUMNS["data"], "mine": TEXT},
    "view": "SELECT id, text, data, lower(text) AS low, data ->> 'mine' AS mine FROM own"
    " WHERE owner = 'me'",
    "access": {"select": "True"},
}


def filled(serve: Serve, crowded: bool, lines: str) -> TestBackend:
    """Return a backend with the visible rows in each table, and with hidden ones beside them."""
    tables = {name: table(COLUMNS, access=access(rule)) for name, rule in RULES.items()}
    made = serve(
        {**tables, "firms": FIRMS, "lines": LINES, "shown": SHOWN},
        {"functions/__init__.py": CODE},
        tx_end="rollback",
        aggregates=True,
        unfiltered_writes=True,
    )
    engine = made._backend.engine
    is_postgres = engine.dialect.is_postgres
    beside = hidden(is_postgres) if crowded else []
    rows = {name: VISIBLE + beside if name != "never" else beside for name in RULES}
    statements = stored(", ".join(("id", *COLUMNS)), rows, lines, is_postgres)
    serve.threads.run(engine.write(run_all(statements)))
    return made


def access(rule: str) -> dict[str, str]:
    """Return a table's rules; who may write may write what they see."""
    return {"select": rule, "insert": "True", "update": "True", "delete": "True"}


@pytest.fixture
def callers(serve: Serve) -> tuple[Client, Client]:
    """Give a visitor of a backend without hidden rows, and of one with them."""
    bare = filled(serve, False, "(10, 10, 'a line'), (20, 20, '')")
    crowded = filled(
        serve,
        True,
        "(10, 10, 'a line'), (20, 20, ''), (30, 5, 'hidden'), (40, 10, 'hidden'),"
        " (50, 5, 'a line')",
    )
    return bare.anonymous, crowded.anonymous


SEARCHES = [f"{form}.{text}" for form in ("fts", "wfts(german)") for text in ("my", "a & b", "a &")]
PATTERNS = [
    f"{operator}.{pattern}"
    for operator in ("like", "ilike", "match", "imatch")
    for pattern in ("my*", "*a*a*a*b", "(?=x)", "(a+)+$", "\\", "x" * 50_001, "a%" * 20_000, "")
]


def compared(*operands: str) -> list[str]:
    """Return comparisons with each of the operands."""
    operators = ("eq", "neq", "lt", "gte", "isdistinct")
    return ["is.null", *(f"{operator}.{one}" for operator in operators for one in operands)]


TEXTUAL = [*PATTERNS, *SEARCHES, *compared("my secret", ""), "in.(7,my text)", "like(any).{m*,a*}"]
DOCUMENTS = [*compared("1", "{}", "[", '"x"'), "in.(1,2)", "cs.1"]
RANGED = ("cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj")
#: What each column may be asked for, mistakes among it.
ASKED: dict[str, list[str]] = {
    **dict.fromkeys(("owner", "text", "grumble", "data->>a", "tags->>0"), TEXTUAL),
    **dict.fromkeys(("data->a", "data->a->b"), DOCUMENTS),
    "id": [*compared("10", "9223372036854775808"), "in.(5,10)", "lt(all).{9,20}"],
    "data": [*DOCUMENTS, "cs.{}", 'cs.{"a":1}', 'cd.{"a":1}'],
    "tags": [*compared("{me}", "{"), "cs.{me}", "cd.{me,b}", "ov.{b}"],
    "span": [*compared("[1,5)", "[5,1)"), *(f"{one}.[1,5)" for one in RANGED)],
    "size": compared("1", "1e5", "9223372036854775807"),
    "part": compared("1.5", "1e400"),
    "day": compared("2026-01-01", "never"),
    "price": compared("12.5", "1e999", "x"),
    "firm": compared("1", "2"),
    "firms": ["is.null"],
    "lines": ["is.null"],
}
VIEWED = {"id": ASKED["id"], "low": TEXTUAL, "mine": TEXTUAL, "text": TEXTUAL, "data": DOCUMENTS}
BELOW = {"id": ASKED["id"], "row": ASKED["id"], "body": TEXTUAL, "own": ["is.null"]}
SELECTS = [
    *("*", "id,text::int", "id,size::text,part::int", "id,data->a,data->>a", "id,tags::text"),
    *("grumble,id", "count()", "size.sum(),owner", "part.max(),data->a", "price.avg()"),
    *(
        "id,firms(name),lines(body)",
        "id,firms!inner(name),lines(id)",
        "id,firms(id),lines!inner(*)",
    ),
    *("id,...firms(firm:name),lines(own(id,grumble))", "id,text::jsonb", "id,day::text,span"),
    *("id,price::int", "text::numeric", "id,firms(),lines()"),
]
PLAIN = ["*", "id,text::int", "low,mine", "data->a,data->>a", "low.max(),id.count()", "id,low::int"]
CHILDREN = ["*", "id,own(*)", "own!inner(id,grumble)", "...own(text),id", "body::int", "count()"]
ORDERS = ["id", "text.desc", "data->a", "data->>a.desc", "id.desc", "text.nullsfirst"]
MORE = [*ORDERS, "span", "grumble", "firms(name)", "size", "price,part", "day"]
#: What may be asked of each table: selects, filters, orders, and what is filtered inside.
TABLES: dict[str, tuple[list[str], dict[str, list[str]], list[str], list[str]]] = {
    "shown": (PLAIN, VIEWED, ORDERS, []),
    "rpc/given": (SELECTS, ASKED, MORE, ["firms.name", "lines.body"]),
    "lines": (CHILDREN, BELOW, ["id", "body", "own(text)"], ["own.text", "own.grumble"]),
    **{
        name: (SELECTS, ASKED, MORE, ["firms.name", "lines.body"])
        for name in RULES
        if name == "own"
    },
    **{name: (SELECTS, ASKED, MORE, ["firms.name"]) for name in RULES if name != "own"},
}


@st.composite
def filters(draw: st.DrawFn, fields: dict[str, list[str]]) -> tuple[str, str]:
    """Draw a column and what is asked of it."""
    name = draw(st.sampled_from(list(fields)))
    return name, draw(st.sampled_from(["", "", "not."])) + draw(st.sampled_from(fields[name]))


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, str, dict[str, Any], dict[str, str]]:
    """Draw a method, a path, its parameters and its headers."""
    path = draw(st.sampled_from([*TABLES, "own"]))
    methods = ["GET", "GET", "HEAD", "BATCH", "PATCH", "DELETE"]
    method = draw(st.sampled_from(methods[: 3 if path.startswith("rpc/") else None]))
    selects, fields, orders, inside = TABLES[path]
    fields = {
        name: fields[name] for name in fields if path in ("own", "rpc/given") or name != "lines"
    }
    params: dict[str, Any] = {"select": draw(st.sampled_from(selects))}
    if path not in ("own", "lines", "shown", "rpc/given"):
        params["select"] = params["select"].split(",lines", 1)[0]
    params |= dict(draw(st.lists(filters(fields), max_size=2)))
    if draw(st.booleans()):
        parts = draw(st.lists(filters(fields), min_size=2, max_size=3))
        joined = ",".join(f"{name}.{asked}" for name, asked in parts)
        word = draw(st.sampled_from(["or", "and", "not.or"]))
        params[word] = f"({joined})"
    if draw(st.booleans()) and inside:
        place = draw(st.sampled_from(inside))
        params[place] = draw(st.sampled_from(TEXTUAL))
    if draw(st.booleans()):
        params["order"] = draw(st.sampled_from(orders))
        params["limit"] = draw(st.sampled_from(["1", "2", "100"]))
    wanted = draw(st.sampled_from(["", "count=exact", "count=planned", "return=minimal"]))
    return method, path, params, {"prefer": wanted} if wanted else {}


def told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """Return all of an answer that does not say when it was given."""
    headers = {name: text for name, text in answer.headers.items() if name != "server-timing"}
    if "x-jotbase-cursor" in headers:  # its second half names the database, which there are two of
        headers["x-jotbase-cursor"] = headers["x-jotbase-cursor"].partition("-")[0]
    return answer.status, headers, answer.body


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=questions())
def test_hidden_rows_change_no_answer(
    callers: tuple[Client, Client], asked: tuple[str, str, dict[str, Any], dict[str, str]]
) -> None:
    """Status, headers, body and error of any question are those of a table without them."""
    method, path, params, headers = asked
    body: Any = {"size": 3} if method == "PATCH" else None

    target = f"/rest/v1/{path}"
    if method == "BATCH":
        query = urlencode(params)
        body = [{"method": "GET", "path": f"{path}?{query}", "headers": headers}] * 2
        method, target, params, headers = "POST", "/rest/v1/", {}, {}

    bare, crowded = (told(one.request(method, target, params, body, headers)) for one in callers)

    assert crowded == bare
