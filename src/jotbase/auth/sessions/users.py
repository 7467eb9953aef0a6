"""Users and their identities: their rows and their JSON.

In charge of the user object of responses and of the claims of an access token, both as GoTrue's.
Must not know how rows are read or written (`store`) or which caller may see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jotbase.auth.sessions.factors import Factor, factor_json
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.revocation_triggers import SECOND_FACTORS
from jotbase.auth.tokens.times import sent


@dataclass(frozen=True, slots=True)
class User:
    """One row of `auth.users`; times are stored text, `email` is in lower case."""

    id: str
    aud: str
    role: str
    created_at: str
    updated_at: str
    email: str | None = None
    phone: str | None = None
    encrypted_password: str | None = field(default=None, repr=False)
    email_confirmed_at: str | None = None
    phone_confirmed_at: str | None = None
    invited_at: str | None = None
    confirmation_sent_at: str | None = None
    recovery_sent_at: str | None = None
    new_email: str | None = None
    email_change_sent_at: str | None = None
    new_phone: str | None = None
    phone_change_sent_at: str | None = None
    reauthentication_sent_at: str | None = None
    last_sign_in_at: str | None = None
    banned_until: str | None = None
    deleted_at: str | None = None
    is_anonymous: bool = False
    app_metadata: dict[str, Any] = field(default_factory=dict)
    user_metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def confirmed_at(self) -> str | None:
        """The earlier of the times at which e-mail and phone were confirmed, None without any."""
        times = [time for time in (self.email_confirmed_at, self.phone_confirmed_at) if time]
        return min(times, default=None)


@dataclass(frozen=True, slots=True)
class Identity:
    """One row of `auth.identities`: one way to sign in; `id` is the provider's id of the user."""

    identity_id: str
    id: str
    user_id: str
    provider: str
    created_at: str
    updated_at: str
    last_sign_in_at: str | None = None
    email: str | None = None
    identity_data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """A user with its identities and second factors, in the order in which they were created."""

    user: User
    identities: tuple[Identity, ...] = ()
    factors: tuple[Factor, ...] = ()

    @property
    def has_second_factor(self) -> bool:
        """Whether a factor is verified, so that some changes need aal2."""
        return any(one.is_verified for one in self.factors)


#: The times that the user object contains when they are set, in this order.
_TIMES = (
    "email_confirmed_at",
    "invited_at",
    "phone_confirmed_at",
    "confirmation_sent_at",
    "confirmed_at",
    "recovery_sent_at",
    "email_change_sent_at",
    "phone_change_sent_at",
    "reauthentication_sent_at",
    "last_sign_in_at",
    "banned_until",
    "deleted_at",
)


def user_json(account: Account) -> dict[str, Any]:
    """Return GoTrue's user object: `email` and `phone` are "" when NULL, unset times left out."""
    user = account.user
    body: dict[str, Any] = {
        "id": user.id,
        "aud": user.aud,
        "role": user.role,
        "email": user.email or "",
        "phone": user.phone or "",
    }
    body |= {name: sent(time) for name in _TIMES if (time := getattr(user, name)) is not None}
    body |= {name: value for name in ("new_email", "new_phone") if (value := getattr(user, name))}
    if account.factors:
        body["factors"] = [factor_json(factor) for factor in account.factors]
    return body | {
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
        "identities": [identity_json(identity) for identity in account.identities],
        "created_at": sent(user.created_at),
        "updated_at": sent(user.updated_at),
        "is_anonymous": user.is_anonymous,
    }


def identity_json(identity: Identity) -> dict[str, Any]:
    """Return GoTrue's identity object."""
    body: dict[str, Any] = {
        "identity_id": identity.identity_id,
        "id": identity.id,
        "user_id": identity.user_id,
        "identity_data": identity.identity_data,
        "provider": identity.provider,
        "created_at": sent(identity.created_at),
        "updated_at": sent(identity.updated_at),
    }
    if identity.last_sign_in_at is not None:
        body["last_sign_in_at"] = sent(identity.last_sign_in_at)
    if identity.email is not None:
        body["email"] = identity.email
    return body


def access_claims(user: User, session: Session, policy: AuthPolicy, now: float) -> dict[str, Any]:
    """Return the claims of an access token issued now, for `tokens.sign`."""
    issued = int(now)
    return {
        "iss": policy.issuer,
        "sub": user.id,
        "aud": user.aud,
        "exp": issued + policy.access_lifetime,
        "iat": issued,
        "email": user.email or "",
        "phone": user.phone or "",
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
        "role": user.role,
        "aal": session.aal,
        "amr": list(session.amr),
        "session_id": session.id,
        "is_anonymous": user.is_anonymous,
    }


#: The keys of `identity_data` that the server sets: a sign-up's `data` cannot set them.
CLAIMS = frozenset(("sub", "email", "email_verified", "phone_verified"))


def assurance(amr: tuple[dict[str, Any], ...]) -> str:
    """Return the authenticator assurance level of these methods: aal2 with a second factor."""
    return "aal2" if any(entry["method"] in SECOND_FACTORS for entry in amr) else "aal1"


def merged(metadata: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata with the change's keys set; a null in the change deletes its key."""
    both = {**metadata, **change}
    return {key: value for key, value in both.items() if change.get(key, 0) is not None}


def providers(identities: tuple[Identity, ...]) -> dict[str, Any]:
    """Return the entries `provider` (the first one) and `providers` of `app_metadata`."""
    names = list(dict.fromkeys(identity.provider for identity in identities))
    return {"provider": names[0], "providers": names} if names else {}
