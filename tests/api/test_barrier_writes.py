"""Writes, and all forms of an answer, are the same whether hidden rows exist or not.

As `test_barrier`, with bodies that fit and do not, every header that changes an answer, and what a
write gives back. No row proposes a key: a key that is taken is taken, whoever may see it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.data_world import Serve
from tests.api.test_barrier import ASKED, filled, told

from jotbase.testing.client import Client

#: New rows and changes: what is seen, what is not, what breaks types, limits and references.
ROWS: list[dict[str, Any]] = [
    {"owner": "me", "firm": 1, "text": "new", "data": {"mine": True}, "tags": ["me"]},
    {"owner": "you", "firm": 2, "text": "new"},
    {"owner": "me", "firm": 9},
    {"owner": "me", "size": "x"},
    {"owner": "me", "size": 2**63},
    {"owner": None},
    {"owner": "me", "span": "[9,1)"},
    {"owner": "me", "day": "2026-02-30"},
    {"owner": "me", "nothing": 1},
    {"text": "x" * 100, "price": "1e400"},
    {},
]
TABLES = ["own", "looked", "followed", "inside", "never"]
SELECTS = [
    "*",
    "text,owner",
    "count()",
    "text,firms(name)",
    "grumble",
    "size.sum(),text",
    "nothing",
]
ACCEPTS = [
    "application/json",
    "text/csv",
    "application/vnd.pgrst.object+json",
    "application/vnd.pgrst.object+json;nulls=stripped",
    "application/vnd.pgrst.array+json;nulls=stripped",
    "application/geo+json",
]
PREFERS = [
    *("return=representation", "return=minimal", "return=headers-only", "missing=default"),
    *("count=exact", "count=estimated", "count=planned", "handling=strict", "max-affected=1"),
    *("handling=strict,max-affected=0", "resolution=merge-duplicates", "timezone=Asia/Tokyo"),
    "resolution=ignore-duplicates",
]


@pytest.fixture
def callers(serve: Serve) -> tuple[Client, Client]:
    """Give a visitor of a backend without hidden rows, and of one with them."""
    bare = filled(serve, False, "(10, 10, 'a line'), (20, 20, '')")
    lines = "(10, 10, 'a line'), (20, 20, ''), (30, 5, 'hidden'), (40, 10, 'hidden')"
    return bare.anonymous, filled(serve, True, lines).anonymous


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], Any, dict[str, str]]:
    """Draw one request: method, path, parameters, body and headers."""
    method = draw(st.sampled_from(["GET", "HEAD", "POST", "PATCH", "PATCH", "DELETE"]))
    params = {"select": draw(st.sampled_from(SELECTS))}
    # The number that a new row is given counts hidden rows too, as a sequence does.
    selects = SELECTS[1:] if method == "POST" else SELECTS
    params["select"] = draw(st.sampled_from(selects))
    if method != "POST":
        names = draw(st.lists(st.sampled_from([*ASKED][:-2]), max_size=2))
        params |= {name: draw(st.sampled_from(ASKED[name])) for name in names}
    if draw(st.booleans()):
        params |= {"order": draw(st.sampled_from(["id", "text", "size.desc"])), "limit": "2"}
    if draw(st.booleans()):
        params["offset"] = draw(st.sampled_from(["0", "1", "3", "99"]))
    body = None
    if method in ("POST", "PATCH"):
        some = draw(st.lists(st.sampled_from(ROWS), min_size=1, max_size=2))
        body = some if method == "POST" else some[0]
    prefer = draw(st.lists(st.sampled_from(PREFERS), max_size=3))
    if method == "POST":  # Location would tell that number
        prefer = [one for one in prefer if one != "return=headers-only"]
    headers = {"accept": draw(st.sampled_from([ACCEPTS[0], *ACCEPTS]))}
    headers |= {"prefer": ",".join(prefer) or "return=minimal"}
    if draw(st.booleans()):
        headers["range"] = draw(st.sampled_from(["0-0", "1-5", "50-60", "9-1"]))
    return method, draw(st.sampled_from(TABLES)), params, body, headers


def sent(client: Client, asked: tuple[str, str, dict[str, str], Any, dict[str, str]]) -> Any:
    """Return all that is told of one request."""
    method, table, params, body, headers = asked
    return told(client.request(method, f"/rest/v1/{table}", params, body, headers))


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=requests())
def test_hidden_rows_change_no_answer_of_a_write(
    callers: tuple[Client, Client],
    asked: tuple[str, str, dict[str, str], Any, dict[str, str]],
) -> None:
    """Status, headers, body and error, whatever form is asked for."""
    bare, crowded = (sent(one, asked) for one in callers)

    assert crowded == bare


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(several=st.lists(requests(), min_size=1, max_size=4))
def test_hidden_rows_change_no_batch(
    callers: tuple[Client, Client],
    several: list[tuple[str, str, dict[str, str], Any, dict[str, str]]],
) -> None:
    """Nor which operation of it fails, nor how."""
    operations = [
        {
            "method": "GET" if method == "HEAD" else method,
            "path": f"{table}?{urlencode(params)}",
            "headers": headers,
            **({} if body is None else {"body": body}),
        }
        for method, table, params, body, headers in several
    ]

    bare, crowded = (told(one.request("POST", "/rest/v1/", None, operations)) for one in callers)

    assert crowded == bare
