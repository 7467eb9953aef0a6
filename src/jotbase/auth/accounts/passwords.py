"""Passwords: hashing, verification, and the policy for new ones.

In charge of argon2id and of the requirements on new passwords. Hashing takes tens of milliseconds
and 20 MiB by design: callers run it in a thread. Must not know users; the salt is an argument.
"""

from __future__ import annotations

import re

from argon2.exceptions import InvalidHash, VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

from jotbase.auth.accounts.imported_hashes import check_of
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.errors import AuthError

SALT_BYTES = 16

#: The longest password in bytes: GoTrue's limit, which is bcrypt's, so that accounts can be moved.
LONGEST = 72

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
_MEMORY_KIB, _PASSES, _LANES, _HASH_BYTES = 19_456, 2, 1, 32
_OURS = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}$"

#: Verified when there is no user, so that the response to an unknown address takes as long as that
#: to a wrong password.
DUMMY_HASH = f"{_OURS}bm9ib2R5IG5vYm9keSA$OMY+kZxLZowJ2YuJADWSWoj1FxNM1vXXzDCYP8M0gtQ"

_KINDS = {"$argon2id$": Type.ID, "$argon2i$": Type.I}
# Django writes the algorithm before the string of the PHC.
_DJANGO = "argon2"
_ARGON2 = re.compile(
    r"\$argon2id?\$v=19\$m=(?P<m>\d{1,9}),t=(?P<t>\d{1,4}),p=(?P<p>\d{1,4})"
    r"\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"
)

#: The greatest parameters of an imported argon2 hash, as GoTrue's: memory in KiB, passes, lanes.
ARGON2_LIMITS = {"m": 1_048_576, "t": 20, "p": 16}


def hash_password(password: str, salt: bytes) -> str:
    """Return the password's hash in PHC string format; `salt` is `SALT_BYTES` random bytes."""
    hashed = hash_secret(
        password.encode(), salt, _PASSES, _MEMORY_KIB, _LANES, _HASH_BYTES, Type.ID
    )
    return hashed.decode("ascii")


def verify_password(password: str, hashed: str | None) -> bool:
    """Whether the password matches the hash; False without a hash, after the same work."""
    stored = (hashed or DUMMY_HASH).removeprefix(_DJANGO)
    kind = next((kind for prefix, kind in _KINDS.items() if stored.startswith(prefix)), None)
    if kind is None:
        check = check_of(stored)
        return check is not None and check(password.encode())
    try:
        verify_secret(stored.encode(), password.encode(), kind)
    except (VerificationError, InvalidHash):
        return False
    return hashed is not None


def needs_rehash(hashed: str) -> bool:
    """Whether the hash has other parameters than `hash_password` uses now."""
    return not hashed.startswith(_OURS)


def is_known_hash(hashed: str) -> bool:
    """Whether `verify_password` can verify an imported hash, at a bounded cost."""
    if check_of(hashed) is not None:
        return True
    found = _ARGON2.fullmatch(hashed.removeprefix(_DJANGO))
    return found is not None and all(
        1 <= int(found[name]) <= most for name, most in ARGON2_LIMITS.items()
    )


def check_new_password(password: str, policy: AuthPolicy) -> None:
    """Raise AuthError when the policy does not allow the password.

    validation_failed (400) over 72 bytes, weak_password (422) with its reasons otherwise.
    """
    if len(password.encode()) > LONGEST:
        raise AuthError(
            400, "validation_failed", f"Password cannot be longer than {LONGEST} characters"
        )
    faults = _faults(password, policy)
    if faults:
        raise AuthError(
            422,
            "weak_password",
            " ".join(faults.values()),
            extra={"weak_password": {"reasons": list(faults)}},
        )


def _faults(password: str, policy: AuthPolicy) -> dict[str, str]:
    faults = {}
    if len(password) < policy.password_min_length:
        faults["length"] = f"Password should be at least {policy.password_min_length} characters."
    groups = policy.password_characters
    if not all(any(character in group for character in password) for group in groups):
        faults["characters"] = (
            f"Password should contain at least one character of each: {', '.join(groups)}."
        )
    return faults
