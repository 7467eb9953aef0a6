"""Tokens: the examples of the RFCs, and every way to be refused."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.auth.tokens.test_keys import PUBLIC_JWK, RFC_JWK

from jotbase.auth.tokens.encoding import decode, encode
from jotbase.auth.tokens.keys import P256_ORDER, KeyRing, new_jwk, read_jwk
from jotbase.auth.tokens.tokens import LONGEST, has_expired, last_moment, sign, sign_shared, verify
from jotbase.errors import AccessError
from jotbase.values import Principal

NOW = 1_780_000_000
SECRET = b"0123456789abcdef0123456789abcdef"
RING = KeyRing(SECRET, (read_jwk({**RFC_JWK, "kid": "a"}),))
STRANGERS = KeyRing(SECRET, (read_jwk(new_jwk(bytes(40))),))
CLAIMS = {"sub": "ada", "role": "authenticated", "exp": NOW + 60}

#: RFC 7515 appendix A.1: header, payload, key and signature.
RFC_PAYLOAD = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
RFC_HS256 = (
    f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{RFC_PAYLOAD}"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
RFC_SECRET = decode(
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
)
#: RFC 7515 appendix A.3.
RFC_ES256 = (
    f"eyJhbGciOiJFUzI1NiJ9.{RFC_PAYLOAD}"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
#: RFC 7519 section 6.1.
RFC_UNSECURED = f"eyJhbGciOiJub25lIn0.{RFC_PAYLOAD}."


def refusal(token: str, ring: KeyRing = RING, **more: Any) -> tuple[str, str, Any]:
    with pytest.raises(AccessError) as caught:
        verify(token, ring, NOW, **more)
    return caught.value.code, caught.value.message, caught.value.details


def signed(header: dict[str, Any], claims: Any, key: bytes = SECRET) -> str:
    message = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{message}.{encode(hmac.digest(key, message.encode(), 'sha256'))}"


@pytest.mark.parametrize(
    ("token", "ring"),
    [
        (RFC_HS256, KeyRing(RFC_SECRET)),
        (RFC_ES256, KeyRing(b"", (read_jwk(PUBLIC_JWK),))),
    ],
)
def test_the_examples_of_rfc_7515_hold(token: str, ring: KeyRing) -> None:
    """Appendices A.1 and A.3 verify until they expire, and not with other keys."""
    principal = verify(token, ring, 1_300_819_380)

    assert principal.claims["iss"] == "joe"
    assert (principal.role, principal.expires_at) == ("anon", 1_300_819_380)
    assert refusal(token, ring) == ("PGRST303", "JWT expired", None)
    assert refusal(token, STRANGERS)[:2] == ("PGRST301", "No suitable key or wrong key type")


def test_the_unsecured_example_of_rfc_7519_is_refused() -> None:
    """A token without signature is nobody's word."""
    assert refusal(RFC_UNSECURED) == (
        "PGRST301",
        "Wrong or unsupported encoding algorithm",
        "JWT is unsecured but expected 'alg' was not 'none'",
    )


@pytest.mark.parametrize("signing", [sign, sign_shared])
def test_what_is_signed_is_believed(signing: Any) -> None:
    """Either kind of signature gives the principal that the claims name."""
    claims = {**CLAIMS, "email": "a@b.c", "session_id": "s"}

    assert verify(signing(claims, RING), RING, NOW) == Principal(
        role="authenticated",
        id="ada",
        email="a@b.c",
        session_id="s",
        expires_at=NOW + 60,
        claims=claims,
    )


def test_user_tokens_are_signed_with_the_ring_s_key() -> None:
    """ES256 with its id where there is a key, else HS256; the same claims give the same token."""
    head = sign(CLAIMS, RING).split(".")[0]
    shared = sign(CLAIMS, KeyRing(SECRET)).split(".")[0]

    assert json.loads(decode(head)) == {"alg": "ES256", "typ": "JWT", "kid": "a"}
    assert json.loads(decode(shared)) == {"alg": "HS256", "typ": "JWT"}
    assert sign(CLAIMS, RING) == sign(CLAIMS, RING)


def test_a_retired_key_still_checks() -> None:
    """A token of yesterday's key holds while its public half is in the ring."""
    fresh = read_jwk(new_jwk(bytes(40)))
    old = read_jwk({**PUBLIC_JWK, "kid": "a"})

    assert verify(sign(CLAIMS, RING), KeyRing(b"", (fresh, old)), NOW).id == "ada"
    assert refusal(sign(CLAIMS, RING), KeyRing(b"", (fresh,)))[2] == (
        "No suitable key was found to decode the JWT"
    )


