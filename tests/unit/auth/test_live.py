"""The registry of tokens known to be good: remembers, expires, forgets at once."""

from __future__ import annotations

import pytest

from jotbase.auth.live import LiveSessions, Revocation, revoked_since, session_alive
from jotbase.sql.dialect import SQLITE
from jotbase.values import Principal

NOW = 1_780_000_000.0
ADA = Principal("authenticated", id="ada", session_id="a1", expires_at=NOW + 60)
ADA_TOO = Principal("authenticated", id="ada", session_id="a2", expires_at=NOW + 60)
BOB = Principal("authenticated", id="bob", session_id="b1", expires_at=NOW + 60)


@pytest.fixture
def live() -> LiveSessions:
    registry = LiveSessions(capacity=3)
    for token, principal in (("ada", ADA), ("ada2", ADA_TOO), ("bob", BOB)):
        registry.put(token, principal, registry.mark())
    return registry


def test_what_was_put_is_known(live: LiveSessions) -> None:
    """A token leads to its principal; an unknown one to nothing."""
    assert live.get("ada", NOW) == ADA
    assert live.get("eve", NOW) is None


def test_a_token_is_forgotten_when_it_expires(live: LiveSessions) -> None:
    """As long as the token would be taken, allowance included, and no longer."""
    assert live.get("ada", NOW + 90) == ADA
    assert live.get("ada", NOW + 91) is None
    assert len(live) == 2


@pytest.mark.parametrize(
    ("revocation", "left"),
    [
        (Revocation("ada", ("a1",)), {"ada2", "bob"}),
        (Revocation("ada", ("a1", "a2")), {"bob"}),
        (Revocation("ada"), {"bob"}),
        (Revocation("bob", ()), {"ada", "ada2", "bob"}),
        (Revocation("eve"), {"ada", "ada2", "bob"}),
    ],
)
def test_a_revocation_takes_what_it_covers(
    live: LiveSessions, revocation: Revocation, left: set[str]
) -> None:
    """Sessions by their id, or all of a user; nobody else's."""
    live.revoke(revocation)

    assert {token for token in ("ada", "ada2", "bob") if live.get(token, NOW)} == left


def test_the_least_recently_used_goes_first(live: LiveSessions) -> None:
    """The memory is bounded."""
    live.get("ada", NOW)
    live.put("new", BOB, live.mark())

    assert live.get("ada2", NOW) is None
    assert (len(live), live.get("ada", NOW)) == (3, ADA)


def test_an_answer_that_predates_a_revocation_is_not_kept(live: LiveSessions) -> None:
    """Between the question to the database and its answer, the session may have ended."""
    mark = live.mark()
    live.revoke(Revocation("ada", ("a3",)))
    live.put("late", Principal("authenticated", id="ada", session_id="a3"), mark)

    assert live.get("late", NOW) is None


def test_a_very_long_token_is_not_kept(live: LiveSessions) -> None:
    """A few long tokens cannot fill the memory."""
    live.put("x" * 8193, ADA, live.mark())

    assert live.get("x" * 8193, NOW) is None


def test_everything_can_be_forgotten(live: LiveSessions) -> None:
    """When revocations may have been missed, nothing is known any more."""
    mark = live.mark()
    live.clear()
    live.put("late", ADA, mark)

    assert len(live) == 0


def test_the_questions_that_others_ask_bind_their_values() -> None:
    """Whether a session lives, and which have ended since."""
    assert session_alive(SQLITE, "s'1").text == 'SELECT 1 FROM "auth.sessions" WHERE "id" = ?'
    assert session_alive(SQLITE, "s'1").params == ("s'1",)
    assert revoked_since(7).params == (7,)
