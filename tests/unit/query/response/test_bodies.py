"""Bodies made row by row: the same bytes as of the whole text."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import GENEROUS, code_of, read_plan

from jotbase.query.response.bodies import BodyWriter, whole_body
from jotbase.schema.model.tables import Type

ARRAY = "application/vnd.pgrst.array+json"
OBJECT = "application/vnd.pgrst.object+json"
MEDIA = ("application/json", "text/csv", ARRAY, f"{ARRAY};nulls=stripped")
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
VALUES = st.recursive(LEAVES, lambda one: st.lists(one, max_size=2), max_leaves=4)
ROWS = st.lists(st.fixed_dictionaries({"id": LEAVES, "tags": VALUES}), max_size=4)
DOCUMENTS = {"tags": Type.JSON}


def written(rows: list[str], accept: str, method: str = "GET") -> bytes:
    """Return the body that is written of the rows, one after the other."""
    answer = read_plan(f"{method} /jobs", GENEROUS, accept=accept).answer
    writer = BodyWriter(answer, ["id", "tags"], DOCUMENTS)
    return b"".join([writer.row(row) for row in rows]) + writer.end()


@pytest.mark.parametrize("accept", MEDIA)
@given(ROWS)
def test_row_by_row_is_the_same(accept: str, rows: list[dict[str, object]]) -> None:
    """In every form, and of no row at all."""
    texts = [json.dumps(row, separators=(",", ":")) for row in rows]
    answer = read_plan("GET /jobs", GENEROUS, accept=accept).answer
    whole = whole_body(f"[{','.join(texts)}]", len(rows), answer, ["id", "tags"], DOCUMENTS)

    assert written(texts, accept) == whole


def test_columns_of_one_name() -> None:
    """Both stand in a line."""
    answer = read_plan("GET /jobs", GENEROUS, accept="text/csv").answer
    writer = BodyWriter(answer, ["id", "id"], {})

    assert writer.row('{"id":1,"id":2}') + writer.row('{"id":3,"id":4}') == b"id,id\n1,2\n3,4"


def test_one_object() -> None:
    """The first row is the body, and of more there is none; nulls may be left out."""
    assert written(['{"id":1}'], OBJECT) == b'{"id":1}'
    assert written(['{"id":1}', '{"id":2}'], OBJECT) == b'{"id":1}'
    assert written(['{"id":null}'], f"{OBJECT};nulls=stripped") == b"{}"
    answer = read_plan("GET /jobs", GENEROUS, accept=OBJECT).answer
    assert code_of(lambda: whole_body("[]", 0, answer, [], {})) == "PGRST116"


def test_a_head_has_no_body() -> None:
    """Nothing is written for it."""
    assert written(['{"id":1}', '{"id":2}'], "text/csv", "HEAD") == b""
    assert orjson.loads(written(['{"id":1}'], "application/json")) == [{"id": 1}]
