"""The token response."""

from __future__ import annotations

from tests.unit.auth.driving import ADA, MOMENT, NOW, POLICY

from jotbase.auth.accounts.accounts import IssuedSession
from jotbase.auth.accounts.session_response import session_json
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Account, user_json
from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.tokens import verify

RING = KeyRing(b"0123456789abcdef0123456789abcdef")


def test_a_granted_session_is_answered_with_its_tokens() -> None:
    """The access token holds the claims; its end is told in seconds and as a moment."""
    session = Session("s1", ADA.id, MOMENT, MOMENT, b"key")
    body = session_json(IssuedSession(Account(ADA), session, "refresh"), RING, POLICY, NOW)
    principal = verify(body.pop("access_token"), RING, NOW)

    assert (principal.id, principal.session_id) == (ADA.id, "s1")
    assert body == {
        "token_type": "bearer",
        "expires_in": 3600,
        "expires_at": 1_780_003_600,
        "refresh_token": "refresh",
        "user": user_json(Account(ADA)),
    }
