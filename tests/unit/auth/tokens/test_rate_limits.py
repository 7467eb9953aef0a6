"""Limits on guesses and mails: who is refused, for how long, and who never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.auth.tokens.rate_limits import AuthRateLimits, Rate, TokenBuckets
from jotbase.errors import AuthError

NOW = 1_780_000_000.0
ADA, HOME, EVE = "ada@example.com", "192.0.2.1", "198.51.100.9"
THREE = Rate(3, 30)


def refused(limits: AuthRateLimits, client: str, now: float = NOW, account: str = ADA) -> int:
    """Return after how many seconds the client may guess again, 0 for at once."""
    try:
        limits.check_password(account, client, now)
    except AuthError as error:
        return int(error.extra["retry_after"]) if error.status == 429 else -1
    return 0


def guessed(limits: AuthRateLimits, client: str, times: int, account: str = ADA) -> None:
    for _ in range(times):
        limits.wrong_password(account, client, NOW)


def test_ten_wrong_passwords_are_enough_for_a_while() -> None:
    """Then one more each half minute; other clients, and other accounts, are not limited by it."""
    limits = AuthRateLimits()
    guessed(limits, EVE, 9)
    before = refused(limits, EVE)
    guessed(limits, EVE, 1)

    assert (before, refused(limits, EVE), refused(limits, EVE, NOW + 30)) == (0, 30, 0)
    assert (refused(limits, HOME), refused(limits, EVE, account="bob@example.com")) == (0, 0)


def test_all_clients_together_have_a_hundred_and_the_owner_is_not_among_them() -> None:
    """A crowd of strangers locks out strangers; who was signed in before goes on."""
    limits = AuthRateLimits()
    limits.right_password(ADA, HOME)
    for number in range(20):
        guessed(limits, f"203.0.113.{number}", 5)

    assert refused(limits, EVE) == 36
    assert refused(limits, HOME) == 0


def test_one_client_has_a_hundred_for_all_accounts() -> None:
    """One password tried on many accounts is counted as well."""
    limits = AuthRateLimits()
    for number in range(100):
        guessed(limits, EVE, 1, f"user{number}@example.com")

    assert (refused(limits, EVE), refused(limits, HOME)) == (3, 0)


def test_a_right_password_forgives_the_wrong_ones() -> None:
    """Of that client, for that account."""
    limits = AuthRateLimits()
    guessed(limits, HOME, 10)
    limits.right_password(ADA, HOME)

    assert refused(limits, HOME) == 0


def test_thirty_wrong_codes_are_enough() -> None:
    """A right one is not counted."""
    limits = AuthRateLimits()
    for _ in range(50):
        limits.take_code(EVE, NOW)
        limits.right_code(EVE, NOW)
    for _ in range(30):
        limits.take_code(EVE, NOW)

    with pytest.raises(AuthError) as caught:
        limits.take_code(EVE, NOW)
    assert caught.value.extra == {"retry_after": 10}
    limits.take_code(HOME, NOW)


@pytest.mark.parametrize(("mails", "rate", "share"), [(50, 500, 50), (50, 30, 24), (9, 1, 1)])
def test_no_client_spends_all_mails(mails: int, rate: int, share: int) -> None:
    """Its own figure, and never more than four fifths of all."""
    limits = AuthRateLimits(mails, rate)
    for _ in range(share):
        limits.take_mail(EVE, NOW)

    with pytest.raises(AuthError) as caught:
        limits.take_mail(EVE, NOW)
    assert (caught.value.code, caught.value.status) == ("over_email_send_rate_limit", 429)
    limits.give_back_mail(EVE, NOW)
    limits.take_mail(EVE, NOW)
    limits.take_mail(HOME, NOW)


def test_the_memory_is_bounded() -> None:
    """What was used longest ago is forgotten first."""
    buckets = TokenBuckets(capacity=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, Rate(2, 60), NOW)

    assert len(buckets) == 2
    assert buckets.wait("a", Rate(2, 60), NOW) == 30
    assert buckets.wait("b", Rate(1, 60), NOW) == 0


@given(st.lists(st.floats(0, 20), max_size=60))
def test_no_order_of_times_gets_more_through(steps: list[float]) -> None:
    """In any stretch of time: what there is at once, and what came back meanwhile."""
    buckets, now, taken = TokenBuckets(), NOW, 0
    for step in steps:
        now += step
        if buckets.wait("k", THREE, now) == 0:
            buckets.take("k", THREE, now)
            taken += 1
        assert taken <= 3 + (now - NOW) * 3 / 30 + 1e-6
