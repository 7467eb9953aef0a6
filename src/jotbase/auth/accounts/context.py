"""What a unit of work of accounts is given of the world: time, randomness, policy, the client.

In charge of deriving ids and codes from the random bytes. Must not know any operation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from jotbase.auth.sessions.refresh_tokens import KEY_BYTES
from jotbase.auth.tokens.one_time import CODE_BYTES
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import timestamp
from jotbase.sql.dialect import Dialect

#: The length of `Context.random`: three UUIDs, a session's key, and two codes.
RANDOMNESS = 3 * 16 + KEY_BYTES + 2 * CODE_BYTES


@dataclass(frozen=True, slots=True)
class Context:
    """The environment of a unit of work: dialect, policy, time, `RANDOMNESS` random bytes.

    `now` is in epoch seconds, `token_key` the HMAC key of link tokens (`one_time.token_key`),
    `client` the key of the client's address (`client_address`).
    """

    dialect: Dialect
    policy: AuthPolicy
    now: float
    random: bytes = field(repr=False)
    user_agent: str | None = None
    token_key: bytes = field(default=b"", repr=False)
    client: str = ""

    @property
    def moment(self) -> str:
        """The time `now`, in its stored form."""
        return timestamp(self.now)

    def new_id(self, number: Literal[0, 1, 2]) -> str:
        """Return one of three new UUIDs: 0 for a user, 1 for an identity, 2 for a session."""
        return str(UUID(bytes=self.random[16 * number : 16 * number + 16], version=4))

    @property
    def session_key(self) -> bytes:
        """The signing key of a new session's refresh tokens."""
        return self.random[48 : 48 + KEY_BYTES]

    def derived_id(self, name: str) -> str:
        """Return a further UUID of this context, the same for the same name."""
        digest = hashlib.sha256(self.random + name.encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))

    @property
    def factor_secret(self) -> bytes:
        """The secret of a new second factor, as long as SHA-1's output (RFC 4226 section 4)."""
        return hashlib.sha512(self.random + b"factor secret").digest()[:20]

    def code_bytes(self, number: Literal[0, 1]) -> bytes:
        """Return the random bytes of one of two new one-time codes."""
        start = 48 + KEY_BYTES + CODE_BYTES * number
        return self.random[start : start + CODE_BYTES]
