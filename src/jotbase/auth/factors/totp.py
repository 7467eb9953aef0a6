"""Time-based one-time codes (RFC 6238 over RFC 4226): SHA-1, six digits, thirty seconds.

In charge of codes, of the steps in which one is taken, and of the `otpauth` URI that authenticator
apps read. The parameters are those that every app knows. Must not read the clock nor know factors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote, urlencode

#: Seconds in which one code is shown.
PERIOD = 30
DIGITS = 6
#: Steps before and after the current one whose codes are taken: clocks differ, typing takes time
#: (RFC 6238 section 5.2).
TOLERANCE = 1


def encode_secret(secret: bytes) -> str:
    """Return the secret as apps take it: base 32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def code_at(secret: str, step: int) -> str:
    """Return the code of a time step (RFC 4226 section 5.3)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: str, code: str, now: float, last_step: int) -> int | None:
    """Return the step whose code this is, None for a wrong code.

    Steps up to `last_step` do not count: a code is taken once (RFC 6238 section 5.2). All steps are
    compared whichever fits, each in constant time.
    """
    current, found = int(now) // PERIOD, None
    for step in range(current - TOLERANCE, current + TOLERANCE + 1):
        fits = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if fits and step > last_step:
            found = step
    return found


def provisioning_uri(secret: str, issuer: str, account: str) -> str:
    """Return the URI that an app reads from the QR code.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    parameters = {
        "algorithm": "SHA1",
        "digits": DIGITS,
        "issuer": issuer,
        "period": PERIOD,
        "secret": secret,
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"
