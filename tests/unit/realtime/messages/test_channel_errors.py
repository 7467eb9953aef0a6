"""Refusals in the words that clients of realtime know."""

import pytest

from jotbase.errors import AccessError, ChannelError
from jotbase.realtime.messages import channel_errors


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("PGRST303", "JWT expired", "InvalidJWTToken: Token has expired"),
        ("PGRST303", "JWT not in audience", "InvalidJWTToken: JWT not in audience"),
        (
            "PGRST301",
            "The session of this token has ended",
            "InvalidJWTToken: The session of this token has ended",
        ),
        (
            "PGRST301",
            "Expected 3 parts in JWT; got 1",
            "MalformedJWT: The token provided is not a valid JWT",
        ),
        (
            "PGRST301",
            "No suitable key or wrong key type",
            "JwtSignatureError: Failed to validate JWT signature",
        ),
    ],
)
def test_a_refused_token_has_a_name_here(code: str, message: str, reason: str) -> None:
    """The data API's words become realtime's."""
    assert channel_errors.reason(channel_errors.token_refusal(AccessError(code, message))) == reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (channel_errors.topic_missing(), "TopicNameRequired: You must provide a topic name"),
        (channel_errors.too_many_channels(), "ChannelRateLimitReached: Too many channels"),
        (
            channel_errors.too_many_bindings(),
            "ChannelRateLimitReached: Too many postgres_changes bindings",
        ),
        (
            channel_errors.private_channel_denied("r"),
            "Unauthorized: You do not have permissions to read from this Channel topic: r",
        ),
        (channel_errors.token_expired(), "InvalidJWTToken: Token has expired"),
    ],
)
def test_a_reason_is_code_and_text(error: ChannelError, reason: str) -> None:
    """supabase-js shows it as the message of its CHANNEL_ERROR."""
    assert channel_errors.reason(error) == reason
