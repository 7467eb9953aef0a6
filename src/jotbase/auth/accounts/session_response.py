"""The token response of an issued session: access token, refresh token, user.

In charge of its JSON, which is GoTrue's. Must not know how the caller was authenticated.
"""

from __future__ import annotations

from typing import Any

from jotbase.auth.accounts.accounts import IssuedSession
from jotbase.auth.sessions.users import access_claims, user_json
from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.tokens import sign


def session_json(
    issued: IssuedSession,
    ring: KeyRing,
    policy: AuthPolicy,
    now: float,
    claims_instead: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the token response; `expires_at` is in whole seconds since the epoch.

    `claims_instead` are those of the token when a hook has replaced them.
    """
    claims = access_claims(issued.account.user, issued.session, policy, now)
    return {
        "access_token": sign(claims if claims_instead is None else claims_instead, ring),
        "token_type": "bearer",
        "expires_in": policy.access_lifetime,
        "expires_at": claims["exp"],
        "refresh_token": issued.refresh_token,
        "user": user_json(issued.account),
    }
