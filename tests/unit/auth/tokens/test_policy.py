"""The defaults of the account policy."""

from __future__ import annotations

from jotbase.auth.tokens.policy import AuthPolicy


def test_the_defaults_are_those_of_the_protocol() -> None:
    """An hour for access tokens, ten seconds of grace, no anonymous users, six characters."""
    policy = AuthPolicy("http://localhost/auth/v1")

    assert (policy.access_lifetime, policy.reuse_interval) == (3600, 10)
    assert (policy.anonymous_users, policy.signup_disabled) == (False, False)
    assert (policy.audience, policy.password_min_length) == ("authenticated", 6)
