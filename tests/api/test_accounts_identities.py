"""Identities that are unlinked, on each engine; the second one is written by hand here."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.account_world import World
from tests.api.test_accounts_factors import Phone, enrolled

SECOND = "8f1d4f0a-0000-4000-8000-000000000002"
EMAIL = "ada@example.com"


def linked(world: World, email: str | None = "ada@work.example", *, verified: bool = True) -> Any:
    """Sign up, and link an identity of a provider."""
    world.set(manual_linking=True)
    session = world.signed_up()
    data = '{"email_verified": true}' if verified else "{}"
    user, moment = session["user"]["id"], "2026-05-28T20:26:41+00:00"
    values = (SECOND, "7", user, "google", moment, moment, email, data)
    world.run(
        'INSERT INTO "auth.identities" ("identity_id", "id", "user_id", "provider", "created_at",'
        ' "updated_at", "email", "identity_data") VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        *values,
    )
    return session


def unlinked(world: World, session: Any, identity: str) -> Any:
    path = f"/user/identities/{identity}"
    return world.call("DELETE", path, bearer=session["access_token"])


def test_an_identity_is_unlinked(accounts: World) -> None:
    """The account keeps its address and its session; the log tells which provider went."""
    session = linked(accounts)
    answer = unlinked(accounts, session, SECOND)
    user = accounts.call("GET", "/user", bearer=session["access_token"]).body

    assert (answer.status, answer.body) == (200, {})
    assert (user["email"], [one["provider"] for one in user["identities"]]) == (EMAIL, ["email"])
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    (entry,) = accounts.admin("GET", "/admin/audit?query=action:identity").body
    assert entry["payload"]["traits"]["provider"] == "google"


@pytest.mark.parametrize(
    ("email", "verified", "address", "confirmed"),
    [
        ("ada@work.example", True, "ada@work.example", True),
        ("ada@work.example", False, "ada@work.example", False),
        (None, True, "", False),
    ],
)
def test_without_the_identity_of_its_address_an_account_takes_another(
    accounts: World, email: str | None, verified: bool, address: str, confirmed: bool
) -> None:
    """An unverified one is unconfirmed, and every proof that is under way ends."""
    session = linked(accounts, email, verified=verified)
    accounts.call("POST", "/recover", {"email": EMAIL})
    accounts.set(autoconfirm=False)
    answer = unlinked(accounts, session, session["user"]["identities"][0]["identity_id"])
    user = accounts.call("GET", "/user", bearer=session["access_token"]).body

    assert answer.status == 200, answer.body
    assert (user["email"], "email_confirmed_at" in user) == (address, confirmed)
    assert accounts.count("one_time_tokens") == 0


def test_what_cannot_be_unlinked_stays(accounts: World) -> None:
    """The last one, somebody else's, and one without which the address would be another user's."""
    session = linked(accounts)
    first = session["user"]["identities"][0]["identity_id"]
    other = accounts.signed_up("ada@work.example")
    alone = other["user"]["identities"][0]["identity_id"]

    for who, identity, status, code in (
        (other, alone, 422, "single_identity_not_deletable"),
        (session, alone, 422, "identity_not_found"),
        (session, first, 422, "email_conflict_identity_not_deletable"),
        (session, "7", 404, "validation_failed"),
    ):
        answer = unlinked(accounts, who, identity)
        assert (answer.status, answer.body["error_code"]) == (status, code)
    assert accounts.count("identities") == 3


def test_with_a_factor_unlinking_changes_the_address_at_aal2_only(accounts: World) -> None:
    """The address is the same by whichever way it changes."""
    session = linked(accounts)
    first = session["user"]["identities"][0]["identity_id"]
    raised = Phone(accounts, session, enrolled(accounts, session).body).verify().body
    refused = unlinked(accounts, accounts.current_account().body, first)

    assert (refused.status, refused.body["error_code"]) == (401, "insufficient_aal")
    assert accounts.count("identities") == 2
    assert unlinked(accounts, raised, first).status == 200
