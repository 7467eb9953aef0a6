"""Whoever has no right to write is told that, and nothing about what was sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.api.data_world import Schema, Serve, refused, table

from jotbase.testing import TestBackend

COLUMNS: Schema = {
    "size": {"type": "integer", "maximum": 9},
    "name": {"type": "string", "minLength": 2},
    "made": {"type": ["string", "null"], "readOnly": True},
    "half": {"type": ["integer", "null"], "generated": "size / 2"},
    "day": {"type": ["string", "null"], "format": "date"},
    "list": {"type": ["array", "null"], "items": {"type": "integer"}},
}
CLERKS = dict.fromkeys(("insert", "update", "delete"), "user.role == 'clerk'")
#: Tables in which neither a visitor nor a user may write anything, by the reason.
TABLES: dict[str, dict[str, str]] = {
    "shut": {},
    "shown": {"select": "True"},
    "clerks": {"select": "True"} | CLERKS,
    "unseen": {"update": "True"},
    "mixed": {
        "select": "True",
        "insert": "new.size > 1 and user.role == 'clerk'",
        "update": "row.size == 1 and new.size == 2 and user.role == 'clerk'",
    },
}
CODE = """
from jotbase.functions import data, rpc

@rpc(reads=False)
def put(table: str, row: dict) -> object:
    return data().insert(table, row)
"""
ODD: list[Any] = [
    {"size": "x", "name": "ok"},
    {"size": 99, "name": "ok"},
    {"size": 1, "name": ""},
    {"size": None, "name": "ok"},
    {"name": "ok"},
    {"size": 1, "name": "ok", "nothing": 1},
    {"size": 1, "name": "ok", "made": "x"},
    {"size": 1, "name": "ok", "half": 1},
    {"size": 1, "name": "ok", "day": "2026-02-30"},
    {"size": 1, "name": "ok", "list": "{a"},
    {"size": 1, "name": "ok", "list": ["a"]},
    {"size": 10**30, "name": "ok"},
]


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    """Give tables, and a view of one, that only clerks write in, if anybody does."""
    view = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, **{name: COLUMNS[name] for name in COLUMNS}},
        "view": f"SELECT id, {', '.join(COLUMNS)} FROM shut",
        "access": {"select": "True"} | CLERKS,
    }
    tables = {
        name: table(COLUMNS, access=access, required=["size", "name"])
        for name, access in TABLES.items()
    }
    served = serve({**tables, "seen": view}, {"functions/__init__.py": CODE})
    for name in TABLES:
        served.service.post(f"/{name}", {"id": 1, "size": 1, "name": "there"})
    return served


@pytest.mark.parametrize("row", ODD, ids=str)
@pytest.mark.parametrize("name", [*TABLES, "seen"])
def test_no_row_is_looked_at_without_a_right(backend: TestBackend, name: str, row: Any) -> None:
    """POST, upsert, PUT, several rows, PATCH, and each of them in a batch."""
    merge = {"prefer": "resolution=merge-duplicates,return=representation"}
    ways: list[tuple[str, dict[str, str], Any, dict[str, str]]] = [
        ("POST", {}, row, {}),
        ("POST", {}, [row], {"prefer": "missing=default"}),
        ("POST", {}, [row, row], {}),
        ("POST", {}, row | {"id": 1}, merge),
        ("PUT", {"id": "eq.1"}, row | {"id": 1}, {}),
    ]
    if row != {"name": "ok"}:
        ways.append(("PATCH", {"id": "eq.1"}, row, {"prefer": "return=representation"}))
    for method, params, body, headers in ways:
        if name == "seen" and method == "PUT":
            continue
        client, path = backend.anonymous, f"/rest/v1/{name}"
        refused(client.request(method, path, params, body, headers), 401, "42501")
        query = f"{name}?{urlencode(params)}"
        operation = {"method": method, "path": query, "headers": headers, "body": body}
        answer = client.request("POST", "/rest/v1/", None, [operation]).json()
        assert answer["code"] == "42501", (method, body, answer)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", "size,name\nx,ok"),
        ("text/csv", "size,nothing\n1,ok\n2,ok"),
        ("text/csv", "size,day\n1,never\n2,never"),
        ("application/x-www-form-urlencoded", "size=x&name=ok"),
        ("application/x-www-form-urlencoded", "nothing=x"),
    ],
)
def test_neither_is_csv_nor_a_form(
    serve: Serve, backend: TestBackend, kind: str, body: str
) -> None:
    """Their cells are read as their columns' types after the right was asked for."""
    wire = serve.wire(backend)
    key = backend.anonymous.key.encode()
    for name in (*TABLES, "seen"):
        pairs = [(b"apikey", key), (b"content-type", kind.encode())]
        refused(wire.ask("POST", f"/rest/v1/{name}".encode(), pairs, body.encode()), 401, "42501")


def test_with_a_right_all_is_told(backend: TestBackend) -> None:
    """The same rows are answered in detail to whom a rule may let write."""
    clerk = backend.user()
    path = f"/auth/v1/admin/users/{clerk.id}"
    backend.service.request("PUT", path, None, {"role": "clerk"})

    codes = {clerk.post("/clerks", row).json()["code"] for row in ODD}
    changed = {clerk.patch("/clerks", {"id": "eq.1"}, row).json()["code"] for row in ODD[:4]}

    assert codes == {"22P02", "23502", "23514", "428C9", "PGRST204"}
    assert changed == {"23502", "23514"}


def test_a_row_that_nobody_shows_has_no_location(serve: Serve) -> None:
    """Its number would tell how many there are; nor has one whose key may not be read."""
    secret = {"code": {"type": "string", "writeOnly": True, "defaultExpression": "uuid()"}}
    backend = serve(
        {
            "box": table(COLUMNS, access={"insert": "True"}),
            "open": table(COLUMNS, access={"insert": "True", "select": "True"}),
            "coded": table(secret, primaryKey=["code"]),
        }
    )
    wanted = {"prefer": "return=headers-only"}

    found = {
        name: backend.anonymous.post(f"/{name}", {}, None, **wanted).headers.get("location")
        for name in ("box", "open", "coded")
    }

    assert found == {"box": None, "open": "/open?id=eq.1", "coded": None}
