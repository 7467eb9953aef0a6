"""Hooks: what a project's functions are told of sign-ups and sign-ins, and what they may answer.

In charge of payloads and of reading answers, both as GoTrue's hooks have them. Must not know how a
function is called (`jotbase.functions.hooks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from jotbase.auth.accounts.context import Context
from jotbase.auth.sessions.users import Account, User, user_json
from jotbase.auth.tokens.times import sent
from jotbase.errors import AuthError

#: Name in `metadata` of each hook.
NAMES: Mapping[str, str] = {
    "before_user_created": "before-user-created",
    "custom_access_token": "customize-access-token",
    "password_verification_attempt": "password-verification",
    "send_email": "send-email",
}

#: The largest answer, in bytes of JSON.
LARGEST_ANSWER = 204_800

#: The claims that a token must have after `custom_access_token`, and their types.
_REQUIRED: Mapping[str, type | tuple[type, ...]] = {
    "aud": (str, list),
    "exp": int,
    "iat": int,
    "sub": str,
    "email": str,
    "phone": str,
    "role": str,
    "aal": str,
    "session_id": str,
    "is_anonymous": bool,
}


def metadata(name: str, context: Context) -> dict[str, Any]:
    """Return the member `metadata` of a payload."""
    return {
        "uuid": context.derived_id(f"hook {name}"),
        "time": sent(context.moment),
        "name": NAMES[name],
        "ip_address": context.client,
    }


def future_user(user: User, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the user of `before_user_created`: as it would be stored, with the data as sent."""
    return user_json(Account(replace(user, role="", user_metadata=dict(data))))


def read_answer(value: Any) -> dict[str, Any]:
    """Return a hook's answer.

    Raises AuthError: what the answer's `error` says, hook_payload_over_size_limit (422), and
    unexpected_failure (500) for what is no JSON object.
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or (size := _size(value)) is None:
        raise _broken("The hook gave back no JSON object")
    if size > LARGEST_ANSWER:
        message = f"Payload size exceeded size limit of {LARGEST_ANSWER} bytes"
        raise AuthError(422, "hook_payload_over_size_limit", message)
    refusal = value.get("error")
    if isinstance(refusal, dict) and refusal.get("message"):
        status = refusal.get("http_code") or 500
        if not isinstance(status, int) or not 400 <= status <= 599:
            raise _broken("The hook's http_code is no status of an error")
        code = "unexpected_failure" if status == 500 else "unknown"
        raise AuthError(status, code, str(refusal["message"]))
    return value


def _size(value: dict[str, Any]) -> int | None:
    try:
        return len(orjson.dumps(value))
    except (TypeError, ValueError):
        return None


def read_claims(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that replace a token's. Raises AuthError (unexpected_failure, 500)."""
    claims = answer.get("claims")
    if not isinstance(claims, dict):
        raise _broken("output claims field is missing")
    for name, kind in _REQUIRED.items():
        if not isinstance(claims.get(name), kind) or (
            kind is int and isinstance(claims[name], bool)
        ):
            raise _broken(f"output claims do not conform to the expected schema: {name}")
    return claims


def check_decision(answer: Mapping[str, Any]) -> None:
    """Raise AuthError (invalid_credentials, 400) when an attempt at a password is rejected."""
    if answer.get("decision") == "reject":
        message = "Further password verification attempts will be rejected."
        raise AuthError(400, "invalid_credentials", str(answer.get("message") or message))


def _broken(message: str) -> AuthError:
    return AuthError(500, "unexpected_failure", message)
