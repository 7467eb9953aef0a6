"""Requests that make sense, put together at random: all that the data API can be asked, at once.

Where `test_bad_input_fuzz` spoils requests, these are mostly understood, so that they come as far
as the database: relations, casts, aggregates, plans, several preferences and forms of body. None
is answered with a fault of the server's own, and no text of a request ever stands in SQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import apsw
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.data_world import OPEN, Pairs, Serve, Wire, table

from jotbase.values import Response

#: Stands in values, in names and between them; what holds it came from a request.
NEEDLE = "n33dle"

TEXT: dict[str, Any] = {"type": ["string", "null"]}
COLUMNS = {
    "name": TEXT,
    "size": {"type": ["integer", "null"]},
    "part": {"type": ["number", "null"]},
    "price": {"type": ["string", "null"], "format": "decimal"},
    "day": {"type": ["string", "null"], "format": "date"},
    "made": {"type": ["string", "null"], "format": "date-time"},
    "open": {"type": "boolean", "default": False},
    "tags": {"type": "array", "items": {"type": "string"}, "default": []},
    "doc": {"type": ["object", "null"]},
    "pic": {"type": ["string", "null"], "contentEncoding": "base64"},
    "firm": {"type": ["integer", "null"], "references": "firms.id"},
    "boss": {"type": ["integer", "null"], "references": "jobs.id"},
}
RULES = OPEN | {"update": "row.size is None or new.size is not None", "delete": "not row.open"}
PAIRS = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "firm": {"type": "integer", "references": "firms.id"},
        "size": COLUMNS["size"],
        "open": COLUMNS["open"],
    },
    "required": ["name", "firm"],
    "primaryKey": ["name", "firm"],
    "withoutRowid": True,
    "access": RULES,
}
SMALL = {
    "type": "object",
    "properties": {name: COLUMNS[name] for name in ("size", "name", "firm", "open")}
    | {"id": {"type": "integer"}, "loud": TEXT},
    "view": "SELECT id, size, name, firm, open, upper(name) AS loud FROM jobs WHERE size < 5",
    "access": RULES,
}
TABLES = {
    "firms": table({"name": TEXT, "size": COLUMNS["size"], "open": COLUMNS["open"]}, access=RULES),
    "jobs": table(COLUMNS, access=RULES, unique=[["name"]], indexes=[["size", "made"]]),
    "pairs": PAIRS,
    "small": SMALL,
}

Strategy = st.SearchStrategy[Any]


def words(text: str) -> Strategy:
    return st.sampled_from(text.split())


def joined(separator: str, parts: Strategy, least: int = 1, most: int = 3) -> Strategy:
    return st.lists(parts, min_size=least, max_size=most).map(separator.join)


def filled(form: str, *parts: Strategy) -> Strategy:
    return st.builds(form.format, *parts)


def rarely(odd: Strategy, usual: Strategy) -> Strategy:
    return st.integers(0, 9).flatmap(lambda roll: usual if roll else odd)


known = words("id name name size size open firm")
column = rarely(rarely(st.just(NEEDLE), words("part price day made tags doc pic boss loud")), known)
path = rarely(filled("doc->{}->>{}", words("a 0 n33dle 'b"), words("a -1 n33dle")), column)
cast = rarely(words("int4 n33dle"), words("text integer numeric bool date timestamptz jsonb"))
literal = words(
    """
    1 2 -1 0.5 9223372036854775808 a n33dle null true 2026-01-01 2026-01-01T00:00:00Z {a,n33dle} {}
    {"a":1} [1] "n33dle" (1,2) (a,"n33dle\\"x") %n33dle% ^n33dle $ \\ ' * NaN 1e999
    """
)
operator = words(
    """
    eq neq gt gte lt lte like ilike match imatch in is isdistinct cs cd ov fts plfts phfts wfts
    fts(n33dle) fts(english) eq(any) like(all) gt(any) not.eq not.in not.is sl n33dle
    """
)


def fits(columns: str, operators: str, literals: str) -> Strategy:
    """Return conditions that make sense, as column, operator and literal."""
    return st.tuples(words(columns), words(operators), words(literals))


asked = rarely(
    st.tuples(path, operator, literal),
    st.one_of(
        fits("id size firm boss", "eq neq gt not.lte isdistinct not.eq", "1 2 3 -1 99999"),
        fits("id size firm doc->a", "in not.in", "(1,2) (1) ()"),
        fits("id size firm", "eq(any) not.eq(all) gt(any) lte(all)", "{1,2} {3} {}"),
        fits("name doc->>a tags->>0", "eq lt gte like ilike match imatch", "a n33dle n33dle* ^n3"),
        fits("name", "like(any) not.ilike(all) eq(any) match(any)", "{n33dle,a} {*n3*} {}"),
        fits("name", "in not.in fts plfts phfts not.wfts fts(english)", '(a,"n33dle") n33dle'),
        fits("name size open doc boss", "is not.is", "null"),
        fits("open", "is not.is eq isdistinct", "true false"),
        fits("part price doc->n", "eq gt not.lt isdistinct", "0.5 -1 1e3 12"),
        fits("day made", "eq gt lte not.gt", "2026-01-01 1999-12-31"),
        fits("tags", "cs cd ov not.cs eq", "{} {n33dle} {a,b}"),
        fits("doc", "cs cd eq neq not.cs", '{} {"a":"n33dle"} {"n33dle":[1]}'),
    ),
)
condition = asked.map(lambda three: "{}={}.{}".format(*three))
leaf = asked.map(lambda three: "{}.{}.{}".format(*three))
tree = filled("{}=({},{})", words("and or not.and not.or"), leaf, leaf)
deep = filled("or=({},and({},not.or({},{})))", leaf, leaf, leaf, leaf)
renamed = filled("{}:{}", words("x n33dle id a'b"), path)
total = filled("{}.{}()", words("size id"), words("count sum avg min max")) | st.just("count()")
odd = filled("{}.{}()", column, words("count sum n33dle"))
field = rarely(odd, st.one_of(path, path, st.just("*"), renamed, filled("{}::{}", path, cast)))
relation = rarely(words("boss jobs!boss n33dle"), words("firms jobs firm pairs small"))
key = words("k: n33dle: ...") | st.just("")
join = words("!inner !left") | st.just("")
embed = filled("{}{}{}({})", key, relation, join, joined(",", field, 0))
select = filled("select={}", joined(",", field | embed, 1, 4) | joined(",", total | known))
order = filled(
    "order={}", joined(",", filled("{}{}", path, st.just("") | words(".asc .desc .desc.nullslast")))
)
window = filled(
    "{}={}", words("limit offset limit offset firms.limit"), rarely(literal, words("0 1 3"))
)
inside = filled("select=id,{0}(id)&{0}.{1}", words("firms jobs"), condition | order)
named = filled("{}={}", words("columns on_conflict"), joined(",", column))
piece = st.one_of(condition, condition, tree, deep, order, window)
query = st.tuples(st.lists(piece, max_size=2).map("&".join), select | inside | st.just(""))

value = st.sampled_from(
    (
        *(NEEDLE, NEEDLE, "a", "", 1, 2, -1, 0.5, 2**64, True, None, [], [NEEDLE], {"a": NEEDLE}),
        *("1.50", "2026-01-01", "2026-01-01T00:00:00+02:00", "AP8="),
    )
)
fitting = st.fixed_dictionaries(
    {"name": words("a b c n33dle"), "firm": st.sampled_from((1, 2, 3))},
    optional={"size": st.sampled_from((None, 1, 7)), "open": st.booleans()},
)
row = rarely(st.dictionaries(column, value, min_size=1, max_size=4), fitting)
rows = (
    st.lists(row, max_size=3)
    | row
    | st.tuples(row, st.integers(1, 40)).map(lambda two: [two[0]] * two[1])
)
cell = words('a n33dle "n33dle" NULL 1 2.5 true {} {a} 2026-01-01 "a""b"') | st.just("")
lines = joined("\n", joined(",", cell, 2, 2), 0, 3)
sheet = filled("{}\n{}", joined(",", column, 2, 2), lines)
form = joined("&", filled("{}={}", column, literal))
content = st.one_of(
    st.tuples(st.just("application/json"), rows.map(json.dumps)),
    st.tuples(st.just("application/json"), rows.map(json.dumps)),
    st.tuples(st.just("text/csv"), sheet),
    st.tuples(st.just("application/x-www-form-urlencoded"), form),
    st.tuples(words("text/plain application/n33dle application/a+json"), form),
)

preference = words(
    """
    return=representation return=representation return=minimal return=headers-only count=exact
    count=planned count=estimated resolution=merge-duplicates resolution=ignore-duplicates
    missing=default missing=null handling=strict handling=lenient max-affected=1 max-affected=-1
    tx=rollback tx=commit timezone=UTC timezone=Asia/Tokyo timezone=n33dle n33dle
    """
)
usually = words(
    """
    return=representation return=representation return=minimal return=headers-only count=exact
    resolution=merge-duplicates resolution=ignore-duplicates missing=default handling=strict
    tx=rollback timezone=Asia/Tokyo
    """
)
media = words(
    """
    application/json text/csv */* application/vnd.pgrst.object+json text/n33dle
    application/vnd.pgrst.array+json application/vnd.pgrst.object+json;nulls=stripped
    application/vnd.pgrst.array+json;nulls=stripped application/vnd.pgrst.plan
    application/vnd.pgrst.plan+json;options=analyze|n33dle application/geo+json
    application/vnd.pgrst.plan+text;for="text/csv"
    """
)
accept = joined(", ", filled("{}{}", media, words(";q=0.5 ;q=0 ;q=n33dle") | st.just("")))
span = filled("{}-{}", words("0 1 5 -1 n33dle"), words("0 1 9 n33dle") | st.just(""))
header = st.one_of(
    st.tuples(st.just("prefer"), joined(", ", preference, 1, 4)),
    st.tuples(st.just("prefer"), joined(",", preference, 1, 4)),
    st.tuples(st.just("accept"), accept),
    st.tuples(st.just("range"), span | filled("items={}", span)),
    st.tuples(st.just("range-unit"), words("items n33dle")),
    st.tuples(words("accept-profile content-profile"), words("public auth n33dle")),
    st.tuples(words("x-forwarded-host origin"), words("https://n33dle.example n33dle")),
)
usual = st.one_of(
    st.tuples(st.just("prefer"), joined(", ", usually, 1, 3)),
    st.tuples(st.just("accept"), rarely(accept, st.just("application/json"))),
    st.tuples(st.just("range"), words("0-1 0- 1-5")),
)
methods = words("GET GET GET GET HEAD POST POST POST PATCH PATCH PUT DELETE")


class Office:
    """A backend over all of the tables, and the SQL that its database was given."""

    def __init__(self, serve: Serve, texts: list[str]) -> None:
        backend = serve(
            TABLES,
            plan=True,
            aggregates=True,
            unfiltered_writes=True,
            tx_end="commit-allow-override",
        )
        self.texts = texts
        self.wire: Wire = serve.wire(backend)
        service = backend.service
        service.post("/firms", [{"id": 1, "name": "a"}, {"id": 2, "name": NEEDLE}])
        service.post(
            "/jobs", [{"name": "a", "firm": 1, "size": 1}, {"name": "b", "firm": 2, "size": 9}]
        )
        service.post("/pairs", [{"name": "a", "firm": 1}, {"name": NEEDLE, "firm": 2}])

    def ask(self, method: str, target: str, query: str, headers: Pairs, body: bytes) -> Response:
        """Ask for a table; what SQL that takes is noted from here on."""
        self.texts.clear()
        line = f"/rest/v1/{target}?{quote(query, safe=SAFE)}".encode()
        return self.wire.ask(method, line, headers, body)


#: What a client would not escape, or has escaped already.
SAFE = "=&().,:*!'-_>%{}[]\"\\$^+;"


@pytest.fixture(scope="module")
def office(_serve: Serve) -> Iterator[Office]:
    texts: list[str] = []

    def note(cursor: apsw.Cursor, text: str, values: Any) -> bool:
        texts.append(text)
        return True

    def watch(connection: apsw.Connection) -> None:
        connection.exec_trace = note

    apsw.connection_hooks.append(watch)
    try:
        yield Office(_serve, texts)
    finally:
        apsw.connection_hooks.remove(watch)
        _serve.close()


def test_sql_is_noted(office: Office) -> None:
    """Reads and writes are seen, so that the needle would be."""
    assert office.ask("GET", "firms", f"name=eq.{NEEDLE}&select=id", [], b"").body == b'[{"id":2}]'
    assert any("SELECT" in text and '"firms"' in text for text in office.texts)
    body = json.dumps({"name": NEEDLE}).encode()
    office.ask("POST", "firms", "", [(b"prefer", b"tx=rollback")], body)
    assert any(text.startswith('INSERT INTO "firms"') for text in office.texts)


@settings(
    max_examples=1200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    method=methods,
    target=rarely(words("firms pairs small n33dle"), words("jobs jobs pairs")),
    query=query.map("&".join),
    names=rarely(named, st.none()),
    content=content,
    headers=rarely(st.lists(header, max_size=3), st.lists(usual, max_size=2)),
)
def test_all_that_can_be_asked_is_answered_and_bound(
    office: Office,
    method: str,
    target: str,
    query: str,
    names: str | None,
    content: tuple[str, str],
    headers: list[tuple[str, str]],
) -> None:
    """A status below 500, an error in its shape, and SQL that holds no text of the request."""
    kind, body = content
    sent = [(b"content-type", kind.encode()), *((a.encode(), b.encode()) for a, b in headers)]
    asked = query if names is None else f"{query}&{names}"
    answer = office.ask(method, target, asked, sent, body.encode())

    assert answer.status < 500, answer
    assert [text for text in office.texts if NEEDLE in text] == []
    if answer.status >= 400 and answer.body:
        told = orjson.loads(answer.body)
        assert told.keys() == {"code", "details", "hint", "message"}
