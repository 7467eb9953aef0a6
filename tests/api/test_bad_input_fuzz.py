"""Requests that nobody wrote: whatever comes in, a known status goes out and the rows stay.

Every example is one request of a visitor, who may read, insert and change, but not the canary: no
request of theirs may touch it, lose a table, or be answered with a fault of the server's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.data_world import Pairs, Serve, table

from jotbase.values import Response

COLUMNS = {
    "name": {"type": ["string", "null"]},
    "size": {"type": ["integer", "null"]},
    "part": {"type": ["number", "null"]},
    "price": {"type": ["string", "null"], "format": "decimal"},
    "made": {"type": ["string", "null"], "format": "date-time"},
    "open": {"type": ["boolean", "null"]},
    "tags": {"type": ["array", "null"], "items": {"type": "string"}},
    "doc": {"type": ["object", "null"]},
    "pin": {"type": ["string", "null"], "writeOnly": True},
    "safe": {"type": "boolean", "default": False},
}
ACCESS = {
    "select": "True",
    "insert": "not new.safe",
    "update": "not row.safe and not new.safe",
    "delete": "not row.safe",
}
CANARY = {"name": "canary", "size": 7, "doc": {"a": [1]}, "pin": "hush-hush", "safe": True}
#: By these the server says that a feature is missing, or that it had too much to do.
BY_DESIGN = frozenset((501, 503, 504))
KINDS = (
    *[b"application/json"] * 4,
    b"text/csv",
    b"application/x-www-form-urlencoded",
    b"text/plain",
)
METHODS = ("GET", "GET", "HEAD", "POST", "POST", "PATCH", "PATCH", "PUT", "DELETE", "OPTIONS")

WORDS = (
    *(*COLUMNS, "id", "nope", "things", "*", "count", "any", "all", "asc", "desc", "sum", "text"),
    *("not", "or", "and", "eq", "is", "in", "null", "true", "NaN", "1e400", "-0", "9" * 30, "1"),
    *("(", ")", ",", ".", ":", "::", "->", "->>", "{", "}", "[", "]", '"', "'", "...", "!", "-1"),
    *("%", "%00", "%ff", "%27", "%22", "+", "&", "=", ";", "--", "\\", "/", "?", "#", " ", "\xe9"),
    *("2026-01-01", "2026-01-01T00:00:00Z", "DROP TABLE things", "../"),
)
OPERATORS = (
    *("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is"),
    *("isdistinct", "cs", "cd", "ov", "fts", "plfts", "wfts", "eq(any)", "like(all)", "nope"),
    *("eq", "eq", "neq", "gt", "lt"),
)
OPERANDS = (
    *(
        "1",
        "1",
        "2",
        "3",
        "-1",
        "a",
        "null",
        "true",
        "(1,2)",
        "(a,canary)",
        "{a,b}",
        "{}",
        '{"a":1}',
        "%2A",
        "",
    ),
    *("2026-01-01T00:00:00Z", "0.5", "canary", "[a", "(", "9" * 20, "%25a%25", "%ff", "%00"),
)
VALUES: tuple[Any, ...] = (
    "a",
    "",
    "canary",
    0,
    1,
    -1,
    7,
    0.5,
    2**63,
    True,
    None,
    [],
    ["a"],
    {},
    {"a": [1]},
)

Strategy = st.SearchStrategy[Any]


def mostly(usual: Strategy, *odd: Strategy) -> Strategy:
    """Draw from `usual` three times out of four."""
    return st.sampled_from([*[usual] * 3 * len(odd), *odd]).flatmap(lambda chosen: chosen)


word = st.sampled_from(WORDS)
words = st.lists(word, max_size=8).map("".join)
column = st.sampled_from((*COLUMNS, *["id"] * 5, *["name"] * 3, "nope", "doc->a", "doc->>a"))
condition = st.builds(
    "{}={}{}.{}".format,
    column,
    st.sampled_from(("", "", "not.")),
    st.sampled_from(OPERATORS),
    st.sampled_from(OPERANDS),
)
tree = st.builds(
    "{}=({},{})".format,
    st.sampled_from(("and", "or", "not.or")),
    *[condition.map(lambda text: text.replace("=", ".", 1))] * 2,
)
listed = st.lists(column, min_size=1, max_size=3).map(",".join)
asked = st.builds(
    "{}={}".format, st.sampled_from(("select", "order", "columns", "on_conflict")), listed
)
windowed = st.builds("{}={}".format, st.sampled_from(("limit", "offset")), st.integers(-1, 9))
spoilt = st.builds(
    "{}={}".format, column | st.sampled_from(("select", "order", "and", "limit", "")), words
)
query = mostly(
    st.lists(condition, min_size=1, max_size=2),
    st.lists(condition | tree | asked | windowed, max_size=4),
    st.lists(condition | spoilt, max_size=3),
).map(lambda pieces: "&".join(pieces).encode())
path = mostly(
    st.just(b"/rest/v1/things"),
    words.map(lambda text: b"/rest/v1/" + text.encode()),
    st.binary(max_size=12).map(lambda raw: b"/" + raw.replace(b"?", b"")),
)
value = mostly(
    st.sampled_from(VALUES),
    st.recursive(
        st.integers() | st.floats() | st.text(max_size=8) | word,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(word, inner, max_size=3),
        max_leaves=6,
    ),
)
row = st.dictionaries(st.sampled_from(tuple(COLUMNS)), value, max_size=3)
body = mostly(
    (row | st.lists(row, max_size=3)).map(lambda content: json.dumps(content).encode()),
    st.dictionaries(word, value, max_size=3).map(lambda content: json.dumps(content).encode()),
    st.just(b"name,size\na,1\n") | st.just(b"name=a&size=1"),
    st.binary(max_size=30) | words.map(str.encode),
)
PREFERENCES = (
    *(
        "return=representation",
        "return=headers-only",
        "return=minimal",
        "count=exact",
        "tx=rollback",
    ),
    *("resolution=merge-duplicates", "resolution=ignore-duplicates", "missing=default"),
    *("handling=strict", "handling=strict,max-affected=1", "nope=1"),
)
header = st.one_of(
    st.tuples(st.just(b"prefer"), st.sampled_from(PREFERENCES).map(str.encode)),
    st.tuples(
        st.sampled_from((b"accept", b"range", b"content-type", b"prefer", b"origin", b"x-a")),
        st.sampled_from((b"application/vnd.pgrst.object+json", b"text/csv", b"0-0", b"5-1", b"*/*"))
        | st.binary(max_size=9),
    ),
)
credentials = st.sampled_from(
    (*[()] * 12, ((b"authorization", b"Bearer x.y.z"),), ((b"apikey", b"\xff"),))
)


class Yard:
    """A backend and its canary, looked at past every rule."""

    def __init__(self, serve: Serve) -> None:
        things = table(COLUMNS, access=ACCESS, unique=[["name"]])
        backend = serve({"things": things, "others": table({"text": {"type": "string"}})})
        assert backend.service.post("/things", CANARY).status == 201
        self.wire = serve.wire(backend)
        self._serve = serve
        self._engine = backend._backend.engine
        self.before = self.look()

    def look(self) -> list[Any]:
        """Return the canary as the database has it, and all that the database is made of."""
        questions = (
            "SELECT * FROM things WHERE safe",
            "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2",
            'SELECT count(*) FROM "auth.users"',
        )
        run = self._serve.threads.run
        return [list(run(self._engine.read(question, ()))) for question in questions]


@pytest.fixture(scope="module")
def yard(_serve: Serve) -> Iterator[Yard]:
    yield Yard(_serve)
    _serve.close()


def check(answer: Response, path: bytes) -> None:
    """Hold an answer against what every answer must be."""
    assert answer.status < 500 or answer.status in BY_DESIGN, answer
    assert b"hush-hush" not in answer.body
    assert not any(mark in value for _, value in answer.headers for mark in "\r\n\0")
    kind = answer.header("content-type") or ""
    told = orjson.loads(answer.body) if answer.body and "json" in kind else None
    if answer.status >= 400 and answer.body:
        assert isinstance(told, dict), answer
        if path.startswith(b"/rest/v1/"):
            own = {"operation"} if path.strip(b"/") == b"rest/v1" else set()  # a batch's place
            assert told.keys() - own == {"code", "details", "hint", "message"}


@settings(
    max_examples=700,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(METHODS),
    path=path,
    query=query,
    headers=st.tuples(credentials, st.lists(header, max_size=2)).map(
        lambda two: [*two[0], *two[1]]
    ),
    kind=st.sampled_from(KINDS),
    body=body,
)
def test_no_request_brings_the_server_down_or_touches_what_is_not_its_own(
    yard: Yard, method: str, path: bytes, query: bytes, headers: Pairs, kind: bytes, body: bytes
) -> None:
    """Statuses below 500, errors in their shape, the canary and the tables as they were."""
    answer = yard.wire.ask(method, path + b"?" + query, [(b"content-type", kind), *headers], body)

    check(answer, path)
    assert yard.look() == yard.before
