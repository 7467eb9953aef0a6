"""`/auth/v1` as a client sees it: sign-up, sign-in, the user, sign-out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.api.account_world import ANON_KEY, RING, SECRET_KEY, START, World, opened

from jotbase.auth.tokens.token_cache import Revocation
from jotbase.auth.tokens.tokens import verify


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world


def test_signing_up_gives_a_session(world: World) -> None:
    """With autoconfirm, a sign-up answers with tokens, lifetimes and the user."""
    session = world.signed_up("Ada@Example.com", name="Ada")

    assert session["token_type"] == "bearer"
    assert (session["expires_in"], session["expires_at"]) == (3600, 1_780_003_600)
    user = session["user"]
    assert (user["email"], user["phone"], user["role"]) == ("ada@example.com", "", "authenticated")
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert user["user_metadata"] == {
        "name": "Ada",
        "sub": user["id"],
        "email": "ada@example.com",
        "email_verified": True,
        "phone_verified": False,
    }
    assert user["created_at"] == user["email_confirmed_at"] == "2026-05-28T20:26:40.25Z"
    assert [one["provider"] for one in user["identities"]] == ["email"]
    assert "banned_until" not in user
    assert session.keys() == {
        *("access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user")
    }


def test_the_access_token_says_who_and_how(world: World) -> None:
    """The claims are GoTrue's: subject, session, role, assurance level and method."""
    session = world.signed_up()
    principal = verify(session["access_token"], RING, START)
    claims = dict(principal.claims)

    assert claims.pop("session_id") == principal.session_id
    assert claims.pop("sub") == session["user"]["id"]
    assert claims.pop("user_metadata") == session["user"]["user_metadata"]
    assert claims == {
        "iss": "http://localhost/auth/v1",
        "aud": "authenticated",
        "exp": 1_780_003_600,
        "iat": 1_780_000_000,
        "email": "ada@example.com",
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": 1_780_000_000}],
        "is_anonymous": False,
    }


def test_a_caller_cannot_fake_its_identity_claims(world: World) -> None:
    """What the server says of an identity wins over what the caller says of itself."""
    data = {"sub": "someone-else", "email": "boss@example.com", "email_verified": "yes"}
    body = {"email": "ada@example.com", "password": "correct horse", "data": data}
    user = world.call("POST", "/signup", body).body["user"]

    assert user["user_metadata"]["sub"] == user["id"]
    assert user["user_metadata"]["email_verified"] is True
    assert user["user_metadata"]["email"] == "ada@example.com"


def test_a_known_address_cannot_sign_up_again(world: World) -> None:
    """With autoconfirm a second sign-up is refused, whatever the case of its letters."""
    world.signed_up()
    body = {"email": "ADA@example.com", "password": "another one"}
    answer = world.call("POST", "/signup", body)

    assert (answer.status, answer.body["error_code"]) == (422, "user_already_exists")
    assert world.count("users") == 1


def test_a_known_address_is_not_told_when_addresses_are_confirmed(world: World) -> None:
    """Without autoconfirm the answer looks like a sign-up, but holds no identity."""
    known = world.signed_up()["user"]
    world.set(autoconfirm=False)
    answer = world.call("POST", "/signup", {"email": "ada@example.com", "password": "123456"})

    assert answer.status == 200
    assert (answer.body["identities"], answer.body["role"]) == ([], "")
    assert answer.body["id"] != known["id"]
    assert (world.count("users"), "access_token" in answer.body) == (1, False)


def test_an_unconfirmed_user_cannot_sign_in(world: World) -> None:
    """Without autoconfirm a sign-up gives the bare user, and no session yet."""
    world.set(autoconfirm=False)
    made = world.call("POST", "/signup", {"email": "ada@example.com", "password": "correct horse"})
    answer = world.current_account()

    assert (made.status, made.body["user_metadata"]["email_verified"]) == (200, False)
    assert (answer.status, answer.body["error_code"]) == (400, "email_not_confirmed")


