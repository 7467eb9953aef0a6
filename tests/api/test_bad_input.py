"""Bad input gets a clear error and changes nothing: bodies, queries, paths and headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from tests.api.data_world import Schema, Serve, Wire, refused, table

from jotbase.testing import TestBackend
from jotbase.values import Response

NULLABLE = {
    "size": {"type": ["integer", "null"]},
    "part": {"type": ["number", "null"]},
    "price": {"type": ["string", "null"], "format": "decimal"},
    "made": {"type": ["string", "null"], "format": "date-time"},
    "day": {"type": ["string", "null"], "format": "date"},
    "key": {"type": ["string", "null"], "format": "uuid"},
    "data": {"type": ["string", "null"], "contentEncoding": "base64"},
    "open": {"type": ["boolean", "null"]},
    "tags": {"type": ["array", "null"], "items": {"type": "string"}},
    "doc": {"type": ["object", "null"]},
}
THINGS = table({"name": {"type": "string"}} | NULLABLE, required=["name"], unique=[["name"]])
BELL: Schema = {"id": 1, "name": "bell"} | dict.fromkeys(NULLABLE)
JSON = (b"content-type", b"application/json")
PATH = b"/rest/v1/things"


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"things": THINGS}, max_body=100_000)


@pytest.fixture
def wire(serve: Serve, backend: TestBackend) -> Iterator[Wire]:
    """A backend with one row, which is the same, and alone, when the test is over."""
    assert backend.service.post("/things", {"name": "bell"}).status == 201
    yield serve.wire(backend)
    assert backend.service.get("/things").json() == [BELL]


def insert(wire: Wire, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    return wire.ask("POST", PATH, headers or (JSON,), body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"1",
        b'"name"',
        b'{"name": "x",}',
        b'{"name": "x"}}',
        b'{"name": NaN}',
        b"\xef\xbb\xbf{}",
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a\x00b"}',
        b'{"name": 1e400}',
        b"[1]",
        b"[null]",
        b'[{"name": "x"}, {"size": 1}]',
    ],
)
def test_a_body_that_is_no_json_row_is_refused(wire: Wire, body: bytes) -> None:
    """PGRST102, whatever is wrong with it."""
    refused(insert(wire, body), 400, "PGRST102")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name": "a\\u0000b"}', "22P05"),
        (b'{"name": "x", "doc": {"\\u0000": 1}}', "22P05"),
        (b'{"name": "x", "doc": {"a": ' + b"[" * 120 + b"]" * 120 + b"}}", "54001"),
        (b"[" * 50_000, "54001"),
        (b'{"a":' * 10_000, "54001"),
        (b'{"name": "x", "nope": 1}', "PGRST204"),
        (b'{"name": "x", "": 1}', "PGRST204"),
        (b'{"name": "x", "size\\"; DROP TABLE things;--": 1}', "PGRST204"),
        (b'{"name": "bell"}', "23505"),
    ],
)
def test_a_row_that_cannot_be_is_refused(wire: Wire, body: bytes, code: str) -> None:
    """U+0000, too deep nesting, unknown columns and taken keys have their codes."""
    assert orjson.loads(insert(wire, body).body)["code"] == code


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("size", "9223372036854775808", "22003"),
        ("size", "-9223372036854775809", "22003"),
        ("size", "18446744073709551616", "22003"),
        ("doc", '{"a": [-9223372036854775809]}', "22003"),
        ("price", "12345678901234567890123", "22003"),
        ("size", "1e19", "22003"),
        ("size", "1" + "0" * 400, "PGRST102"),
        ("size", "1e400", "PGRST102"),
        ("size", "0.5", "23514"),
        ("size", '"1"', "23514"),
        ("size", "true", "23514"),
        ("part", "1e400", "PGRST102"),
        ("part", '"NaN"', "23514"),
        ("price", '"1e400"', "22003"),
        ("price", '"1234567890.1234567"', "22003"),
        ("price", '"NaN"', "23514"),
        ("price", '"٣"', "23514"),
        ("made", '"2026-02-30T00:00:00Z"', "23514"),
        ("made", '"0001-01-01T00:00:00+14:00"', "22008"),
        ("made", '"9999-12-31T23:59:59-14:00"', "22008"),
        ("made", "1", "23514"),
        ("day", '"2026-02-29"', "23514"),
        ("key", '"{00000000-0000-0000-0000-000000000000}"', "23514"),
        ("data", '"a"', "23514"),
        ("open", "1", "23514"),
        ("tags", '["a", null]', "23514"),
        ("tags", '["a\\u0000"]', "22P05"),
        ("doc", "[]", "23514"),
        ("doc", '{"a": 9223372036854775808}', "22003"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused(
    wire: Wire, column: str, value: str, code: str
) -> None:
    """Numbers out of range, wrong types, days that do not exist."""
    answer = insert(wire, f'{{"name": "x", "{column}": {value}}}'.encode())

    refused(answer, 400, code)


@pytest.mark.parametrize(
    ("column", "sent", "stored"),
    [
        ("size", "-0", "0"),
        ("size", "9223372036854775807", "9223372036854775807"),
        ("size", "-9223372036854775808", "-9223372036854775808"),
        ("size", "1e3", "1000"),
        ("part", "1e-400", "0.0"),
        ("part", "0.1", "0.1"),
        ("price", '"001.50"', "1.5"),
        ("made", '"2026-01-01t00:00:00+14:00"', '"2025-12-31T10:00:00+00:00"'),
        ("key", '"ABCDEFAB-0000-4000-8000-000000000000"', '"abcdefab-0000-4000-8000-000000000000"'),
    ],
)
def test_a_value_at_the_edge_is_kept(
    backend: TestBackend, serve: Serve, column: str, sent: str, stored: str
) -> None:
    """What fits comes back as the type writes it, to the digit."""
    wire = serve.wire(backend)
    answer = wire.ask(
        "POST",
        PATH + b"?select=" + column.encode(),
        [JSON, (b"prefer", b"return=representation")],
        f'{{"name": "x", "{column}": {sent}}}'.encode(),
    )

    assert answer.body.decode() == f'[{{"{column}":{stored}}}]'


def test_a_body_over_the_limit_is_refused(wire: Wire) -> None:
    """413 before it is read when it is announced, and while it is read when it is not."""
    large = b'{"name": "' + b"x" * 100_000 + b'"}'

    for headers in ([JSON, (b"content-length", b"100012")], [JSON]):
        told = refused(insert(wire, large, *headers), 413, "53400")
        assert told["details"] == "The limit is 100000 bytes."
    announced = insert(wire, b"", JSON, (b"content-length", b"9" * 300))
    refused(announced, 413, "53400")


def test_too_many_rows_are_refused(serve: Serve) -> None:
    """However short they are: each takes a kilobyte while it is written."""
    backend = serve({"things": THINGS})

    answer = serve.wire(backend).ask("POST", PATH, [JSON], b"[" + b"{}," * 100_000 + b"{}]")

    refused(answer, 413, "53400")


@pytest.mark.parametrize("kind", [b"text/plain", b"application/octet-stream", b"a/b; c=d", b";"])
def test_another_content_type_is_refused(wire: Wire, kind: bytes) -> None:
    """There is nothing to read rows from."""
    refused(insert(wire, b'{"name": "x"}', (b"content-type", kind)), 400, "PGRST102")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"text/csv", b"\xff"),
        (b"text/csv", b'"a\nb'),
        (b"text/csv", b"name,size\nx"),
        (b"text/csv", b""),
        (b"application/x-www-form-urlencoded", b"\xff=1"),
        (b"application/x-www-form-urlencoded", b"name=%ff"),
    ],
)
def test_csv_and_forms_are_read_as_strictly(wire: Wire, kind: bytes, body: bytes) -> None:
    """Broken UTF-8, open quotes and missing fields are refused."""
    assert insert(wire, body, (b"content-type", kind)).status == 400


SQL = (
    "' OR 1=1 --",
    '"; DROP TABLE things; --',
    "1); DELETE FROM things; --",
    'x\') UNION SELECT encrypted_password FROM "auth.users" --',
    "?1",
    ":x",
    "\\",
    "/*",
)


@pytest.mark.parametrize("text", SQL)
@pytest.mark.parametrize(
    "query",
    [
        "{}=eq.1",
        "size=eq.{}",
        "size=in.({})",
        "size={}",
        "size={}.1",
        "select={}",
        "select=name:{}",
        "select=name::{}",
        "select=doc->{}->>{}&{}=x",
        "select={}(*)",
        "order={}",
        "order=name.{}",
        "and=({})",
        "or=(size.eq.{})",
        "doc->{}=eq.{}&size=eq.x",
    ],
)
def test_sql_in_the_query_is_no_sql(wire: Wire, query: str, text: str) -> None:
    """Names must be known and values must fit: 400, and the table is as it was."""
    target = PATH + b"?" + query.replace("{}", quote(text)).encode()

    for method in ("GET", "PATCH", "DELETE"):
        assert wire.ask(method, target, [JSON], b'{"size": 1}').status == 400


@pytest.mark.parametrize("text", SQL)
def test_sql_for_a_limit_is_no_limit(wire: Wire, text: str) -> None:
    """It is read over, as PostgREST reads over it; nothing of it reaches the database."""
    plain = wire.ask("GET", PATH + b"?order=id")
    asked = f"?order=id&limit={quote(text)}&offset={quote(text)}"

    assert wire.ask("GET", PATH + asked.encode()).body == plain.body


@pytest.mark.parametrize("text", [*SQL, "%", "_", "*", "a" * 10_000])
@pytest.mark.parametrize("operator", ["eq", "like", "ilike", "gt", "not.lt", "in"])
def test_sql_in_a_text_is_a_text(wire: Wire, operator: str, text: str) -> None:
    """A value of a text column is compared, whatever it looks like."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    operand = f'("{escaped}")' if operator == "in" else text
    target = PATH + f"?name={operator}.{quote(operand)}".encode()

    assert wire.ask("GET", target).status == 200


