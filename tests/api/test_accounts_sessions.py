"""Refresh tokens over the wire: rotation, what is forgiven, and what ends a session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.account_world import RING, START, World, opened

from jotbase.auth.sessions.refresh_tokens import issue
from jotbase.auth.tokens.token_cache import Revocation, TokenCache
from jotbase.auth.tokens.tokens import verify


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world


@pytest.fixture
def session(world: World) -> Any:
    return world.signed_up()


def test_a_refresh_gives_new_tokens_of_the_same_session(world: World, session: Any) -> None:
    """The refresh token changes, the session and the day of sign-in do not."""
    world.now += 3000
    fresh = world.refreshed(session["refresh_token"]).body
    before = verify(session["access_token"], RING, START)
    after = verify(fresh["access_token"], RING, world.now)

    assert fresh["refresh_token"] != session["refresh_token"]
    assert after.session_id == before.session_id
    assert after.expires_at == 1_780_006_600
    assert after.claims["amr"] == before.claims["amr"]
    assert fresh["user"]["last_sign_in_at"] == session["user"]["last_sign_in_at"]


def test_a_lost_answer_is_given_again(world: World, session: Any) -> None:
    """The token before the current one gets the current one, however late."""
    fresh = world.refreshed(session["refresh_token"]).body
    world.now += 3600
    again = world.refreshed(session["refresh_token"])

    assert (again.status, again.body["refresh_token"]) == (200, fresh["refresh_token"])
    assert world.refreshed(fresh["refresh_token"]).status == 200


def test_two_tabs_that_refresh_at_once_agree(world: World, session: Any) -> None:
    """Both get the same new token, and nobody is logged out."""
    body = {"refresh_token": session["refresh_token"]}
    answers = world.at_once("/token?grant_type=refresh_token", body, body)

    assert [answer.status for answer in answers] == [200, 200]
    assert len({answer.body["refresh_token"] for answer in answers}) == 1


def test_an_old_token_is_forgiven_for_a_moment(world: World, session: Any) -> None:
    """Within the reuse interval an older token gets the current one."""
    second = world.refreshed(session["refresh_token"]).body
    third = world.refreshed(second["refresh_token"]).body
    world.now += 10
    again = world.refreshed(session["refresh_token"])

    assert (again.status, again.body["refresh_token"]) == (200, third["refresh_token"])


def test_reuse_ends_the_session_although_it_is_an_error(world: World, session: Any) -> None:
    """A token that somebody kept costs the thief and the owner the session, committed at once."""
    second = world.refreshed(session["refresh_token"]).body
    third = world.refreshed(second["refresh_token"]).body
    world.now += 11
    stolen = world.refreshed(session["refresh_token"])
    owner = world.refreshed(third["refresh_token"])
    user = world.call("GET", "/user", bearer=third["access_token"])

    assert (stolen.status, stolen.body["error_code"]) == (400, "refresh_token_already_used")
    assert (owner.status, owner.body["error_code"]) == (400, "refresh_token_not_found")
    assert (user.status, user.body["error_code"]) == (403, "session_not_found")
    ended = verify(third["access_token"], RING, START).session_id
    assert world.revoked == [Revocation(session["user"]["id"], (ended or "",))]


@pytest.mark.parametrize("text", ["", "x", "AAAA", "!" * 60, "A" * 60, 7])
def test_a_garbled_refresh_token_is_refused(world: World, session: Any, text: object) -> None:
    """Text that no server wrote is refused before anything is looked up."""
    body = {"refresh_token": text}
    answer = world.call("POST", "/token?grant_type=refresh_token", body)
    code = "bad_json" if text == 7 else "validation_failed"

    assert (answer.status, answer.body["error_code"]) == (400, code)


def test_a_forged_refresh_token_harms_nobody(world: World, session: Any) -> None:
    """Who knows a session's id alone can neither use nor end the session."""
    principal = verify(session["access_token"], RING, START)
    guess = issue(principal.session_id or "", 0, bytes(32))
    foreign = world.refreshed(guess)

    assert (foreign.status, foreign.body["error_code"]) == (400, "refresh_token_not_found")
    assert world.refreshed(session["refresh_token"]).status == 200


@pytest.mark.parametrize("limit", ["session_time_box", "session_inactivity"])
def test_a_session_that_is_over_is_not_renewed(world: World, session: Any, limit: str) -> None:
    """A project may bound a session's life and its idleness."""
    world.set(**{limit: 60})
    world.now += 61
    answer = world.refreshed(session["refresh_token"])

    assert (answer.status, answer.body["error_code"]) == (400, "session_expired")


def test_a_banned_user_gets_no_session(world: World, session: Any) -> None:
    """A ban holds for refresh, sign-in and the user's own page, until it is lifted."""
    path = f"/admin/users/{session['user']['id']}"
    world.admin("PUT", path, {"ban_duration": "1h30m"})
    refused = [
        world.refreshed(session["refresh_token"]),
        world.current_account(),
        world.call("GET", "/user", bearer=session["access_token"]),
    ]
    world.admin("PUT", path, {"ban_duration": "none"})

    assert [one.body["error_code"] for one in refused] == ["user_banned"] * 3
    assert [one.status for one in refused] == [400, 400, 403]
    assert world.refreshed(session["refresh_token"]).status == 200


def test_an_unknown_grant_is_refused(world: World) -> None:
    """A grant type that is not built is named as such."""
    answer = world.call("POST", "/token?grant_type=magic", {})

    assert (answer.status, answer.body["error_code"]) == (400, "invalid_credentials")
    assert answer.body["msg"] == "unsupported_grant_type"


def test_ended_sessions_can_be_read_by_other_processes(world: World, session: Any) -> None:
    """A session deleted in the database by whatever hand is in the log, with its user."""
    world.run('DELETE FROM "auth.users"')
    world.loop.run(world.changes.poll())

    assert world.revoked == [Revocation(session["user"]["id"])]


def test_what_is_told_of_ended_sessions_makes_the_registry_forget(
    world: World, session: Any
) -> None:
    """What the API tells on sign-out is just what the registry takes."""
    live, token = TokenCache(), session["access_token"]
    live.put(token, verify(token, RING, START), live.mark())
    world.call("POST", "/logout?scope=local", bearer=token)
    known_before = live.get(token, START)
    live.forget(world.revoked)

    assert known_before is not None
    assert live.get(token, START) is None


def test_every_statement_touches_only_its_own_user(world: World, session: Any) -> None:
    """Signing out one user everywhere leaves the others signed in."""
    bob = world.signed_up("bob@example.com")
    world.call("POST", "/logout", bearer=session["access_token"])

    assert world.call("GET", "/user", bearer=bob["access_token"]).status == 200


@pytest.mark.parametrize(
    ("column", "text", "status"),
    [
        ("not_after", "soon", 400),
        ("not_after", "", 400),
        ("not_after", "infinity", 200),
        ("created_at", "soon", 400),
        ("refreshed_at", "soon", 400),
    ],
)
def test_a_session_with_a_time_that_cannot_be_read_is_over(
    world: World, session: Any, column: str, text: str, status: int
) -> None:
    """Written by hand; as PostgreSQL's, `infinity` is a time that never comes."""
    world.set(session_time_box=3600, session_inactivity=3600)
    world.run(f'UPDATE "auth.sessions" SET "{column}" = ?', text)

    assert world.refreshed(session["refresh_token"]).status == status
