"""Identity columns and numbers: what callers give, and what comes next."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.testing import Client
from jotbase.testing.client import Answer

END = 2**63 - 1
SHOWN = "return=representation"


@pytest.fixture
def anyone(serve: Serve) -> Client:
    columns: dict[str, Any] = {"name": {"type": ["string", "null"]}}
    return serve({"things": table(columns)}).anonymous


def add(client: Client, *bodies: Any) -> list[int]:
    """Insert each body; return the numbers of the rows that came of it."""
    told: list[int] = []
    for body in bodies:
        answer = client.post("/things", body, prefer=SHOWN)
        assert answer.status == 201, answer.text
        told.extend(row["id"] for row in answer.json())
    return told


def test_an_explicit_number_does_not_move_the_sequence(anyone: Client) -> None:
    """As in PostgreSQL, it counts on from its own last number."""
    assert add(anyone, {"name": "a"}, {"id": 100}, {"name": "b"}, {}) == [1, 100, 2, 3]
    anyone.patch("/things", {"id": "eq.3"}, {"id": 500})
    assert add(anyone, {}, [{"name": "c"}, {"name": "d"}]) == [4, 5, 6]


def test_the_greatest_number_ends_nothing(anyone: Client) -> None:
    """Whoever gives it keeps nobody from inserting."""
    assert add(anyone, {"id": END}, {}, [{}] * 40, {"name": "x"})[-1] == 42
    refused(anyone.post("/things", {"id": END + 1}), 400, "22003")
    refused(anyone.post("/things", {"id": END}), 409, "23505")


def test_taken_numbers_are_passed_over(anyone: Client) -> None:
    """The next that is free is given: nobody's row keeps others from inserting."""
    assert add(anyone, [{"id": 1}, {"id": 2}, {"id": 4}], {}, {}, {}) == [1, 2, 4, 3, 5, 6]
    assert add(anyone, {"id": 8}, [{}, {}, {}]) == [8, 9, 10, 11]


def test_many_rows_that_nobody_reads_are_numbered_alike(serve: Serve) -> None:
    """They take the next free numbers, and the rules know which."""
    rules = {"select": "True", "insert": "new.id < 150"}
    things = table({"name": {"type": ["string", "null"]}}, access=rules)
    client = serve({"things": things}).anonymous
    many = [{"name": str(number)} for number in range(50)]

    assert client.post("/things", {"id": 70, "name": "taken"}, prefer=SHOWN).status == 201
    for _ in range(2):
        assert client.post("/things", many, prefer="return=minimal").status == 201
    refused(client.post("/things", many, prefer="return=minimal"), 401, "42501")

    numbers = [row["id"] for row in client.get("/things", {"order": "id"}).json()]
    assert numbers == [*range(1, 51), 70, *range(71, 121)]


def test_an_upsert_meets_no_row_by_a_number_that_nobody_gave(anyone: Client) -> None:
    """A row without an id is a new one, whatever numbers others took."""
    add(anyone, {"id": 1, "name": "theirs"})
    merge = f"resolution=merge-duplicates,{SHOWN}"

    made = anyone.post("/things", {"name": "mine"}, prefer=merge)
    assert (made.status, made.json()) == (201, [{"id": 2, "name": "mine"}])
    assert add(anyone, {}) == [3]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        (b'{"real": 100000000000000000000}', 1e20),
        (b'{"real": -100000000000000000000}', -1e20),
        (b'{"real": 1e20}', 1e20),
        (b'{"real": 18446744073709551615}', 18446744073709551615.0),
        (b'{"whole": 1.0}', 1),
        (b'{"whole": 1e3}', 1000),
        (b'{"whole": -2.5e1}', -25),
        (b'{"reals": [100000000000000000000, 1]}', [1e20, 1.0]),
        (b'{"exact": "123456789012345"}', 123456789012345),
    ],
)
def test_numbers_are_what_json_says(serve: Serve, body: bytes, stored: Any) -> None:
    """A double is written as JavaScript writes it; an integer is one whatever its form."""
    assert [stored] == list(written(serve, body).json()[0].values())


@pytest.mark.parametrize(
    "body",
    [
        b'{"whole": 100000000000000000000}',
        b'{"whole": 1e20}',
        b'{"document": {"a": [100000000000000000000]}}',
        b'{"wholes": [100000000000000000000]}',
        b'{"whole": 9007199254740993.0}',
        b'{"whole": 90071992547409930e-1}',
        b'{"wholes": [9007199254740993.0]}',
    ],
)
def test_numbers_that_do_not_fit_are_refused(serve: Serve, body: bytes) -> None:
    """Nothing is rounded in silence where its digits count."""
    refused(written(serve, body), 400, "22003")


@pytest.mark.parametrize(
    "line", [b"document\n100000000000000000000\n", b"wholes\n[9007199254740993.0]\n"]
)
def test_numbers_of_csv_are_refused_alike(serve: Serve, line: bytes) -> None:
    """A document in a line of CSV keeps its digits, or is refused."""
    columns: dict[str, Any] = {
        "document": {"type": ["object", "number", "null"]},
        "wholes": {"type": ["array", "null"], "items": {"type": "integer"}},
    }
    backend = serve({"things": table(columns)})
    headers = [(b"content-type", b"text/csv"), (b"apikey", backend.anonymous.key.encode())]
    answer = serve.wire(backend).ask("POST", b"/rest/v1/things", headers, line)
    refused(answer, 400, "22003")


def written(serve: Serve, body: bytes) -> Answer:
    """Insert a row of one value, and select that."""
    columns: dict[str, Any] = {
        "real": {"type": "number"},
        "whole": {"type": "integer"},
        "exact": {"type": "string", "format": "decimal"},
        "document": {"type": "object"},
        "reals": {"type": "array", "items": {"type": "number"}},
        "wholes": {"type": "array", "items": {"type": "integer"}},
    }
    backend = serve({"things": table(columns)})
    name = body.split(b'"')[1]
    headers = [(b"content-type", b"application/json"), (b"prefer", b"return=representation")]
    key = backend.anonymous.key.encode()
    target = b"/rest/v1/things?select=" + name
    told = serve.wire(backend).ask("POST", target, [*headers, (b"apikey", key)], body)
    return Answer(told.status, dict(told.headers), told.body)


def test_an_upsert_by_a_given_number_does_not_move_the_sequence(serve: Serve) -> None:
    """Nor does PUT: the greatest number of all leaves room for those that come."""
    visitor = serve({"t": table({"a": {"type": "string"}})}).anonymous
    merging = {"prefer": "resolution=merge-duplicates,return=representation"}
    last = 2**63 - 1
    given = [
        visitor.post("/t", [{"id": last}, {"id": 7}], {"on_conflict": "id"}, **merging),
        visitor.request("PUT", "/rest/v1/t", {"id": f"eq.{last - 1}"}, {"id": last - 1}),
        visitor.post("/t", {"id": last}, {"on_conflict": "id"}, **merging),
    ]
    assert [answer.status for answer in given] == [201, 201, 200]

    assert [visitor.post("/t", {"a": "x"}).json()[0]["id"] for _ in range(2)] == [1, 2]