@pytest.mark.parametrize("text", SQL)
@pytest.mark.parametrize("query", ["columns={}", "on_conflict={}"])
def test_sql_in_a_writes_parameters_is_no_sql(wire: Wire, query: str, text: str) -> None:
    """`columns` and `on_conflict` name columns, or are refused."""
    target = PATH + b"?" + query.replace("{}", quote(text)).encode()
    merging = (b"prefer", b"resolution=merge-duplicates")

    assert wire.ask("POST", target, [JSON, merging], b'{"name": "bell"}').status == 400


@pytest.mark.parametrize("text", [*SQL, "é", "a" * 10_000, ",,,", "=", "count=", "a\r\nb: c"])
@pytest.mark.parametrize(
    "header", ["prefer", "accept", "range", "range-unit", "accept-profile", "x-client-info"]
)
def test_odd_headers_of_a_read_do_no_harm(wire: Wire, header: str, text: str) -> None:
    """They are ignored, or refused with a code; none comes back as a header."""
    answer = wire.ask("GET", PATH, [(header.encode(), text.encode("latin-1"))])

    assert answer.status in (200, 406)
    assert not any("\n" in value for _, value in answer.headers)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("name=eq.%ff", "PGRST100"),
        ("%ff=eq.1", "PGRST100"),
        ("name=eq.%00", "22P05"),
        ("name=eq.%ed%a0%80", "PGRST100"),
        ("select=" + "name(" * 100, "54001"),
        ("and=(" + "and(" * 100 + "size.eq.1" + ")" * 101, "54001"),
        ("select=doc" + "->a" * 100, "54001"),
        ("select=" + ",".join(["size"] * 3000), "54001"),
        ("order=" + ",".join(["size"] * 3000), "54001"),
        ("size=eq." + "9" * 5000, "22003"),
        ("size=eq.1e400", "22P02"),
        ("part=eq.1e400", "22003"),
        ("part=eq." + "1" * 20_000 + "e", "22P02"),
        ("made=eq.infinity", "22007"),
        ("made=eq.2026-01-01T00:00:00%2B99:99", "22008"),
        ("key=eq.x", "22P02"),
        ("open=eq.maybe", "22P02"),
        ("tags=cs.{a", "22P02"),
        ("size=fts.x", "42883"),
        ("name=is.x", "PGRST100"),
        ("name=foo.x", "PGRST100"),
        ("name=eq", "PGRST100"),
        ("=", "PGRST100"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(wire: Wire, query: str, code: str) -> None:
    """Broken UTF-8, depth, length and values of the wrong kind."""
    answer = wire.ask("GET", PATH + b"?" + query.encode())

    assert (orjson.loads(answer.body)["code"], answer.status // 100) == (code, 4)


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "name=match.(",
        "name=match.(%3F<!a)b",
        "name=match.a{1000}{1000}",
        "name=imatch." + "(" * 5000,
        "name=match." + "(a|" * 500,
    ],
)
def test_what_would_never_end_is_refused(wire: Wire, query: str) -> None:
    """Negative windows, and expressions that no automaton of a decent size can search for."""
    assert wire.ask("GET", PATH + b"?" + query.encode()).status in (400, 416)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("size=is.null&" * 500, 1),
        ("select=name&" * 2000, 1),
        ("or=(" + ",".join(f"name.eq.{n}" for n in range(500)) + ")", 0),
        ("name=in.(" + ",".join(str(n) for n in range(10_000)) + ",bell)", 1),
        ("name=like." + "%25" * 3000, 1),
        ("name=like." + "%25a" * 3000, 0),
        ("name=ilike." + "_" * 3000, 0),
        ("name=match." + "a*" * 500 + "b", 1),
        ("limit=9223372036854775807", 1),
        ("offset=9223372036854775807", 0),
    ],
)
def test_much_is_not_too_much(wire: Wire, query: str, rows: int) -> None:
    """Thousands of parameters, long lists and patterns of nothing but wildcards are answered."""
    answer = wire.ask("GET", PATH + b"?" + query.encode())

    assert (answer.status, len(orjson.loads(answer.body))) == (200, rows)


def test_no_pattern_takes_the_server_with_it(backend: TestBackend) -> None:
    """An expression that backtracks would take longer than the age of the universe here."""
    backend.service.post("/things", {"name": "a" * 5000 + "!"})

    answer = backend.service.get("/things", {"name": "match.(a+)+$"})

    assert (answer.status, answer.json()) == (200, [])


def test_no_refusal_looks_inside(wire: Wire, caplog: Any) -> None:
    """No trace, no SQL, no path of a file in what is told; and nothing of it was logged."""
    for target in (b"?nope=eq.1", b"?size=eq.x", b"?select=", b"?order=doc->>a.b"):
        answer = wire.ask("GET", PATH + target)
        for word in (b"Traceback", b"SELECT", b".py", b"sqlite"):
            assert word not in answer.body
    assert caplog.records == []
