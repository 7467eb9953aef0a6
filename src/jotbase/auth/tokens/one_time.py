"""One-time tokens: the code and the link token of a mail, and their stored hash.

In charge of deriving them and of which verification a token is valid for. The link token is an HMAC
of address and code, so that it cannot be guessed from the six digits of the code; only its SHA-224
is stored, so that reading the database does not open a session. Must not know mails, users or HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any, Literal

from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.times import epoch

#: What a token verifies. A user has one token of each slot; a new one replaces it.
Slot = Literal[
    "confirmation", "recovery", "email_change_new", "email_change_current", "reauthentication"
]

#: The `type` of `/verify` to the slots whose tokens it accepts. Magic links and recoveries share a
#: slot, as in GoTrue; `/verify` accepts no token of reauthentication.
SLOTS: dict[str, tuple[Slot, ...]] = {
    "signup": ("confirmation",),
    "invite": ("confirmation",),
    "magiclink": ("recovery",),
    "recovery": ("recovery",),
    "email": ("confirmation", "recovery"),
    "email_change": ("email_change_new", "email_change_current"),
}

#: The prefix of a link token whose flow uses PKCE: it leads to a code instead of a session.
PKCE = "pkce_"

#: Random bytes for a code: 64 bits, so that the bias of the remainder is below 10^-9.
CODE_BYTES = 8


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """One row of `auth.one_time_tokens`; `email` is the address that it verifies.

    `purpose` is the kind of mail (`messages.Purpose`). With a
    `code_challenge` (PKCE) its link gives a code instead of a session. `encrypted_password` and
    `data` are those of a sign-up: they are copied to the account when this token is used
    (decision 57). `client` distinguishes sign-ups of one address; it is "" where only the last mail
    of the slot is valid.
    """

    token_hash: str = field(repr=False)
    user_id: str
    slot: Slot
    purpose: str
    email: str
    created_at: str
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    client: str = ""
    encrypted_password: str | None = field(default=None, repr=False)
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowState:
    """One row of `auth.flow_states`: a code to be exchanged for a session with its verifier (PKCE).

    `purpose` is that of the mail whose link was opened.
    """

    code_hash: str = field(repr=False)
    user_id: str
    code_challenge: str
    code_challenge_method: str
    purpose: str
    created_at: str


def token_key(ring: KeyRing) -> bytes:
    """Return the HMAC key of link tokens, derived from the shared secret."""
    return hmac.digest(ring.secret, b"one-time tokens", "sha256")


def new_code(random_bytes: bytes, length: int) -> str:
    """Return a code of `length` decimal digits, from `CODE_BYTES` random bytes."""
    return str(int.from_bytes(random_bytes[:CODE_BYTES]) % 10**length).zfill(length)


def link_token(key: bytes, email: str, code: str) -> str:
    """Return the token of a link: 56 hexadecimal digits, as GoTrue's."""
    return hmac.digest(key, f"{email}\n{code}".encode(), "sha224").hex()


def stored_hash(token: str) -> str:
    """Return the SHA-224 of a link token (without the PKCE prefix), in hexadecimal digits."""
    return hashlib.sha224(token.removeprefix(PKCE).encode(errors="replace")).hexdigest()


def is_expired(token: OneTimeToken, now: float, lifetime: int) -> bool:
    """Whether the token has expired; `lifetime` is in seconds."""
    return now >= epoch(token.created_at) + lifetime


def is_valid_for(token: OneTimeToken, kind: str, email: str | None) -> bool:
    """Whether the token verifies that `type` of `/verify` for the user's current address."""
    return token.slot in SLOTS.get(kind, ()) and token.email == email