def test_signing_in_with_a_password(world: World) -> None:
    """The right password gives another session of the same user."""
    first = world.signed_up()
    world.now += 60
    answer = world.current_account("ADA@example.com")

    assert (answer.status, answer.body["user"]["id"]) == (200, first["user"]["id"])
    assert answer.body["user"]["last_sign_in_at"] == "2026-05-28T20:27:40.25Z"
    assert world.count("sessions") == 2


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong horse"),
        ("ada@example.com", ""),
        ("ada@example.com", "x" * 5000),
        ("nobody@example.com", "correct horse"),
    ],
)
def test_wrong_credentials_are_one_answer(world: World, email: str, password: str) -> None:
    """A wrong password and an unknown address cannot be told apart."""
    world.signed_up()
    answer = world.current_account(email, password)

    assert answer.status == 400
    assert answer.body == {
        "code": 400,
        "error_code": "invalid_credentials",
        "msg": "Invalid login credentials",
    }


def test_an_unknown_address_costs_the_same_work(world: World) -> None:
    """One hash is checked whether or not there is a user, so that time tells nothing."""
    world.signed_up()
    world.hashed.clear()
    world.current_account("nobody@example.com")
    world.current_account(password="wrong horse")

    assert world.hashed == ["verify_password", "verify_password"]


def test_of_two_sign_ups_at_once_one_wins(world: World) -> None:
    """However close they come, an address has one user."""
    body = {"email": "ada@example.com", "password": "correct horse"}
    answers = world.at_once("/signup", body, body)

    assert sorted(answer.status for answer in answers) == [200, 422]
    assert [world.count(table) for table in ("users", "identities", "sessions")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "ada@example.com"}, 400, "validation_failed"),
        ({"email": "ada@example.com", "password": "12345"}, 422, "weak_password"),
        ({"email": "ada@example.com", "password": "x" * 73}, 400, "validation_failed"),
        ({"email": "no address", "password": "123456"}, 400, "validation_failed"),
        ({"email": "a\u0000@example.com", "password": "123456"}, 400, "validation_failed"),
        ({"email": "a@b.c", "phone": "123", "password": "123456"}, 400, "validation_failed"),
        ({"phone": "4912345", "password": "123456"}, 400, "phone_provider_disabled"),
        ({"email": 1, "password": "123456"}, 400, "bad_json"),
        ({"email": "a@b.c", "password": "123456", "data": []}, 400, "bad_json"),
        ({"email": "a@b.c", "password": "123456", "data": {"x": "y" * 16_384}}, 400, None),
        ({}, 422, "anonymous_provider_disabled"),
        ([], 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b"\xff", 400, "bad_json"),
        (b"[" * 100_000, 400, "bad_json"),
        (b"", 400, "bad_json"),
    ],
)
def test_a_bad_sign_up_changes_nothing(
    world: World, body: object, status: int, code: str | None
) -> None:
    """Each fault has its code, and no user is made."""
    answer = world.call("POST", "/signup", body)

    assert (answer.status, answer.body["error_code"]) == (status, code or "validation_failed")
    assert world.count("users") == 0


def test_sign_ups_can_be_switched_off(world: World) -> None:
    """A project may take no new users."""
    world.set(signup_disabled=True)
    answer = world.call("POST", "/signup", {"email": "ada@example.com", "password": "123456"})

    assert (answer.status, answer.body["error_code"]) == (422, "signup_disabled")


def test_a_visitor_may_sign_in_anonymously_and_become_somebody(world: World) -> None:
    """An anonymous user keeps its id when it gets an address."""
    world.set(anonymous_users=True)
    visitor = world.call("POST", "/signup", {"data": {"theme": "dark"}}).body
    token = visitor["access_token"]
    refused = world.call("PUT", "/user", {"password": "123456"}, bearer=token)
    user = world.call(
        "PUT", "/user", {"email": "ada@example.com", "password": "123456"}, bearer=token
    ).body

    assert visitor["user"]["is_anonymous"] is True
    assert (visitor["user"]["identities"], visitor["user"]["app_metadata"]) == ([], {})
    assert (refused.status, refused.body["error_code"]) == (422, "validation_failed")
    assert (user["id"], user["is_anonymous"]) == (visitor["user"]["id"], False)
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert world.current_account(password="123456").status == 200


def test_the_user_behind_a_token(world: World) -> None:
    """`GET /user` gives what sign-up gave."""
    session = world.signed_up()

    assert world.call("GET", "/user", bearer=session["access_token"]).body == session["user"]


