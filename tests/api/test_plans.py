"""Plans shown to clients: of reads, and of writes, which a plan never lets happen."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.testing import Client

THINGS = table({"name": {"type": "string"}}, required=["name"], unique=[["name"]])
ACCEPT = {"accept": "application/vnd.pgrst.plan+json"}


@pytest.fixture
def anyone(serve: Serve) -> Client:
    client = serve({"things": THINGS}, plan=True).anonymous
    assert client.post("/things", {"name": "anvil"}).status == 201
    return client


def test_a_read_shows_how_it_is_found(anyone: Client) -> None:
    """The index that serves a filter is named."""
    answer = anyone.get("/things", {"name": "eq.anvil"}, **ACCEPT)

    assert "USING COVERING INDEX" in answer.text or "USING INDEX" in answer.text
    assert answer.headers["content-type"] == (
        'application/vnd.pgrst.plan+json; for="application/json"; charset=utf-8'
    )


#: Stored on trial to see which rows are met, those looked up, then stored.
_MERGED = ["INSERT", "SELECT", "INSERT"]


@pytest.mark.parametrize(
    ("method", "query", "body", "operation", "verbs"),
    [
        ("POST", {}, {"name": "bell"}, "Insert", ["INSERT"]),
        ("POST", {"select": "n:name::text"}, {"name": "b"}, "Insert", ["INSERT", "SELECT"]),
        ("PATCH", {"id": "eq.1"}, {"name": "bell"}, "Update", ["SELECT", "UPDATE"]),
        ("PATCH", {"id": "eq.9"}, {"name": "bell"}, "Update", ["SELECT"]),
        ("DELETE", {"id": "eq.1"}, None, "Delete", ["SELECT", "DELETE"]),
        ("PUT", {"id": "eq.1"}, {"id": 1, "name": "bell"}, "Insert", _MERGED),
    ],
)
def test_a_write_shows_its_statements_and_stores_nothing(
    anyone: Client, method: str, query: dict[str, str], body: Any, operation: str, verbs: list[str]
) -> None:
    """Which there are depends on the rows that the first ones find."""
    answer = anyone.request(method, "/rest/v1/things", query, body, ACCEPT)

    [plan] = [one["Plan"] for one in answer.json()]
    assert (answer.status, plan["Node Type"], plan["Operation"]) == (200, "ModifyTable", operation)
    assert [one["Node Type"] for one in plan["Plans"]] == verbs
    assert anyone.get("/things").json() == [{"id": 1, "name": "anvil"}]


def test_a_plan_is_shown_whatever_constraint_would_refuse_the_write(anyone: Client) -> None:
    """As PostgreSQL's EXPLAIN, which runs nothing; a wrong value is refused all the same."""
    for name in ("anvil", "hammer"):
        answer = anyone.post("/things", {"name": name}, None, **ACCEPT)
        assert (answer.status, answer.json()[0]["Plan"]["Operation"]) == (200, "Insert")
    refused(anyone.post("/things", {"nome": "x"}, None, **ACCEPT), 400, "PGRST204")
    assert anyone.get("/things").json() == [{"id": 1, "name": "anvil"}]


def test_plans_of_writes_are_switched_off_with_those_of_reads(serve: Serve) -> None:
    """Without the setting, no such form of answer is to be had."""
    client = serve({"things": THINGS}).anonymous

    refused(client.post("/things", {"name": "a"}, None, **ACCEPT), 406, "PGRST107")
