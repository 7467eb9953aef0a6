"""The folder `functions` beside this file, in a project of its own: it loads whole, and it works.

In charge of a handful of calls, one of each theme. Must not need the suite itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jotbase.testing import TestBackend
from jotbase.testing.backend import Template, make_template
from jotbase.testing.client import Client
from jotbase.testing.wire import LoopThread

#: The tables that the functions name, with the columns that they name: t is text, i an integer.
TABLES = {
    "articles": "body:t",
    "auto_incrementing_pk": "non_nullable_string:t",
    "baz": "baz_id:i",
    "bitchar_with_length": "bit:t char:t",
    "capital": "name:t",
    "clients": "name:t",
    "country": "name:t",
    "deferrable_unique_constraint": "col:i",
    "fee": "fee_id:i",
    "first_1": "second_id_1:i",
    "items": "",
    "items2": "",
    "items3": "",
    "johnsmith": "fee_id:i baz_id:i",
    "projects": "name:t client_id:i",
    "second_1": "name:t",
    "tasks": "name:t project_id:i",
    "tiobe_pls": "name:t rank:i",
    "tsearch": "text_search_vector:t",
    "users": "name:t",
    "videogames": "name:t designer_id:i",
    "web_content": "name:t p_web_id:i",
    "yards": "",
}
SEEDS = {
    "clients": [{"id": 1, "name": "Microsoft"}],
    "items": [{"id": number} for number in range(1, 16)],
    "items2": [{"id": 1}, {"id": 2}],
    "projects": [
        {"id": 1, "name": "Windows 7", "client_id": 1},
        {"id": 2, "name": "Orphan", "client_id": None},
    ],
}


def _schema(name: str, columns: str) -> str:
    kinds = {"t": "string", "i": "integer"}
    named = dict(column.split(":") for column in columns.split())
    properties = {column: {"type": [kinds[kind], "null"]} for column, kind in named.items()}
    unique = [["col"]] if name == "deferrable_unique_constraint" else []
    schema = {
        "type": "object",
        "properties": {"id": {"type": "integer", "identity": True}, **properties},
        "primaryKey": ["id"],
        "unique": unique,
        "foreignKeys": [_reference("client_id", "clients")] if "client_id" in named else [],
        "access": dict.fromkeys(("select", "insert", "update", "delete"), "True"),
    }
    return json.dumps(schema)


def _reference(column: str, table: str) -> dict[str, object]:
    return {"columns": [column], "references": {"table": table, "columns": ["id"]}}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Template, LoopThread]]:
    folder, threads = tmp_path_factory.mktemp("suite"), LoopThread()
    for name in ("schemas", "seeds"):
        (folder / name).mkdir()
    for name, columns in TABLES.items():
        (folder / "schemas" / f"{name}.json").write_text(_schema(name, columns))
    for name, rows in SEEDS.items():
        (folder / "seeds" / f"{name}.json").write_text(json.dumps(rows))
    shutil.copytree(Path(__file__).parent / "functions", folder / "functions")
    yield make_template(folder, threads), threads
    threads.stop()


@pytest.fixture
def client(project: tuple[Template, LoopThread]) -> Iterator[Client]:
    backend = TestBackend(*project, seeds=True)
    yield backend.anonymous
    backend.close()


def test_arguments_have_types_and_defaults(client: Client) -> None:
    """A default stands in for what is left out, and a text is no number."""
    assert client.rpc("three_defaults", {"b": 4}).json() == 8
    assert client.rpc("add_them", {"a": 1, "b": "x"}).json()["code"] == "22P02"


def test_names_of_arguments_choose_among_functions_of_one_name(client: Client) -> None:
    """Two numbers are added, three texts are joined, and a list without names is rows."""
    assert client.rpc("overloaded", {"a": 1, "b": 2}).json() == 3
    assert client.rpc("overloaded", {"a": "1", "b": "2", "c": "3"}).json() == "123"
    assert client.rpc("overloaded", [{"x": 1, "y": "first"}]).json() == [{"x": 1, "y": "first"}]
    assert client.rpc("overloaded_same_args", {"arg": 1}).status == 300


def test_results_are_read_like_the_table_whose_rows_they_are(client: Client) -> None:
    """What a function returns is filtered, and embeds what its table refers to."""
    params = {"id": "1", "select": "name,clients(name)", "name": "like.W*"}

    answer = client.get("/rpc/getproject", params)

    assert answer.json() == [{"name": "Windows 7", "clients": {"name": "Microsoft"}}]


def test_functions_refuse_with_the_code_and_status_that_they_choose(client: Client) -> None:
    """A code PTnnn is status nnn; a broken constraint is told as the table tells it."""
    answer = client.rpc("raise_pt402")

    assert (answer.status, answer.json()["details"]) == (402, "Quota exceeded")
    assert client.rpc("raise_constraint", {}).json()["code"] == "23505"


def test_a_write_is_kept_with_the_call(client: Client) -> None:
    """What a function deletes is returned, and gone."""
    assert len(client.rpc("delete_items_returns_setof").json()) == 15
    assert client.get("/items").json() == []


def test_a_token_is_signed_as_the_suite_expects_it(client: Client) -> None:
    """The claims stand in the token in their order, without a blank."""
    token = client.rpc("jwt_test").json()["token"]

    assert token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJqb2UiLCJzdWIi")
