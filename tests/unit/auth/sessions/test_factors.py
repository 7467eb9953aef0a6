"""When a challenge may be answered, and what is shown of a factor."""

from dataclasses import replace

import pytest

from jotbase.auth.sessions.factors import Factor, FactorChallenge, challenge_error, factor_json
from jotbase.auth.tokens.times import timestamp

NOW = 1_780_000_000.0
FACTOR = Factor("f1", "u1", timestamp(NOW), timestamp(NOW), "totp", "unverified", "phone", "SECRET")
CHALLENGE = FactorChallenge("c1", "f1", timestamp(NOW), "192.0.2.1")


@pytest.mark.parametrize(
    ("challenge", "client", "after", "code"),
    [
        (CHALLENGE, "192.0.2.1", 299, None),
        (CHALLENGE, "192.0.2.1", 300, "mfa_challenge_expired"),
        (CHALLENGE, "192.0.2.2", 0, "mfa_ip_address_mismatch"),
        (replace(CHALLENGE, verified_at=timestamp(NOW)), "192.0.2.1", 1, "mfa_ip_address_mismatch"),
        (replace(CHALLENGE, factor_id="f2"), "192.0.2.1", 0, "mfa_factor_not_found"),
        (None, "192.0.2.1", 0, "mfa_factor_not_found"),
    ],
)
def test_a_challenge_is_answered_once_by_its_client_in_its_time(
    challenge: FactorChallenge | None, client: str, after: float, code: str | None
) -> None:
    """And by the factor that it was made for."""
    error = challenge_error(challenge, FACTOR, client, NOW + after)

    assert (error.code if error else None) == code


def test_a_factor_shows_all_but_its_secret() -> None:
    """Neither where it is listed nor where it is printed."""
    shown = factor_json(FACTOR)

    assert shown["status"] == "unverified"
    assert shown["last_challenged_at"] is None
    assert "SECRET" not in str(shown) + repr(FACTOR)
