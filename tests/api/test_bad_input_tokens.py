"""Tokens that must not be believed, on the data API: forged, spoilt, expired, or of another key."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.api.data_world import Serve, Wire, refused, table

from jotbase.auth.tokens.encoding import encode
from jotbase.auth.tokens.keys import new_ring, read_ring
from jotbase.auth.tokens.tokens import sign, sign_shared
from jotbase.testing import TestBackend
from jotbase.values import Response

CLOSED = table({"text": {"type": "string"}}, access={"select": "user.role == 'authenticated'"})
OTHER = read_ring(*new_ring(bytes(range(72))))
SERVICE = {"role": "service_role", "exp": 4_000_000_000}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"closed": CLOSED})


@pytest.fixture
def wire(serve: Serve, backend: TestBackend) -> Wire:
    assert backend.service.post("/closed", {"text": "secret"}).status == 201
    return serve.wire(backend)


def ask(wire: Wire, token: str | bytes, name: bytes = b"authorization") -> Response:
    given = token if isinstance(token, bytes) else token.encode()
    value = given if name == b"apikey" else b"Bearer " + given
    return wire.ask("GET", b"/rest/v1/closed", [(name, value)])


def made(header: Any, claims: Any, signature: str = "") -> str:
    return f"{encode(orjson.dumps(header))}.{encode(orjson.dumps(claims))}.{signature}"


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "Empty JWT is sent in Authorization header"),
        ("x", "Expected 3 parts in JWT; got 1"),
        ("a.b.c.d", "Expected 3 parts in JWT; got 4"),
        ("..", "JWT couldn't be decoded"),
        ("é.ü.ß", "JWT cryptographic operation failed"),
        (b"\xff.\xfe.\xfd", "JWT cryptographic operation failed"),
        ("a." * 40_000, "JWT couldn't be decoded"),
        (encode(b"[" * 30_000) + ".e30.AAAA", "JWT couldn't be decoded"),
        (made({"alg": "none"}, SERVICE), "Wrong or unsupported encoding algorithm"),
        (made({"alg": "nOnE"}, SERVICE), "Wrong or unsupported encoding algorithm"),
        (made({"alg": "HS256"}, SERVICE), "No suitable key or wrong key type"),
        (made({"alg": "HS256"}, SERVICE, "AAAA"), "No suitable key or wrong key type"),
        (made({"alg": "RS256"}, SERVICE, "AAAA"), "No suitable key or wrong key type"),
        (made({"alg": "ES256", "kid": "x"}, SERVICE, "AAAA"), "No suitable key or wrong key type"),
        (made({}, SERVICE, "AAAA"), "No suitable key or wrong key type"),
        (sign_shared(SERVICE, OTHER), "No suitable key or wrong key type"),
        (sign(SERVICE, OTHER), "No suitable key or wrong key type"),
    ],
)
def test_a_forged_token_opens_nothing(wire: Wire, token: str | bytes, message: str) -> None:
    """401 PGRST301 with PostgREST's words, and a challenge; not even what a visitor may do."""
    answer = ask(wire, token)

    assert refused(answer, 401, "PGRST301")["message"] == message
    challenge = answer.header("www-authenticate")
    assert challenge == f'Bearer error="invalid_token", error_description="{message}"'
    assert b"secret" not in answer.body


def test_every_cut_and_every_changed_letter_spoils_a_token(
    backend: TestBackend, wire: Wire
) -> None:
    """One user's good token, shortened or altered anywhere."""
    token = backend.user().token
    assert ask(wire, token).status == 200

    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        for spoilt in (token[:place], token[:place] + other + token[place + 1 :]):
            assert ask(wire, spoilt).status == 401, spoilt


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": -100}, "JWT expired"),
        ({"nbf": 100}, "JWT not yet valid"),
        ({"iat": 100}, "JWT issued at future"),
    ],
)
def test_a_token_out_of_its_time_is_refused(
    backend: TestBackend, wire: Wire, claims: dict[str, int], message: str
) -> None:
    """PGRST303 beyond the 30 seconds that clocks may differ; within them it is good."""
    ring, now = backend._backend.ring, int(backend.clock())
    late = {name: now + seconds for name, seconds in claims.items()}
    close = {name: now + seconds // 5 for name, seconds in claims.items()}

    told = refused(ask(wire, sign_shared({"role": "authenticated"} | late, ring)), 401, "PGRST303")
    assert told["message"] == message
    assert ask(wire, sign_shared({"role": "authenticated"} | close, ring)).status == 200


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["tomorrow", True, [1], {}])
def test_a_time_that_is_none_is_refused(
    backend: TestBackend, wire: Wire, claim: str, value: Any
) -> None:
    """A claim of the wrong type is not taken for an absent one."""
    token = sign_shared({"role": "service_role", claim: value}, backend._backend.ring)

    refused(ask(wire, token), 401, "PGRST303")


@pytest.mark.parametrize("role", [5, ["service_role"], {"a": 1}, "postgres", "Service_Role", ""])
def test_an_unknown_role_is_nobody(backend: TestBackend, wire: Wire, role: Any) -> None:
    """What is not the service role's name to the letter passes no rule."""
    answer = ask(wire, sign_shared({"role": role}, backend._backend.ring))

    assert b"secret" not in answer.body
    assert answer.status in (200, 401)


@pytest.mark.parametrize(
    "key", ["x", "sb_secret_x", "sb_publishable_", "é", "sb_secret_" + "a" * 999]
)
def test_an_unknown_api_key_is_refused(wire: Wire, key: str) -> None:
    """Whether it comes alone or as the bearer."""
    told = refused(ask(wire, key, b"apikey"), 401, "PGRST301")

    assert told["message"] == "Invalid API key"
    assert ask(wire, key).status == 401


def test_two_tokens_are_none(backend: TestBackend, wire: Wire) -> None:
    """A doubled header is joined, and what comes of it is no token."""
    good = b"Bearer " + backend.user().token.encode()

    answer = wire.ask("GET", b"/rest/v1/closed", [(b"authorization", good)] * 2)

    refused(answer, 401, "PGRST301")


def test_no_refusal_repeats_the_token(backend: TestBackend, wire: Wire) -> None:
    """Nothing that was sent as a credential comes back or is hinted at."""
    token = backend.user().token[:-3] + "AAA"

    answer = ask(wire, token)

    assert token.split(".")[1].encode() not in answer.body
    assert not any(token.split(".")[1] in value for _, value in answer.headers)
