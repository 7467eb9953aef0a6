"""Bodies: what can be read as rows, and what cannot."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import asked, code_of

from jotbase.errors import RequestError
from jotbase.query.request.body import Cell, read_payload
from jotbase.query.request.intent import Intent, Payload

PLAIN = asked("POST /jobs")
CSV = asked("POST /jobs", content_type="text/csv")
FORM = asked("POST /jobs", content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b'{"id":1}', Payload(({"id": 1},), single=True)),
        (b'[{"id":1},{"id":2}]', Payload(({"id": 1}, {"id": 2}), single=False)),
        (b"{}", Payload(({},), single=True)),
        (b"[]", Payload((), single=False)),
        (b"[{}]", Payload(({},), single=False)),
    ],
)
def test_json(body: bytes, payload: Payload) -> None:
    """An object is one row, an array as many as it holds."""
    assert read_payload(body, PLAIN) == payload


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Empty or invalid json"),
        (b"{", "Empty or invalid json"),
        (b"1", "Empty or invalid json"),
        (b"null", "Empty or invalid json"),
        (b'"x"', "Empty or invalid json"),
        (b'{"a":NaN}', "Empty or invalid json"),
        (b'{"a":"\xff"}', "Empty or invalid json"),
        (b'[{"a":1},2]', "All object keys must match"),
        (b'[{"a":1},{"b":1}]', "All object keys must match"),
    ],
)
def test_what_is_no_json_rows(body: bytes, message: str) -> None:
    """Malformed JSON, scalars, broken UTF-8 and rows unlike each other are refused."""
    with pytest.raises(RequestError) as caught:
        read_payload(body, PLAIN)

    assert (caught.value.code, caught.value.message) == ("PGRST102", message)


@pytest.mark.parametrize(
    "intent",
    [asked("POST /jobs?columns=a,b"), asked("POST /jobs", prefer="missing=default")],
)
def test_rows_may_differ_where_the_request_says_so(intent: Intent) -> None:
    """With columns, or with defaults for what is missing, rows need not be alike."""
    assert len(read_payload(b'[{"a":1},{"b":1}]', intent).rows) == 2


def test_nesting_is_bounded() -> None:
    """A body that would exhaust what reads it later is refused; brackets in text are none."""
    deep = b'{"a":' + b"[" * 100 + b"]" * 100 + b"}"
    text = b'{"a":"' + b"[" * 500 + b'\\""}'

    assert code_of(lambda: read_payload(deep, PLAIN)) == "54001"
    assert code_of(lambda: read_payload(text, PLAIN)) is None


def test_nul_is_refused() -> None:
    """U+0000 cannot be stored in text; an escaped backslash before `u0000` is just text."""
    assert code_of(lambda: read_payload(rb'{"a":"\u0000"}', PLAIN)) == "22P05"
    assert code_of(lambda: read_payload(rb'{"a":"\\u0000"}', PLAIN)) is None


def test_csv() -> None:
    """The word NULL is null; all else is text that its column will read."""
    payload = read_payload(b"id,title\n1,NULL\n\n2,\n", CSV)

    rows = ({"id": "1", "title": None}, {"id": "2", "title": ""})
    assert payload == Payload(rows, single=False, unread=True, lines=(2, 4))
    assert isinstance(payload.rows[0]["id"], Cell)


def test_a_csv_that_would_lose_something_is_refused_by_its_line() -> None:
    """A column given twice, and a line of another length, are named."""
    with pytest.raises(RequestError, match='column "id" specified more than once') as twice:
        read_payload(b"id,title,id\n1,a,2", CSV)
    with pytest.raises(RequestError, match="same number of fields") as short:
        read_payload(b'id,title\n1,"a\nb"\n2', CSV)

    assert twice.value.code == "42701"
    assert short.value.details == "Line 4 has 1, the header 2."


@pytest.mark.parametrize("body", [b"", b"a,b\n1", b"\xff", b'a\n"'])
def test_what_is_no_csv(body: bytes) -> None:
    """No header, too few fields, broken text or quotes are refused."""
    assert code_of(lambda: read_payload(body, CSV)) == "PGRST102"


def test_a_form() -> None:
    """A form is one row of text."""
    assert read_payload(b"id=1&title=a+b%21", FORM) == Payload(
        ({"id": "1", "title": "a b!"},), single=True, unread=True
    )


def test_other_bodies_hold_no_rows() -> None:
    """Text is for functions."""
    intent = asked("POST /jobs", content_type="text/plain")

    assert code_of(lambda: read_payload(b"x", intent)) == "PGRST102"


@given(st.binary(max_size=60))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    """No body upsets the reader, in whatever form it is said to be."""
    for intent in (PLAIN, CSV, FORM):
        found = code_of(partial(read_payload, body, intent))
        assert found in {None, "PGRST102", "PGRST100", "22P05", "54001", "42701"}


@pytest.mark.parametrize(
    ("body", "intent"),
    [
        (b"a\n" * 100_002, CSV),
        (b"," * 20_000, CSV),
        (b"a=1&" * 20_000, FORM),
        (b"[" + b"{}," * 100_000 + b"{}]", PLAIN),
    ],
)
def test_bodies_of_too_much(body: bytes, intent: Intent) -> None:
    """Rows and fields are counted in every form of body."""
    assert code_of(lambda: read_payload(body, intent)) == "53400"
