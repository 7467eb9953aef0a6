"""Hashes that other systems made, each with a password that is known to match."""

from __future__ import annotations

import base64
import hashlib

import bcrypt
import pytest

from jotbase.auth.accounts.imported_hashes import check_of

PASSWORD = b"correct horse"

#: https://github.com/firebase/scrypt, the example of its README: password `user1password`.
FIREBASE = (
    "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,"
    "sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    "$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78"
    "198JAdRuid5lQ=="
)
#: Made by Django 5.2: `make_password("correct horse", "salt")` with 1000 iterations.
DJANGO = "pbkdf2_sha256$1000$salt$"


def _pbkdf2(name: str, salt: bytes = b"salt") -> str:
    return base64.b64encode(hashlib.pbkdf2_hmac(name, PASSWORD, salt, 1000)).decode()


def _bcrypt(given: bytes = PASSWORD) -> str:
    return bcrypt.hashpw(given, bcrypt.gensalt(4)).decode()


MADE = {
    "bcrypt": _bcrypt(),
    "bcrypt of PHP": _bcrypt().replace("$2b$", "$2y$"),
    "bcrypt of Django": "bcrypt_sha256$" + _bcrypt(hashlib.sha256(PASSWORD).hexdigest().encode()),
    "PBKDF2 of Django": DJANGO + _pbkdf2("sha256"),
    "PBKDF2 of Django, older": "pbkdf2_sha1$1000$salt$" + _pbkdf2("sha1"),
    "PBKDF2 of passlib": "$pbkdf2-sha256$1000$c2FsdA$"
    + _pbkdf2("sha256").rstrip("=").replace("+", "."),
    "PBKDF2 of Auth0": "$pbkdf2-sha512$i=1000,l=64$c2FsdA$" + _pbkdf2("sha512").rstrip("="),
    "scrypt": "$scrypt$ln=4,r=8,p=1$c2FsdA$"
    + base64.b64encode(hashlib.scrypt(PASSWORD, salt=b"salt", n=16, r=8, p=1)).decode(),
}


@pytest.mark.parametrize("name", MADE)
def test_the_password_of_a_hash_matches_and_no_other(name: str) -> None:
    """Each form that other systems write."""
    check = check_of(MADE[name])

    assert check is not None
    assert (check(PASSWORD), check(PASSWORD + b"x"), check(b"")) == (True, False, False)


def test_firebases_own_example_matches() -> None:
    """The derived key encrypts the signer key."""
    check = check_of(FIREBASE)

    assert check is not None
    assert (check(b"user1password"), check(b"user2password")) == (True, False)


def test_bcrypt_looks_at_72_bytes() -> None:
    """As the system did that made the hash."""
    check = check_of(_bcrypt(b"x" * 72))

    assert check is not None
    assert check(b"x" * 72 + b"more")


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "plain",
        "$2b$10$short",
        "$2b$16$" + "a" * 53,
        "$2b$00$" + "a" * 53,
        "$2b$03$" + "." * 53,
        "$2b$10$" + "a" * 53,
        "pbkdf2_sha256$1000000$salt$" + "A" * 256,
        "$pbkdf2-sha512$i=2500001,l=128$c2FsdA$" + "A" * 88,
        "$scrypt$ln=16,r=1,p=1$c2FsdA$c2FsdA",
        "$scrypt$ln=17,r=8,p=16$c2FsdA$c2FsdA",
        "md5$salt$abc",
        "pbkdf2_sha256$0$salt$c2FsdA==",
        "pbkdf2_sha256$900000000$salt$c2FsdA==",
        "$scrypt$ln=30,r=8,p=1$c2FsdA$c2FsdA",
        "$scrypt$ln=4,r=8,p=99$c2FsdA$c2FsdA",
        "$scrypt$ln=0,r=8,p=1$c2FsdA$c2FsdA",
        FIREBASE.replace("n=14", "n=25"),
        FIREBASE.replace("Bw==", "B"),
    ],
)
def test_what_cannot_be_compared_at_a_fair_price_is_not_taken(hashed: str) -> None:
    """Unknown forms, malformed ones, and parameters that would hold the threads for long."""
    assert check_of(hashed) is None
