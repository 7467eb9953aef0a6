"""The registry of tokens known to be good: remembers, expires, forgets at once."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.auth.tokens.current_facts import Facts
from jotbase.auth.tokens.revocation_triggers import FACTS
from jotbase.auth.tokens.token_cache import (
    Notice,
    Renewal,
    Revocation,
    TokenCache,
    changed_since,
    notices,
)
from jotbase.sql.dialect import SQLITE
from jotbase.values import Principal

NOW = 1_780_000_000.0
ADA = Principal("authenticated", id="ada", session_id="a1", expires_at=NOW + 60)
ADA_TOO = Principal("authenticated", id="ada", session_id="a2", expires_at=NOW + 60)
BOB = Principal("authenticated", id="bob", session_id="b1", expires_at=NOW + 60)


@pytest.fixture
def live() -> TokenCache:
    registry = TokenCache(capacity=3)
    for token, principal in (("ada", ADA), ("ada2", ADA_TOO), ("bob", BOB)):
        registry.put(token, principal, registry.mark())
    return registry


def test_what_was_put_is_known(live: TokenCache) -> None:
    """A token leads to its principal; an unknown one to nothing."""
    assert live.get("ada", NOW) == ADA
    assert live.get("eve", NOW) is None


def test_a_token_is_forgotten_when_it_expires(live: TokenCache) -> None:
    """As long as the token would be taken, allowance included, and no longer."""
    assert live.get("ada", NOW + 90) == ADA
    assert live.get("ada", NOW + 91) is None
    assert len(live) == 2


@pytest.mark.parametrize(
    ("notice", "left"),
    [
        (Revocation("ada", ("a1",)), {"ada2", "bob"}),
        (Revocation("ada", ("a1", "a2")), {"bob"}),
        (Revocation("ada"), {"bob"}),
        (Revocation("bob", ()), {"ada", "ada2", "bob"}),
        (Revocation("eve"), {"ada", "ada2", "bob"}),
        (Renewal("ada", Facts({})), {"bob"}),
    ],
)
def test_a_notice_takes_what_it_covers(live: TokenCache, notice: Notice, left: set[str]) -> None:
    """Sessions by their id, or all of a user, whose facts are asked for anew; nobody else's."""
    live.forget([notice])

    assert {token for token in ("ada", "ada2", "bob") if live.get(token, NOW)} == left


def test_the_least_recently_used_goes_first(live: TokenCache) -> None:
    """The memory is bounded."""
    live.get("ada", NOW)
    live.put("new", BOB, live.mark())

    assert live.get("ada2", NOW) is None
    assert (len(live), live.get("ada", NOW)) == (3, ADA)


def test_an_answer_that_predates_a_revocation_is_not_kept(live: TokenCache) -> None:
    """Between the question to the database and its answer, the session may have ended."""
    mark = live.mark()
    live.forget([Revocation("ada", ("a3",))])
    live.put("late", Principal("authenticated", id="ada", session_id="a3"), mark)

    assert live.get("late", NOW) is None


def test_a_very_long_token_is_not_kept(live: TokenCache) -> None:
    """A few long tokens cannot fill the memory."""
    live.put("x" * 8193, ADA, live.mark())

    assert live.get("x" * 8193, NOW) is None


def test_everything_can_be_forgotten(live: TokenCache) -> None:
    """When revocations may have been missed, nothing is known any more."""
    mark = live.mark()
    live.clear()
    live.put("late", ADA, mark)

    assert len(live) == 0


def logged(number: int, session: str, *, alive: bool = False, **user: Any) -> tuple[Any, ...]:
    """Return a row of the log: a session's or, without one, a user's; `user` None for nobody."""
    known = {"role": "authenticated", "app_metadata": "{}", "user_metadata": "{}", **user}
    facts = [known.get(name) for name in FACTS]
    return (number, session, "ada", session if alive else None, known.get("id", "ada"), *facts)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (logged(1, "a1"), Revocation("ada", ("a1",))),
        (logged(1, "", id=None), Revocation("ada")),
        (logged(1, "", deleted_at="2026-01-01T00:00:00+00:00"), Revocation("ada")),
        (logged(1, "", banned_until="2027-01-01T00:00:00+00:00"), Revocation("ada")),
    ],
)
def test_what_is_logged_ends_what_is_gone(row: Any, told: Notice) -> None:
    """A session that is no more; all of a user who is no more, or not to be let in."""
    assert notices([row], NOW) == (told,)


@pytest.mark.parametrize(
    "row",
    [
        logged(1, "a1", alive=True, role="editor"),
        logged(1, "", role="editor"),
        logged(1, "", role="editor", banned_until="2026-01-01T00:00:00+00:00"),
    ],
)
def test_what_is_logged_renews_who_is_there(row: Any) -> None:
    """The state counts, not the event: a session put back, a role that changed, a ban long over."""
    (told,) = notices([row], NOW)

    assert isinstance(told, Renewal)
    assert (told.user_id, told.facts.claims["role"]) == ("ada", "editor")


def test_what_is_one_sessions_is_told_of_it_alone() -> None:
    """Its level; the user's other sessions keep theirs."""
    row = (*logged(1, "a1", alive=True), "aal2", '[{"method": "totp"}]')
    (told,) = notices([row], NOW)

    assert isinstance(told, Renewal)
    assert told.facts.session == {"aal": "aal2", "amr": [{"method": "totp"}]}
    assert (told.covers(ADA), told.covers(ADA_TOO), told.covers(BOB)) == (True, False, False)


def test_many_lines_of_one_user_are_one_notice() -> None:
    """The log may be long; what it comes to is told once."""
    assert len(notices([logged(number, "") for number in range(1, 9)], NOW)) == 1
    assert changed_since(SQLITE, 7).params == (7,)
