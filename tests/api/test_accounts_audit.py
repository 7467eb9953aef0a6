"""The audit log, and what the service role sees and ends of sessions, on each engine."""

from __future__ import annotations

import pytest
from tests.api.account_world import World


def actions(world: World, query: str = "") -> list[str]:
    answer = world.admin("GET", f"/admin/audit?query={query}")
    assert answer.status == 200, answer.body
    return [entry["payload"]["action"] for entry in answer.body]


def test_an_entry_says_who_did_what_from_where(accounts: World) -> None:
    """In GoTrue's shape; the service role has no id of its own."""
    user = accounts.signed_up(full_name="Ada")["user"]
    accounts.now += 1
    accounts.admin("PUT", f"/admin/users/{user['id']}", {"role": "editor"})
    (by_service, by_user) = accounts.admin("GET", "/admin/audit").body

    assert by_user["payload"] == {
        "actor_id": user["id"],
        "actor_via_sso": False,
        "actor_username": "ada@example.com",
        "actor_name": "Ada",
        "action": "user_signedup",
        "log_type": "team",
        "traits": {"provider": "email"},
    }
    assert by_service["payload"]["actor_id"] == "00000000-0000-0000-0000-000000000000"
    assert by_service["payload"]["actor_username"] == "service_role"
    assert by_service["payload"]["traits"]["user_id"] == user["id"]
    assert (by_user["created_at"], by_user["ip_address"]) == (
        "2026-05-28T20:26:40.25Z",
        "192.0.2.1",
    )


def test_the_newest_entries_come_first_and_can_be_sought(accounts: World) -> None:
    """By author, by action, by type; in pages."""
    session = accounts.signed_up()
    for number, path in enumerate(["/recover", "/logout"]):
        accounts.now += 1 + number
        accounts.call("POST", path, {"email": "ada@example.com"}, bearer=session["access_token"])

    assert actions(accounts) == ["logout", "user_recovery_requested", "user_signedup"]
    assert actions(accounts, "author:ADA@") == actions(accounts)
    assert actions(accounts, "action:recovery") == ["user_recovery_requested"]
    assert actions(accounts, "type:account") == ["logout"]
    page = accounts.admin("GET", "/admin/audit?page=2&per_page=2")
    assert [one["payload"]["action"] for one in page.body] == ["user_signedup"]
    assert page.response.header("X-Total-Count") == "3"
    assert page.response.header("Link") == '</admin/audit?page=2&per_page=2>; rel="last"'


@pytest.mark.parametrize("query", ["who:ada", "'; DROP"])
def test_an_unknown_scope_is_refused(accounts: World, query: str) -> None:
    """The three that GoTrue has, and nothing else."""
    answer = accounts.admin("GET", f"/admin/audit?query={query}")

    assert (answer.status, answer.body["msg"]) == (
        400,
        f"Invalid query scope: {query.partition(':')[0]}",
    )


def test_a_stolen_refresh_token_is_told(accounts: World) -> None:
    """Its reuse ends the session, and the log says so although the request failed."""
    first = accounts.signed_up()["refresh_token"]
    second = accounts.refreshed(first).body["refresh_token"]
    accounts.refreshed(second)
    accounts.now += 60
    answer = accounts.refreshed(first)

    assert answer.body["error_code"] == "refresh_token_already_used"
    assert actions(accounts)[0] == "token_revoked"


def test_sessions_are_listed_and_ended(accounts: World) -> None:
    """One alone, then all; what opens them is not shown, and their tokens end at once."""
    first = accounts.signed_up()
    accounts.now += 1
    second = accounts.current_account().body
    path = f"/admin/users/{first['user']['id']}/sessions"
    listed = accounts.admin("GET", path).body["sessions"]

    assert [one["ip"] for one in listed] == ["192.0.2.1", "192.0.2.1"]
    assert set(listed[0]) == {
        *("id", "user_id", "aal", "amr", "user_agent", "ip", "created_at", "updated_at")
    }
    assert accounts.admin("DELETE", f"{path}/{listed[0]['id']}").body == {}
    tokens = [first["access_token"], second["access_token"]]
    assert [accounts.call("GET", "/user", bearer=one).status for one in tokens] == [200, 403]
    assert accounts.admin("DELETE", path).body == {}
    assert accounts.call("GET", "/user", bearer=tokens[0]).body["error_code"] == "session_not_found"
    assert actions(accounts, "action:logout") == ["logout", "logout"]


def test_a_session_of_somebody_else_is_not_found(accounts: World) -> None:
    """Neither under another user, nor under nobody."""
    ada = accounts.signed_up()["user"]["id"]
    bob = accounts.signed_up("bob@example.com")["user"]["id"]
    (session,) = accounts.admin("GET", f"/admin/users/{ada}/sessions").body["sessions"]
    nobody = "8f1d4f0a-0000-4000-8000-000000000000"

    for user, code in ((bob, "session_not_found"), (nobody, "user_not_found")):
        answer = accounts.admin("DELETE", f"/admin/users/{user}/sessions/{session['id']}")
        assert (answer.status, answer.body["error_code"]) == (404, code)
