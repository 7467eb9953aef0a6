"""Password hashes of other systems: their text forms, and whether a password matches one.

In charge of bcrypt, PBKDF2 (Django's form, passlib's and the PHC string that Auth0 takes), scrypt
(PHC) and Firebase's scrypt. A form whose parameters would cost more than `LIMITS` is not taken: the
hash is computed at each attempt. Must not know users; our own hashes are in `passwords`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import bcrypt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

#: The greatest parameters: bcrypt's cost, iterations of PBKDF2 in all blocks of the key, bytes and
#: lanes of scrypt, and the bytes of all its lanes, which are filled one after the other.
LIMITS: Mapping[str, int] = {
    "bcrypt cost": 15,
    "PBKDF2 iterations": 5_000_000,
    "scrypt memory": 1 << 28,
    "scrypt lanes": 16,
    "scrypt work": 1 << 28,
}

#: Whether a password, in bytes, matches.
Check = Callable[[bytes], bool]

# All of bcrypt's implementations look at 72 bytes; the library refuses longer passwords.
_BCRYPT_LONGEST = 72
_BCRYPT_LEAST_COST = 4
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Form:
    """The text form of a hash; `read` raises ValueError for parameters that are not taken."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Check]


def check_of(hashed: str) -> Check | None:
    """Return what compares passwords with the hash, None when its form is not known or too dear."""
    for form in _FORMS:
        if found := form.pattern.fullmatch(hashed):
            try:
                return form.read(found)
            except (ValueError, binascii.Error):
                return None
    return None


def _bcrypt(found: re.Match[str]) -> Check:
    _within("bcrypt cost", int(found["cost"]), _BCRYPT_LEAST_COST)
    # `$2y$` is PHP's name of what `$2b$` is, and `$2a$` differs for no password below 256 bytes.
    stored = b"$2b$" + found["rest"].encode()
    prehashed = bool(found["django"])

    def check(password: bytes) -> bool:
        given = hashlib.sha256(password).hexdigest().encode() if prehashed else password
        return bcrypt.checkpw(given[:_BCRYPT_LONGEST], stored)

    return check


def _pbkdf2(found: re.Match[str], salt: bytes) -> Check:
    iterations, wanted = int(found["count"]), _decoded(found["hash"])
    name = f"sha{found['bits']}"
    # RFC 8018 section 5.2: each block of the key, as long as the digest, takes all iterations.
    blocks = -(-len(wanted) // hashlib.new(name).digest_size)
    _within("PBKDF2 iterations", iterations * blocks)
    return lambda password: hmac.compare_digest(
        hashlib.pbkdf2_hmac(name, password, salt, iterations, len(wanted)), wanted
    )


def _scrypt(found: re.Match[str]) -> Check:
    wanted = _decoded(found["hash"])
    derive = _scrypt_key(found, _decoded(found["salt"]), len(wanted))
    return lambda password: hmac.compare_digest(derive(password), wanted)


def _firebase(found: re.Match[str]) -> Check:
    """https://github.com/firebase/scrypt: the derived key encrypts the project's signer key."""
    wanted = _decoded(found["hash"])
    signer = _decoded(found["signer"] or "")
    salt = _decoded(found["salt"]) + _decoded(found["separator"] or "")
    derive = _scrypt_key(found, salt, _KEY_BYTES)

    def check(password: bytes) -> bool:
        cipher = Cipher(algorithms.AES(derive(password)), modes.CTR(bytes(16))).encryptor()
        return hmac.compare_digest(cipher.update(signer) + cipher.finalize(), wanted)

    return check


def _scrypt_key(found: re.Match[str], salt: bytes, length: int) -> Callable[[bytes], bytes]:
    exponent, block, lanes = (int(found[name]) for name in ("n", "r", "p"))
    # RFC 7914 section 2: N is less than 2^(128 * r / 8).
    if not 1 <= exponent <= 30 or not 1 <= block <= 64 or exponent >= 16 * block:
        raise ValueError("scrypt's N or r is out of range")
    memory = 128 * (1 << exponent) * block
    _within("scrypt memory", memory)
    _within("scrypt lanes", lanes)
    _within("scrypt work", memory * lanes)
    return lambda password: hashlib.scrypt(
        password,
        salt=salt,
        n=1 << exponent,
        r=block,
        p=lanes,
        maxmem=2 * memory + 128 * block * lanes + (1 << 20),
        dklen=length,
    )


def _within(limit: str, value: int, least: int = 1) -> None:
    if not least <= value <= LIMITS[limit]:
        raise ValueError(f"{limit} is out of range")


def _decoded(text: str) -> bytes:
    """Return the bytes of base64 with or without padding; passlib writes `.` for `+`."""
    plain = text.rstrip("=").replace(".", "+").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


_BITS = r"(?P<bits>1|256|512)"
_BASE64 = r"[A-Za-z0-9+/._-]+=*"

_FORMS = (
    _Form(
        re.compile(
            r"(?P<django>bcrypt_sha256\$)?(?:bcrypt\$)?\$2[aby]\$"
            # 16 bytes of salt are 22 characters, of whose last one four bits are zero.
            r"(?P<rest>(?P<cost>\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
        ),
        _bcrypt,
    ),
    _Form(
        re.compile(
            rf"pbkdf2_sha{_BITS}\$(?P<count>\d{{1,9}})\$(?P<salt>[^$]+)\$(?P<hash>{_BASE64})"
        ),
        lambda found: _pbkdf2(found, found["salt"].encode()),
    ),
    _Form(
        re.compile(
            rf"\$pbkdf2(?:-sha{_BITS})\$(?:i=)?(?P<count>\d{{1,9}})(?:,l=\d+)?"
            rf"\$(?P<salt>{_BASE64})\$(?P<hash>{_BASE64})"
        ),
        lambda found: _pbkdf2(found, _decoded(found["salt"])),
    ),
    _Form(
        re.compile(
            r"\$scrypt\$ln=(?P<n>\d{1,2}),r=(?P<r>\d{1,2}),p=(?P<p>\d{1,2})"
            rf"\$(?P<salt>{_BASE64})\$(?P<hash>{_BASE64})"
        ),
        _scrypt,
    ),
    _Form(
        re.compile(
            r"\$fbscrypt\$v=1,n=(?P<n>\d{1,2}),r=(?P<r>\d{1,2}),p=(?P<p>\d{1,2})"
            rf"(?:,ss=(?P<separator>{_BASE64}))?(?:,sk=(?P<signer>{_BASE64}))?"
            rf"\$(?P<salt>{_BASE64})\$(?P<hash>{_BASE64})"
        ),
        _firebase,
    ),
)