PUBLIC_BYTES = decode(PUBLIC_JWK["x"]) + decode(PUBLIC_JWK["y"])
GOOD = sign(CLAIMS, RING)
HEAD, BODY, SIGNATURE = GOOD.split(".")
RAW = decode(SIGNATURE)
ADMIN = encode(json.dumps({**CLAIMS, "role": "service_role"}).encode())
UNSUITABLE = "No suitable key was found to decode the JWT"
UNDECODABLE = "None of the keys was able to decode the JWT"


@pytest.mark.parametrize(
    ("token", "details"),
    [
        (f"{HEAD}.{ADMIN}.{SIGNATURE}", UNDECODABLE),
        (f"{HEAD}.{BODY}.", UNDECODABLE),
        (f"{HEAD}.{BODY}.{encode(decode(SIGNATURE)[:-3])}", UNDECODABLE),
        (f"{HEAD}.{BODY}.{encode(bytes(64))}", UNDECODABLE),
        (f"{HEAD}.{BODY}.{encode(RAW[:32] + bytes(1) + RAW[32:])}", UNDECODABLE),
        (f"{HEAD}.{BODY}.{encode(bytes([255]) * 64)}", UNDECODABLE),
        (signed({"alg": "HS256"}, CLAIMS, PUBLIC_BYTES), UNDECODABLE),
        (signed({"alg": "HS256"}, CLAIMS, json.dumps(PUBLIC_JWK).encode()), UNDECODABLE),
        (signed({"alg": "HS256", "kid": "a"}, CLAIMS), UNSUITABLE),
        (signed({"alg": "ES256", "kid": "b"}, CLAIMS), UNSUITABLE),
        (signed({"alg": "ES256", "kid": 7}, CLAIMS), UNSUITABLE),
        (signed({"alg": "HS512"}, CLAIMS), UNSUITABLE),
        (signed({"alg": "RS256"}, CLAIMS), UNSUITABLE),
        (signed({"alg": ["HS256"]}, CLAIMS), UNSUITABLE),
        (signed({}, CLAIMS), UNSUITABLE),
        (signed({"alg": "HS256", "jwk": PUBLIC_JWK}, CLAIMS, b"guess"), UNDECODABLE),
    ],
)
def test_a_forged_token_is_refused(token: str, details: str) -> None:
    """Changed claims, cut or empty signatures, the public key as secret, other algorithms."""
    assert refusal(token) == ("PGRST301", "No suitable key or wrong key type", details)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_no_spelling_of_none_is_taken(algorithm: str) -> None:
    """RFC 8725 section 3.2: neither with a signature nor without."""
    token = signed({"alg": algorithm}, CLAIMS)

    assert refusal(token)[1] == "Wrong or unsupported encoding algorithm"
    assert refusal(token.rpartition(".")[0] + ".")[1] == "Wrong or unsupported encoding algorithm"


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "Empty JWT is sent in Authorization header"),
        ("x", "Expected 3 parts in JWT; got 1"),
        (f"{HEAD}.{BODY}", "Expected 3 parts in JWT; got 2"),
        (f"{GOOD}.x.y", "Expected 3 parts in JWT; got 5"),
        ("..", "JWT couldn't be decoded"),
        ("quifquirndsjagnrgniur.fonvoienqhhdj.iuqvnvhojah", "JWT cryptographic operation failed"),
        (f"{HEAD}=.{BODY}.{SIGNATURE}", "JWT cryptographic operation failed"),
        (f"{HEAD}.{BODY}.{SIGNATURE[:-1]}", "JWT cryptographic operation failed"),
        (f"{HEAD}.{BODY}.{SIGNATURE}=", "JWT cryptographic operation failed"),
        (f"{HEAD}.é.{SIGNATURE}", "JWT cryptographic operation failed"),
        (f"{encode(b'[]')}.{BODY}.{SIGNATURE}", "JWT couldn't be decoded"),
        (f"{encode(b'{')}.{BODY}.{SIGNATURE}", "JWT couldn't be decoded"),
        (
            signed({"alg": "HS256", "crit": ["b64"], "b64": False}, CLAIMS),
            "JWT couldn't be decoded",
        ),
        ("x" * (LONGEST + 1), "JWT couldn't be decoded"),
    ],
)
def test_a_token_in_the_wrong_form_is_refused(token: str, message: str) -> None:
    """Empty, cut, in five parts, not base64url, not JSON, too long."""
    assert refusal(token)[:2] == ("PGRST301", message)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": NOW - 31}, "JWT expired"),
        ({"nbf": NOW + 31}, "JWT not yet valid"),
        ({"iat": NOW + 31}, "JWT issued at future"),
        ({"exp": "soon"}, "The JWT 'exp' claim must be a number"),
        ({"exp": None}, "The JWT 'exp' claim must be a number"),
        ({"exp": True}, "The JWT 'exp' claim must be a number"),
        ({"nbf": []}, "The JWT 'nbf' claim must be a number"),
        ({"iat": {}}, "The JWT 'iat' claim must be a number"),
        ({"aud": 1}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": ["web", 1]}, "The JWT 'aud' claim must be a string or an array of strings"),
        ([], "Parsing claims failed"),
        (None, "Parsing claims failed"),
    ],
)
def test_claims_that_do_not_hold_are_refused(claims: Any, message: str) -> None:
    """Times that are over, to come, or no times; an audience that is no text."""
    assert refusal(signed({"alg": "HS256"}, claims)) == ("PGRST303", message, None)


