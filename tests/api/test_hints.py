"""Hints of errors name what the caller may see, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, table

from jotbase.testing import TestBackend

NAME = {"name": {"type": "string"}}
FIRM = {"firm": {"type": ["integer", "null"], "references": "firms.id"}}
SECRET = {"secret_pin": {"type": ["string", "null"]}}
GATED = "user.role == 'authenticated' and row.id > 0"


CODE = """
from jotbase.functions import rpc

@rpc(roles=["authenticated"])
def unlock(secret_pin: int) -> int:
    return secret_pin
"""


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    """Give firms for all, guards for those who signed in, and vaults for nobody."""
    return serve(
        {
            "firms": table(NAME | SECRET, access={"select": "True"}),
            "guards": table(NAME | SECRET | FIRM, access={"select": GATED}),
            "vaults": table(NAME | SECRET | FIRM, access={"insert": "True", "update": "True"}),
            "safes": table(SECRET | FIRM | {"firm2": FIRM["firm"]}, access={"select": "False"}),
        },
        {"functions/__init__.py": CODE},
    )


WRONG = [
    ("/vaults?secret_pim=eq.1", "42703", None),
    ("/vaults?select=secret_pim", "42703", None),
    ("/vaults?order=secret_pim", "42703", None),
    ("/safes?secret_pim=is.null", "42703", None),
    ("/guards?secret_pim=eq.1", "42703", 'column "guards.secret_pin"'),
    ("/firms?secret_pim=eq.1", "42703", 'column "firms.secret_pin"'),
    ("/firms?select=vaults(secret_pim)", "42703", None),
    ("/firms?select=id,guards(id)&guards.secret_pim=eq.1", "42703", 'column "guards.secret_pin"'),
    ("/vault", "PGRST205", None),
    ("/safe", "PGRST205", None),
    ("/guard", "PGRST205", "public.guards"),
    ("/firm", "PGRST205", "public.firms"),
    ("/firms?select=vault(id)", "PGRST200", None),
    ("/firms?select=guard(id)", "PGRST200", "'guards'"),
    ("/firms?select=safes(id)", "PGRST201", None),
]


@pytest.mark.parametrize(("target", "code", "hint"), WRONG)
def test_a_hint_is_for_its_caller(
    backend: TestBackend, target: str, code: str, hint: str | None
) -> None:
    """A visitor is told of no table that is nobody's or only for those who signed in."""
    path = "/rest/v1" + target.partition("?")[0]
    params: dict[str, Any] = dict(
        part.split("=", 1) for part in target.partition("?")[2].split("&") if part
    )
    for client in (backend.user(), backend.anonymous):
        body = client.request("GET", path, params).json()
        told = str([body["hint"], body["details"]]).replace("safes' in", "")
        hidden = ("vaults", "safes", "guards") if client.id is None else ("vaults", "safes")

        assert body["code"] == code
        assert hint is None or client.id is None or hint in body["hint"]
        assert not any(name in told for name in hidden if name not in target)
        assert "pin" not in told or hint is not None


def test_the_service_role_is_told_all(backend: TestBackend) -> None:
    """It passes all rules; and OPTIONS hints as other requests do."""
    service = backend.service

    assert "vaults.secret_pin" in service.get("/vaults", {"secret_pim": "eq.1"}).json()["hint"]
    assert "public.vaults" in service.get("/vault").json()["hint"]
    assert len(service.get("/firms", {"select": "safes(id)"}).json()["details"]) == 2
    assert "vaults" in service.request("OPTIONS", "/rest/v1/vault").json()["hint"]
    assert backend.anonymous.request("OPTIONS", "/rest/v1/vault").json()["hint"] is None


def test_functions_and_batches_hint_as_requests_do(backend: TestBackend) -> None:
    """The same plans are made of them."""
    operations = [{"method": "GET", "path": "vaults?secret_pim=eq.1"}]

    answer = backend.anonymous.request("POST", "/rest/v1/", None, operations)

    assert (answer.json()["code"], answer.json()["hint"]) == ("42703", None)


def test_functions_that_a_caller_may_not_call_are_not_hinted_at(backend: TestBackend) -> None:
    """Neither their names nor what they take; and what is given to them is not looked at."""
    visitor, user = backend.anonymous, backend.user()

    for name, given in (("unlok", {}), ("unlock", {"secret_pim": 1})):
        answers = [one.rpc(name, given).json() for one in (visitor, user)]
        assert [one["code"] for one in answers] == ["PGRST202", "PGRST202"]
        assert answers[0]["hint"] is None
        assert "unlock" in answers[1]["hint"]
    assert visitor.rpc("unlock", {"secret_pin": "x"}).json()["code"] == "42501"
    assert user.rpc("unlock", {"secret_pin": "x"}).json()["code"] == "22P02"
