"""The data API's root is its OpenAPI document, of what the caller may see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.data_world import Serve, table
from tests.process.server import NOTES, write_project

from jotbase.testing.backend import TestBackend, make_template
from jotbase.testing.wire import LoopThread


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[TestBackend]:
    """Give a backend with open notes, and a table that nobody but the server may use."""
    secret = {**NOTES, "access": {}}
    write_project(tmp_path, {"notes": NOTES, "secrets": secret})
    threads = LoopThread()
    made = TestBackend(make_template(tmp_path, threads), threads)
    yield made
    made.close()
    threads.stop()


def test_a_user_is_told_of_what_rules_let_through(backend: TestBackend) -> None:
    """Tables without rules are the service role's alone, in the document too."""
    visitor = backend.user().request("GET", "/rest/v1/")
    server = backend.service.request("GET", "/rest/v1/")

    assert visitor.status == server.status == 200
    assert visitor.json()["openapi"].startswith("3.1")
    assert "/notes" in visitor.json()["paths"]
    assert "/secrets" not in visitor.json()["paths"]
    assert "/secrets" in server.json()["paths"]


def test_the_page_that_draws_it_is_served(backend: TestBackend) -> None:
    """`/docs` is a page of the server's own, which may load nothing from elsewhere."""
    page = backend.anonymous.request("GET", "/docs")

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]


#: Rules, and who of `CALLERS` could pass them for some row.
RULES: dict[str, set[str]] = {
    "True": {"visitor", "user", "clerk"},
    "False": set(),
    "": set(),
    "user.id is not None": {"user", "clerk"},
    "user.role == 'clerk'": {"clerk"},
    "ROW.owner == user.id": {"user", "clerk"},
    "ROW.id > 0 and user.role != 'clerk'": {"visitor", "user"},
    "user.role == 'anon' and ROW.id > 5 or user.role == 'clerk'": {"visitor", "clerk"},
    "user.id is not None and (user.role == 'anon' or ROW.id == 1)": {"user", "clerk"},
    "any(m.owner == user.id for m in members)": {"user", "clerk"},
    "ROW.owner in ['a'] and not (user.role == 'clerk')": {"visitor", "user"},
    "user.email == 'a@b.example' or user.role == 'clerk'": {"clerk"},
    "not (user.role == 'anon' or ROW.id == 3)": {"user", "clerk"},
    "not (ROW.owner == user.id)": {"user", "clerk"},
}
CALLERS = ("visitor", "user", "clerk")
COLUMNS = {
    "owner": {"type": "string"},
    "given": {"type": "string", "writeOnly": True},
    "counted": {"type": ["integer", "null"], "readOnly": True},
    "up": {"type": ["integer", "null"], "references": "other_thing.id"},
}
METHODS = {"select": "get", "insert": "post", "update": "patch", "delete": "delete"}
rules = st.fixed_dictionaries(dict.fromkeys(METHODS, st.sampled_from(sorted(RULES))))


def written(access: dict[str, str]) -> dict[str, str]:
    """Return a table's rules as its file has them."""
    scopes = {action: "new" if action == "insert" else "row" for action in access}
    named = {action: text.replace("ROW", scopes[action]) for action, text in access.items()}
    return {action: text for action, text in named.items() if text}


def possible(access: dict[str, str], caller: str) -> set[str]:
    """Return what such a caller could ever do with a table."""
    does = {action for action, text in access.items() if caller in RULES[text]}
    return does if "select" in does else does & {"insert"}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=rules, other=rules)
def test_each_caller_is_told_of_what_it_could_ever_do(
    serve: Serve, one: dict[str, str], other: dict[str, str]
) -> None:
    """Paths, methods and columns, in the document, in `Allow` and in hints."""
    tables = {"this_thing": one, "other_thing": other}
    backend = serve(
        {name: table(COLUMNS, access=written(access)) for name, access in tables.items()}
        | {"members": table({"owner": {"type": "string"}}, access={})}
    )
    user, clerk = backend.user(), backend.user()
    user_path = f"/auth/v1/admin/users/{clerk.id}"
    assert backend.service.request("PUT", user_path, None, {"role": "clerk"}).status == 200
    clients = (backend.anonymous, user, clerk)
    for caller, client in zip(CALLERS, clients, strict=True):
        told = client.request("GET", "/rest/v1/").json()
        for name, access in tables.items():
            does = possible(access, caller)
            ways = {METHODS[action] for action in does}
            ways |= {"put"} if {"insert", "update"} <= does else set()

            assert set(told["paths"].get(f"/{name}", {})) == ways
            allowed = client.request("OPTIONS", f"/rest/v1/{name}").headers["allow"].lower()
            assert set(allowed.split(",")) - {"options", "head"} == ways
            assert does or name not in str(told)
            kept = told["components"]["schemas"].get(name, {"properties": {}})["properties"]
            assert ("given" in kept) == bool(does & {"insert", "update"})
            assert ("counted" in kept) == ("select" in does)
            missed = client.get(f"/{name[:-1]}").json()["hint"] or ""
            assert (name in missed) == ("select" in does)


def test_it_is_made_once_for_all_who_may_do_the_same(backend: TestBackend) -> None:
    """Two users are told the same; a visitor, who has no notes, and the server are not."""
    from jotbase.query.response import root

    root._encoded.cache_clear()
    for client in (backend.user(), backend.user(), backend.anonymous, backend.service):
        client.request("GET", "/rest/v1/")

    assert root._encoded.cache_info().misses == 3
