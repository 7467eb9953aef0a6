"""`/admin/users` over the wire: make, list, change and delete users as the service role."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import bcrypt
import pytest
from tests.api.account_world import RING, START, World

from jotbase.auth.tokens.token_cache import Revocation
from jotbase.auth.tokens.tokens import sign, verify


@pytest.fixture
def world(accounts: World) -> World:
    return accounts


def made(world: World, email: str = "ada@example.com", **more: Any) -> Any:
    answer = world.admin("POST", "/admin/users", {"email": email, **more})
    assert answer.status == 200, answer.body
    return answer.body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_the_service_role_is_admin(world: World, method: str) -> None:
    """Neither the publishable key nor a user's token opens the admin's door."""
    user = world.signed_up()["access_token"]
    answers = [
        world.call(method, "/admin/users", {}),
        world.call(method, "/admin/users", {}, bearer=user),
    ]

    assert [(one.status, one.body["error_code"]) for one in answers] == [(403, "not_admin")] * 2


def test_a_signed_service_token_is_admin_while_its_session_lives(world: World) -> None:
    """A token of the service role serves; one that names a session needs that session."""
    plain = sign({"role": "service_role"}, RING)
    bound = sign({"role": "service_role", "session_id": "gone"}, RING)

    assert world.call("GET", "/admin/users", bearer=plain).status == 200
    assert world.call("GET", "/admin/users", bearer=bound).status == 403


def test_a_made_user_can_sign_in(world: World) -> None:
    """A user made with a confirmed address and a password needs nothing more."""
    user = made(
        world,
        password="correct horse",
        email_confirm=True,
        user_metadata={"name": "Ada"},
        app_metadata={"roles": ["admin"]},
    )

    assert user["app_metadata"] == {
        "roles": ["admin"],
        "provider": "email",
        "providers": ["email"],
    }
    assert (user["user_metadata"]["name"], user["email_confirmed_at"]) == (
        "Ada",
        "2026-05-28T20:26:40.25Z",
    )
    assert world.current_account().body["user"]["id"] == user["id"]


@pytest.mark.parametrize("metadata", [{}, {"name": "Ada", "list": [1, None]}])
def test_a_made_users_metadata_is_what_was_sent(world: World, metadata: Any) -> None:
    """Nothing is added, neither by making it nor by a change; a confirmation says that it came."""
    user = made(world, user_metadata=metadata)
    path = f"/admin/users/{user['id']}"
    changed = world.admin("PUT", path, {"user_metadata": {"age": 36}}).body
    confirmed = world.admin("PUT", path, {"email_confirm": True}).body

    assert user["user_metadata"] == metadata
    assert changed["user_metadata"] == {**metadata, "age": 36}
    assert confirmed["user_metadata"] == {**metadata, "age": 36, "email_verified": True}
    assert user["identities"][0]["identity_data"] == {
        "sub": user["id"],
        "email": user["email"],
        "email_verified": False,
        "phone_verified": False,
    }


def test_a_user_made_without_a_password_has_none(world: World) -> None:
    """Nothing fits where there is no hash."""
    made(world, email_confirm=True)

    assert world.current_account(password="").status == 400
    assert world.current_account(password="correct horse").status == 400


def test_a_ready_hash_can_be_brought_along_and_is_renewed(world: World) -> None:
    """A hash with other parameters serves once; the sign-in replaces it by one of today."""
    from argon2.low_level import Type, hash_secret

    old = hash_secret(b"correct horse", b"0123456789abcdef", 1, 64, 1, 32, Type.ID).decode()
    made(world, email_confirm=True, password_hash=old)
    first, second = world.current_account(), world.current_account()
    query = 'SELECT "encrypted_password" FROM "auth.users"'
    ((stored,),) = world.run(query)

    assert (first.status, second.status) == (200, 200)
    assert str(stored).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("form", ["bcrypt", "PBKDF2"])
def test_a_hash_of_another_system_serves_until_the_first_sign_in(world: World, form: str) -> None:
    """The wrong password fails, the right one replaces the hash by one of ours."""
    key = base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"correct horse", b"salt", 1000))
    hashed = {
        "bcrypt": bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode(),
        "PBKDF2": f"pbkdf2_sha256$1000$salt${key.decode()}",
    }[form]
    made(world, email_confirm=True, password_hash=hashed)

    assert world.current_account(password="battery staple").status == 400
    assert [world.current_account().status for _ in range(2)] == [200, 200]
    ((stored,),) = world.run('SELECT "encrypted_password" FROM "auth.users"')
    assert str(stored).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "validation_failed"),
        ({"email": "ADA@example.com"}, 422, "email_exists"),
        ({"email": "x@y.z", "id": "1"}, 400, "validation_failed"),
        ({"email": "x@y.z", "password_hash": "$2y$10$abc"}, 400, "validation_failed"),
        ({"email": "x@y.z", "password": "a", "password_hash": "b"}, 400, "validation_failed"),
        ({"email": "x@y.z", "password": "x" * 73}, 400, "validation_failed"),
        ({"email": "x@y.z", "ban_duration": "1 fortnight"}, 400, "validation_failed"),
        ({"email": "x@y.z", "app_metadata": {"x": "y" * 16_384}}, 400, "validation_failed"),
        ({"phone": "123"}, 400, "phone_provider_disabled"),
    ],
)
def test_a_bad_user_is_not_made(world: World, body: dict[str, Any], status: int, code: str) -> None:
    """Each fault has its code, and nobody is made."""
    made(world)
    answer = world.admin("POST", "/admin/users", body)

    assert (answer.status, answer.body["error_code"]) == (status, code)
    assert world.count("users") == 1


def test_users_are_listed_in_pages(world: World) -> None:
    """The newest first, with the total and links in the form that auth-js reads."""
    for number in range(5):
        world.now += 1
        made(world, f"user{number}@example.com")
    answer = world.admin("GET", "/admin/users?page=2&per_page=2&sort=&filter=")

    emails = [user["email"] for user in answer.body["users"]]
    assert emails == ["user2@example.com", "user1@example.com"]
    assert answer.body["users"][0]["identities"] is None
    assert answer.response.header("X-Total-Count") == "5"
    assert answer.response.header("Link") == (
        '</admin/users?page=3&per_page=2>; rel="next", </admin/users?page=3&per_page=2>; rel="last"'
    )


def test_users_can_be_sought(world: World) -> None:
    """A filter is part of an address or of the full name; it is text, not a pattern."""
    made(world)
    made(world, "bob@example.com", user_metadata={"full_name": "Bob Ross"})

    def found(sought: str) -> list[str]:
        answer = world.admin("GET", f"/admin/users?filter={sought}")
        return [user["email"] for user in answer.body["users"]]

    assert found("ROSS") == ["bob@example.com"]
    assert found("ada@") == ["ada@example.com"]
    assert found("%25") == []
    assert found("'+OR+1=1--") == []


def test_a_user_is_found_by_the_whole_address(world: World) -> None:
    """In any case, and nobody whose address only contains it; `sort` turns the order round."""
    for number, email in enumerate(["ada@example.com", "ada@example.com.au"]):
        world.now += number
        made(world, email)

    def found(query: str) -> list[str]:
        return [user["email"] for user in world.admin("GET", f"/admin/users?{query}").body["users"]]

    assert found("email=ADA@example.com") == ["ada@example.com"]
    assert found("email=ada") == []
    assert found("page=0&sort=created_at+asc") == ["ada@example.com", "ada@example.com.au"]
    assert found("sort=created_at+desc") == ["ada@example.com.au", "ada@example.com"]


@pytest.mark.parametrize(
    "query", ["per_page=0", "page=-1", "per_page=x", "page=%C2%B2", "sort=email"]
)
def test_a_bad_page_is_refused(world: World, query: str) -> None:
    """A page is a whole number from 1."""
    answer = world.admin("GET", f"/admin/users?{query}")

    assert (answer.status, answer.body["error_code"]) == (400, "validation_failed")


def test_a_user_is_shown_and_changed(world: World) -> None:
    """Changes hold at once: address, metadata, role data, confirmation."""
    path = f"/admin/users/{made(world)['id']}"
    body = {
        "email": "Ada@new.example",
        "email_confirm": True,
        "app_metadata": {"roles": ["admin"]},
        "user_metadata": {"name": "Ada"},
    }
    changed = world.admin("PUT", path, body)
    shown = world.admin("GET", path).body

    assert (changed.status, changed.body) == (200, shown)
    assert shown["email"] == shown["identities"][0]["email"] == "ada@new.example"
    assert shown["app_metadata"]["roles"] == ["admin"]
    assert shown["user_metadata"] == {"name": "Ada", "email_verified": True}


def test_a_new_password_set_by_an_admin_ends_all_sessions(world: World) -> None:
    """Whoever is signed in with the old password is out."""
    session = world.signed_up()
    path = f"/admin/users/{session['user']['id']}"
    answer = world.admin("PUT", path, {"password": "new password"})
    user = world.call("GET", "/user", bearer=session["access_token"])

    ended = verify(session["access_token"], RING, START).session_id or ""
    assert (answer.status, user.status) == (200, 403)
    assert world.revoked == [Revocation(session["user"]["id"], (ended,))]


def test_a_deleted_user_is_gone_at_once(world: World) -> None:
    """Its row, identities and sessions are gone, and its tokens are revoked."""
    session = world.signed_up()
    user_id = session["user"]["id"]
    answer = world.admin("DELETE", f"/admin/users/{user_id}", {"should_soft_delete": False})
    user = world.call("GET", "/user", bearer=session["access_token"])

    assert (answer.status, answer.body) == (200, {})
    assert (user.status, user.body["error_code"]) == (403, "user_not_found")
    assert [world.count(one) for one in ("users", "identities", "sessions")] == [0, 0, 0]
    assert world.revoked == [Revocation(user_id)]


def test_a_softly_deleted_user_leaves_an_empty_shell(world: World) -> None:
    """The id stays for what refers to it; nothing personal does, and the address is free."""
    session = world.signed_up(name="Ada")
    path = f"/admin/users/{session['user']['id']}"
    world.admin("DELETE", path, {"should_soft_delete": True})
    shell = world.admin("GET", path).body

    assert shell["deleted_at"] == "2026-05-28T20:26:40.25Z"
    assert (shell["user_metadata"], shell["app_metadata"]) == ({}, {})
    assert "example.com" not in str(shell)
    assert world.call("GET", "/user", bearer=session["access_token"]).status == 403
    again = world.signed_up()["user"]["id"]
    assert again != session["user"]["id"]
    for user in (again, session["user"]["id"]):
        soft = {"should_soft_delete": True}
        assert world.admin("DELETE", f"/admin/users/{user}", soft).status == 200


def test_a_user_whom_rows_refer_to_is_not_deleted(world: World) -> None:
    """Where a table does not let go, the answer says so and the user stays, signed in."""
    session = world.signed_up()
    user_id = session["user"]["id"]
    kind = "uuid" if world.engine.dialect.is_postgres else "TEXT"
    world.run(f'CREATE TABLE "notes" ("by" {kind} REFERENCES "auth.users" ("id"))')
    world.run('INSERT INTO "notes" VALUES (?)', user_id)
    answer = world.admin("DELETE", f"/admin/users/{user_id}")

    assert (answer.status, answer.body["error_code"]) == (409, "conflict")
    assert world.call("GET", "/user", bearer=session["access_token"]).status == 200
    assert world.revoked == []


@pytest.mark.parametrize(
    ("user_id", "code"),
    [("1", "validation_failed"), ("8f1d4f0a-0000-4000-8000-000000000000", "user_not_found")],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_user_is_not_found(world: World, method: str, user_id: str, code: str) -> None:
    """404 for an id that nobody has, and for what is no id."""
    answer = world.admin(method, f"/admin/users/{user_id}", {})

    assert (answer.status, answer.body["error_code"]) == (404, code)