def test_metadata_is_merged_and_null_deletes(world: World) -> None:
    """A change of metadata is shallow; a key set to null is gone, and the token shows it."""
    session = world.signed_up(name="Ada", town="London")
    body = {"data": {"town": None, "age": 36}}
    user = world.call("PUT", "/user", body, bearer=session["access_token"]).body
    again = world.refreshed(session["refresh_token"]).body

    assert (user["user_metadata"]["name"], user["user_metadata"]["age"]) == ("Ada", 36)
    assert "town" not in user["user_metadata"]
    claims = verify(again["access_token"], RING, START).claims
    assert claims["user_metadata"] == user["user_metadata"]


def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    """Whoever else was signed in is out at once; the session that changed it goes on."""
    first = world.signed_up()
    second = world.current_account().body
    body = {"password": "new password"}
    answer = world.call("PUT", "/user", body, bearer=second["access_token"])
    lost = world.call("GET", "/user", bearer=first["access_token"])

    assert answer.status == 200
    assert (lost.status, lost.body["error_code"]) == (403, "session_not_found")
    assert world.call("GET", "/user", bearer=second["access_token"]).status == 200
    ended = verify(first["access_token"], RING, START).session_id
    assert Revocation(first["user"]["id"], (ended or "",)) in world.revoked
    assert world.current_account().status == 400
    assert world.current_account(password="new password").status == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"password": "correct horse"}, 422, "same_password"),
        ({"password": "short"}, 422, "weak_password"),
        ({"email": "bob@example.com"}, 422, "email_exists"),
        ({"app_metadata": {"roles": ["admin"]}}, 403, "not_admin"),
        ({"phone": "4912345"}, 422, "phone_provider_disabled"),
        ({"data": {"x": "y" * 16_384}}, 400, "validation_failed"),
        (b"nonsense", 400, "bad_json"),
    ],
)
def test_a_bad_change_of_the_user_changes_nothing(
    world: World, body: object, status: int, code: str
) -> None:
    """Each fault has its code, and the user stays as it was."""
    world.signed_up("bob@example.com")
    session = world.signed_up()
    answer = world.call("PUT", "/user", body, bearer=session["access_token"])
    user = world.call("GET", "/user", bearer=session["access_token"]).body

    assert (answer.status, answer.body["error_code"]) == (status, code)
    assert user == session["user"]


def test_metadata_that_grew_bit_by_bit_still_fits_a_token(world: World) -> None:
    """The limit holds for what is stored after the merge, not for one request alone."""
    token = world.signed_up()["access_token"]
    parts = ({"data": {name: "y" * 9000}} for name in "ab")
    first, second = (world.call("PUT", "/user", part, bearer=token) for part in parts)

    assert (first.status, second.status) == (200, 400)


@pytest.mark.parametrize(("scope", "left"), [("global", 0), ("local", 2), ("others", 1)])
def test_signing_out_ends_the_sessions_of_its_scope(world: World, scope: str, left: int) -> None:
    """All of the user's sessions, this one, or all but this one; nobody else's."""
    world.signed_up("bob@example.com")
    sessions = [world.signed_up(), world.current_account().body, world.current_account().body]
    answer = world.call("POST", f"/logout?scope={scope}", bearer=sessions[0]["access_token"])
    known = [world.call("GET", "/user", bearer=one["access_token"]).status for one in sessions]

    assert (answer.status, answer.response.body) == (204, b"")
    assert len(world.revoked) == 3 - left
    assert known.count(200) == left
    assert known[0] == (200 if scope == "others" else 403)
    assert world.count("sessions") == left + 1
    assert world.count("revocations") == 3 - left


def test_an_unknown_scope_ends_nothing(world: World) -> None:
    """A misspelt scope is refused."""
    session = world.signed_up()
    answer = world.call("POST", "/logout?scope=all", bearer=session["access_token"])

    assert (answer.status, world.count("sessions")) == (400, 1)


@pytest.mark.parametrize("key", [ANON_KEY, SECRET_KEY])
def test_an_api_key_is_no_user(world: World, key: str) -> None:
    """SDKs without a session send the key as bearer; no user stands behind it."""
    answer = world.call("GET", "/user", bearer=key)

    assert (answer.status, answer.body["error_code"]) == (403, "bad_jwt")
