"""Second factors and their challenges: their rows, and when a challenge may be answered.

In charge of these values alone. Must not know how a code is checked (`auth.factors`), nor how rows
are stored (`accounts.store`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from jotbase.auth.tokens.times import epoch, sent
from jotbase.errors import AuthError

#: How long a challenge may be answered, in seconds.
CHALLENGE_LIFETIME = 300


@dataclass(frozen=True, slots=True)
class Factor:
    """One row of `auth.mfa_factors`.

    `last_step` is the time step of the last code that was used, so that no code is used twice;
    `wrong_codes` counts the wrong ones in a row, the last at `wrong_code_at`.
    """

    id: str
    user_id: str
    created_at: str
    updated_at: str
    factor_type: str
    status: Literal["unverified", "verified"]
    friendly_name: str
    secret: str = field(repr=False)
    last_challenged_at: str | None = None
    last_step: int = 0
    wrong_codes: int = 0
    wrong_code_at: str | None = None

    @property
    def is_verified(self) -> bool:
        """Whether a code of the factor has been right once: only then does it count."""
        return self.status == "verified"


@dataclass(frozen=True, slots=True)
class FactorChallenge:
    """One row of `auth.mfa_challenges`; `client` is the key of the client that asked for it."""

    id: str
    factor_id: str
    created_at: str
    client: str
    verified_at: str | None = None

    @property
    def expires_at(self) -> int:
        """The end of the challenge, in whole seconds since the epoch."""
        return int(epoch(self.created_at)) + CHALLENGE_LIFETIME


def challenge_error(
    challenge: FactorChallenge | None, factor: Factor, client: str, now: float
) -> AuthError | None:
    """Return why a challenge cannot be answered by this client now (422), None where it can."""
    if challenge is None or challenge.factor_id != factor.id:
        return AuthError(
            422, "mfa_factor_not_found", "MFA factor with the provided challenge ID not found"
        )
    if challenge.verified_at is not None or challenge.client != client:
        return AuthError(
            422, "mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch."
        )
    if now >= challenge.expires_at:
        return AuthError(
            422,
            "mfa_challenge_expired",
            f"MFA challenge {challenge.id} has expired, verify against another challenge or"
            " create a new challenge.",
        )
    return None


def factor_json(factor: Factor) -> dict[str, Any]:
    """Return GoTrue's factor object, without the secret."""
    challenged = factor.last_challenged_at
    return {
        "id": factor.id,
        "created_at": sent(factor.created_at),
        "updated_at": sent(factor.updated_at),
        "status": factor.status,
        "friendly_name": factor.friendly_name,
        "factor_type": factor.factor_type,
        "phone": "",
        "last_challenged_at": sent(challenged) if challenged is not None else None,
    }
