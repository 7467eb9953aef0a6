"""Refusals by rows that a write drags along: they name nothing that their caller may not see."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import OPEN, Schema, Serve, refused, table

from jotbase.testing import TestBackend

TEXT: Schema = {"type": "string"}
TEAMS = {
    "type": "object",
    "properties": {"key": TEXT},
    "required": ["key"],
    "primaryKey": ["key"],
    "access": OPEN,
}
REFERS: Schema = {"references": "teams.key", "onUpdate": "cascade", "onDelete": "set null"}
HIDDEN = {"select": "user.role == 'clerk'"}
TABLES: dict[str, Schema] = {
    "teams": TEAMS,
    "spies": table(
        {"team": TEXT | REFERS, "lowered": TEXT | {"generated": "lower(team)"}},
        unique=[["lowered"]],
        access=HIDDEN,
    ),
    "moles": table({"team": TEXT | REFERS | {"maxLength": 1}}, access=HIDDEN),
    "plain": table({"team": TEXT | REFERS | {"maxLength": 1}}),
}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    made = serve(TABLES)
    made.service.post("/teams", [{"key": key} for key in ("A", "b", "m", "P", "T")])
    made.service.post("/spies", [{"team": "A"}, {"team": "b"}])
    made.service.post("/moles", {"team": "m"})
    made.service.post("/plain", {"team": "P"})
    return made


def renamed(client: Any, key: str, new: str) -> Any:
    """Return the answer to a change of a team's key."""
    return client.patch("/teams", {"key": f"eq.{key}"}, {"key": new})


def test_no_name_of_a_hidden_table_is_told(backend: TestBackend) -> None:
    """By a unique key or a check that breaks there when a key changes."""
    for answer, status, code in (
        (renamed(backend.anonymous, "b", "a"), 409, "23505"),
        (renamed(backend.anonymous, "m", "mm"), 400, "23514"),
    ):
        for word in ("spies", "moles", "lowered"):
            assert word not in answer.text
        told = refused(answer, status, code)
        assert (told["message"], told["details"]) == (
            'write to table "teams" violates a constraint of another table',
            None,
        )


def test_what_the_caller_may_see_is_named(backend: TestBackend) -> None:
    """The service role, and everybody of a table that is theirs to read."""
    assert "spies" in renamed(backend.service, "b", "a").text
    assert "moles" in renamed(backend.service, "m", "mm").text
    assert "plain" in renamed(backend.anonymous, "P", "PP").text
