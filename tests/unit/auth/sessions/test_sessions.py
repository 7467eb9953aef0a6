"""Sessions: every situation of the table, and what holds of all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.auth.sessions.refresh_tokens import RefreshToken, issue, parse
from jotbase.auth.sessions.sessions import (
    TRANSITIONS,
    Session,
    Situation,
    current_token,
    is_expired,
    refresh,
)
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import timestamp

START = 1_780_000_000.0
POLICY = AuthPolicy("http://localhost/auth/v1")
SESSION = Session(
    id="8f1d4f0a-1234-4000-8000-0123456789ab",
    user_id="8f1d4f0a-1234-4000-8000-00000000000a",
    created_at=timestamp(START),
    updated_at=timestamp(START),
    refresh_key=bytes(range(32)),
    refresh_counter=5,
    refreshed_at=timestamp(START),
)
BOXED = replace(POLICY, session_time_box=100)


def token(counter: int, key: bytes = SESSION.refresh_key) -> RefreshToken:
    return parse(issue(SESSION.id, counter, key))


@pytest.mark.parametrize(
    ("given_token", "seconds", "policy", "expected"),
    [
        (token(5, bytes(32)), 0, POLICY, Situation.FORGED),
        (token(9, bytes(32)), 0, POLICY, Situation.FORGED),
        (token(1, bytes(32)), 60, BOXED, Situation.FORGED),
        (token(5), 100, BOXED, Situation.EXPIRED),
        (token(1), 100, BOXED, Situation.EXPIRED),
        (token(5), 99, BOXED, Situation.CURRENT),
        (token(6), 0, POLICY, Situation.NUMBER_AHEAD),
        (token(5), 10**6, POLICY, Situation.CURRENT),
        (token(4), 10**6, POLICY, Situation.PREDECESSOR),
        (token(3), 10, POLICY, Situation.RECENT),
        (token(0), 10, POLICY, Situation.RECENT),
        (token(3), 10.5, POLICY, Situation.REUSED),
        (token(0), 10.5, POLICY, Situation.REUSED),
        (token(3), 0.5, replace(POLICY, reuse_interval=0), Situation.REUSED),
    ],
)
def test_each_token_is_in_one_situation(
    given_token: RefreshToken, seconds: float, policy: AuthPolicy, expected: Situation
) -> None:
    """The first rule that holds decides, and a forged token tells nothing of the session."""
    assert refresh(SESSION, given_token, START + seconds, policy).situation is expected


def test_the_current_token_advances_the_session() -> None:
    """The next token is given, and the session notes when."""
    outcome = refresh(SESSION, token(5), START + 60, POLICY)

    assert outcome.session == replace(
        SESSION,
        refresh_counter=6,
        refreshed_at="2026-05-28T20:27:40+00:00",
        updated_at="2026-05-28T20:27:40+00:00",
    )
    assert outcome.token == issue(SESSION.id, 6, SESSION.refresh_key)
    assert outcome.error is None


@pytest.mark.parametrize("counter", [4, 3])
def test_a_forgiven_token_changes_nothing(counter: int) -> None:
    """The current token is given again, and the reuse interval is not drawn out."""
    outcome = refresh(SESSION, token(counter), START + 5, POLICY)

    assert (outcome.session, outcome.token) == (SESSION, current_token(SESSION))


def test_reuse_ends_the_session() -> None:
    """The outcome has an error and no session: it is to be deleted."""
    outcome = refresh(SESSION, token(2), START + 60, POLICY)

    assert (outcome.session, outcome.token) == (None, None)
    assert outcome.error is not None
    assert (outcome.error.status, outcome.error.code) == (400, "refresh_token_already_used")


@pytest.mark.parametrize(
    ("change", "policy", "seconds"),
    [
        ({"not_after": timestamp(START + 60)}, POLICY, 60),
        ({}, replace(POLICY, session_time_box=60), 60),
        ({}, replace(POLICY, session_inactivity=60), 60),
        ({"refreshed_at": timestamp(START + 50)}, replace(POLICY, session_inactivity=60), 110),
    ],
)
def test_a_session_ends_at_its_limits(
    change: dict[str, str], policy: AuthPolicy, seconds: float
) -> None:
    """A last day, a time box, an idle time: over at that moment, not before."""
    session = replace(SESSION, **change)  # type: ignore[arg-type]

    assert is_expired(session, START + seconds, policy)
    assert not is_expired(session, START + seconds - 0.5, policy)


def test_the_table_knows_every_situation_in_the_order_of_asking() -> None:
    """No situation is without a rule, and each rule either gives a token or says why not."""
    assert list(TRANSITIONS) == list(Situation)
    for rule in TRANSITIONS.values():
        assert (rule.token_given is None) is (rule.code is not None)
    assert [one for one, rule in TRANSITIONS.items() if rule.session == "ends"] == [
        Situation.REUSED
    ]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 15)), max_size=12))
def test_whatever_comes_back_the_rules_hold(steps: list[tuple[int, int]]) -> None:
    """The counter never falls and rises by one for the current token alone; tokens are current."""
    session, now = SESSION, START
    for counter, seconds in steps:
        now += seconds
        outcome = refresh(session, token(counter), now, POLICY)
        if outcome.session is None:
            assert counter < session.refresh_counter - 1
            return
        rise = outcome.session.refresh_counter - session.refresh_counter
        assert rise == (1 if counter == session.refresh_counter else 0)
        assert (outcome.token is None) is (counter > session.refresh_counter)
        assert outcome.token in (None, current_token(outcome.session))
        session = outcome.session


def test_a_session_does_not_show_its_key() -> None:
    """What is printed of a session signs nothing."""
    assert "refresh_key" not in repr(SESSION)
