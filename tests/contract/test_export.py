"""What a project's export lets callers see and do in a database of Supabase's kind."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.contract.supabase import ask, exported_database
from tests.postgres_server import Server

import jotbase
from jotbase.exporting.script import exported
from jotbase.project.data import read_definition
from jotbase.project.folder import find_project

ADA = "00000000-0000-4000-8000-00000000000a"
BOB = "00000000-0000-4000-8000-00000000000b"
TEXT = "'Twenty characters and more'"
ROWS = (
    f"INSERT INTO auth.users VALUES ('{ADA}', 'ada@example.org'), ('{BOB}', 'bob@example.org')",
    f"INSERT INTO companies (handle, name, about, owner) VALUES ('brass', 'Brass', '', '{ADA}')",
    "INSERT INTO jobs (title, company, description, status, posted_by) VALUES"
    f" ('Clockmaker', 'brass', {TEXT}, 'open', '{ADA}'),"
    f" ('Escapement', 'brass', {TEXT}, 'draft', '{ADA}')",
    f"INSERT INTO profiles (id, name) VALUES ('{ADA}', 'Ada'), ('{BOB}', 'Bob')",
    f"INSERT INTO applications (job, applicant, note) VALUES (1, '{BOB}', 'I make clocks')",
)
VISITOR: dict[str, Any] = {"role": "anon"}
AS_ADA: dict[str, Any] = {"role": "authenticated", "sub": ADA, "email": "ada@example.org"}
AS_BOB: dict[str, Any] = {"role": "authenticated", "sub": BOB, "email": "bob@example.org"}
ADMIN = {**AS_BOB, "app_metadata": {"roles": ["admin"]}}
SERVICE = {"role": "service_role"}
REFUSED = "42501"
EACH = tuple(
    f"SELECT {column} FROM {table} ORDER BY 1"
    for table, column in (("jobs", "title"), ("applications", "note"), ("profiles", "name"))
)


@pytest.fixture(scope="module")
def board(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of the job board's export, with a few rows."""
    folder = tmp_path_factory.mktemp("board") / "jobs"
    shutil.copytree(Path(jotbase.__file__).parent / "examples" / "jobs", folder)
    definition = read_definition(find_project(str(folder)))
    script = exported(definition.model, definition.policy)
    return asyncio.run(exported_database(postgres_server, script.sql, ROWS))


@pytest.mark.parametrize(
    ("token", "jobs", "applications", "profiles"),
    [
        (VISITOR, ["Clockmaker"], [], []),
        (AS_ADA, ["Clockmaker", "Escapement"], ["I make clocks"], ["Ada", "Bob"]),
        (AS_BOB, ["Clockmaker"], ["I make clocks"], ["Bob"]),
        (SERVICE, ["Clockmaker", "Escapement"], ["I make clocks"], ["Ada", "Bob"]),
    ],
)
def test_callers_see_the_rows_that_rules_show(
    board: str, token: dict[str, Any], jobs: list[str], applications: list[str], profiles: list[str]
) -> None:
    """Also where a rule looks into tables of which its caller sees nothing."""
    assert asyncio.run(ask(board, token, *EACH)) == [jobs, applications, profiles]


def test_callers_write_what_rules_let_them(board: str) -> None:
    """Inserts go by the rule on new rows, and have the caller as default."""
    job = f"INSERT INTO jobs (title, company, description) VALUES ('Wheels', 'brass', {TEXT})"
    apply = "INSERT INTO applications (job, note) VALUES (1, 'Let me try it') RETURNING note"
    draft = apply.replace("(1,", "(2,")

    assert asyncio.run(ask(board, AS_ADA, f"{job} RETURNING posted_by::text", apply)) == [
        [ADA],
        REFUSED,
    ]
    assert asyncio.run(ask(board, AS_BOB, f"{job} RETURNING title", apply, draft)) == [
        REFUSED,
        "23505",
        REFUSED,
    ]
    assert asyncio.run(ask(board, VISITOR, f"{job} RETURNING title", apply)) == [REFUSED] * 2


def test_an_update_is_held_against_the_row_that_was(board: str) -> None:
    """What a policy cannot compare, a trigger does; who passes all rules passes it too."""
    retitled = "UPDATE jobs SET title = 'Clocks' WHERE id = 1 RETURNING title"
    moved = f"UPDATE jobs SET posted_by = '{BOB}' WHERE id = 1 RETURNING title"
    read = "UPDATE applications SET status = 'interview' RETURNING status"
    forged = "UPDATE applications SET note = 'I make nothing' RETURNING note"
    asked = (retitled, moved, read, forged)

    assert asyncio.run(ask(board, AS_ADA, *asked)) == [["Clocks"], REFUSED, ["interview"], REFUSED]
    assert asyncio.run(ask(board, AS_BOB, *asked)) == [[], [], [], []]
    assert asyncio.run(ask(board, SERVICE, moved, forged)) == [["Clockmaker"], ["I make nothing"]]


def test_rows_are_deleted_by_whom_the_rule_names(board: str) -> None:
    """A role that the service role gave counts; the same role of one's own metadata does not."""
    gone = "DELETE FROM jobs WHERE id = 1 RETURNING title"
    posing = {**AS_BOB, "user_metadata": {"roles": ["admin"]}, "roles": ["admin"]}

    assert [
        *asyncio.run(ask(board, ADMIN, gone)),
        *asyncio.run(ask(board, posing, gone)),
        *asyncio.run(ask(board, VISITOR, gone)),
    ] == [["Clockmaker"], [], []]


def test_columns_that_are_read_only_are_not_written(board: str) -> None:
    """Callers have no privilege for them, and the service role has."""
    dated = "UPDATE jobs SET created_at = '2020-01-01Z' WHERE id = 1 RETURNING title"

    assert asyncio.run(ask(board, AS_ADA, dated)) == [REFUSED]
    assert asyncio.run(ask(board, SERVICE, dated)) == [["Clockmaker"]]