def test_clocks_may_be_half_a_minute_apart() -> None:
    """Up to the allowance, and no further."""
    claims = {"exp": NOW - 30, "nbf": NOW + 30, "iat": NOW + 30}

    assert verify(sign(claims, RING), RING, NOW).role == "anon"
    assert refusal(sign({"exp": NOW - 31}, RING))[1] == "JWT expired"


@pytest.mark.parametrize(
    ("audience", "fits"),
    [("web", True), (["app", "web"], True), ([], True), (None, True), ("app", False), ("", False)],
)
def test_an_audience_is_asked_for_when_it_is_set(audience: Any, *, fits: bool) -> None:
    """A token for nobody in particular passes; one for others does not."""
    token = signed({"alg": "HS256"}, {"aud": audience, "role": "web"})

    if fits:
        assert verify(token, RING, NOW, audience="web").role == "web"
    else:
        assert refusal(token, audience="web")[:2] == ("PGRST303", "JWT not in audience")


@pytest.mark.parametrize("role", [None, "", 7, ["service_role"], {"a": 1}])
def test_a_token_without_a_role_is_anonymous(role: Any) -> None:
    """What is no role's name gives no role."""
    principal = verify(signed({"alg": "HS256"}, {"role": role, "sub": 7}), RING, NOW)

    assert (principal.role, principal.id) == ("anon", None)


def test_a_number_too_large_for_a_time_is_refused() -> None:
    """JSON may write numbers that no clock reaches."""
    message = ".".join(map(encode, (b'{"alg":"HS256"}', b'{"exp":1e999}')))
    token = f"{message}.{encode(hmac.digest(SECRET, message.encode(), 'sha256'))}"

    assert refusal(token)[0] == "PGRST303"


def test_expiry_is_told_as_it_is_checked() -> None:
    """What is remembered of a token ends when the token does, allowance included."""
    principal = verify(sign(CLAIMS, RING), RING, NOW)

    assert not has_expired(principal, NOW + 90)
    assert has_expired(principal, NOW + 91)
    assert not has_expired(Principal("anon"), 10**12)
    assert last_moment(principal) == NOW + 91
    assert last_moment(Principal("anon")) is None


@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)))
def test_a_signature_of_ours_has_no_second_form(claims: dict[str, int]) -> None:
    """Of (r, s) ECDSA takes (r, n - s) as well: ours has the lower s, and the other is refused."""
    message, _, signature = sign(claims, RING).rpartition(".")
    r, s = decode(signature)[:32], int.from_bytes(decode(signature)[32:])
    altered = f"{message}.{encode(r + (P256_ORDER - s).to_bytes(32))}"

    assert s <= P256_ORDER // 2
    assert verify(f"{message}.{signature}", RING, NOW).role == "anon"
    assert refusal(altered)[2] == UNDECODABLE


@pytest.mark.parametrize(
    ("header", "claims", "code"),
    [
        (b'{"alg":"HS256","alg":"HS256"}', b"{}", "PGRST301"),
        (b'{"alg":"HS256"}', b'{"role":"anon","role":"service_role"}', "PGRST303"),
        (b'{"alg":"HS256"}', b'{"a":{"b":1,"\\u0062":2}}', "PGRST303"),
        (b'{"alg":"HS256"}', b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "PGRST303"),
    ],
)
def test_a_name_given_twice_is_refused(header: bytes, claims: bytes, code: str) -> None:
    """Two readers might take two different claims (RFC 7515 section 4); so is what nests deeply."""
    message = f"{encode(header)}.{encode(claims)}"
    token = f"{message}.{encode(hmac.digest(SECRET, message.encode(), 'sha256'))}"

    assert refusal(token)[0] == code


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_no_text_is_believed_nor_breaks_anything(text: str) -> None:
    """Whatever stands in place of a token is refused as such."""
    assert refusal(text)[0] == "PGRST301"


@given(st.integers(0, len(GOOD) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_other_character_anywhere_is_believed(place: int, character: str) -> None:
    """A token with one character changed is refused: there is no second spelling."""
    token = GOOD[:place] + character + GOOD[place + 1 :]

    if token != GOOD:
        assert refusal(token)[0] == "PGRST301"
