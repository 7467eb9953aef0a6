"""What a rule can name has changed: the tokens that are about act at once under what is so now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.api.data_world import Serve, table

from jotbase.background.upkeep import watch_revocations
from jotbase.sql.units import Rows, Statement, UnitOfWork
from jotbase.testing import Client, TestBackend

CODE = """
from flask import Flask

from jotbase.functions import caller, data

app = Flask(__name__)


@app.get("/who")
def who():
    me = caller()
    return {"role": me.role, "email": me.email, "rows": len(data().get("/roled"))}
"""
TABLES = {
    "roled": table({}, access={"select": "user.role == 'editor'", "insert": "False"}),
    "listed": table({}, access={"select": "'boss' in user.roles", "insert": "False"}),
    "mailed": table({}, access={"select": "user.email == 'new@example.com'", "insert": "False"}),
    "assured": table({}, access={"select": "user.aal == 'aal2'", "insert": "False"}),
    "named": table({}, access={"select": "user.claims['user_metadata']['plan'] == 'gold'"}),
}
CHANGES = [
    ("roled", {"role": "editor"}, "\"role\" = 'editor'"),
    ("listed", {"app_metadata": {"roles": ["boss"]}}, """"app_metadata" = '{"roles": ["boss"]}'"""),
    ("mailed", {"email": "new@example.com"}, "\"email\" = 'new@example.com'"),
    ("named", {"user_metadata": {"plan": "gold"}}, """"user_metadata" = '{"plan": "gold"}'"""),
]


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    backend = serve(TABLES, {"functions/__init__.py": CODE})
    for name in TABLES:
        assert backend.service.post(f"/{name}", {}).status == 201
    return backend


def admin(backend: TestBackend, user: Client, method: str = "PUT", **body: Any) -> None:
    path = f"/auth/v1/admin/users/{user.id}"
    assert backend.service.request(method, path, None, body).status == 200


def by_hand(backend: TestBackend, serve: Serve, statement: str, user: Client) -> None:
    """Change the user as another process would, and look as upkeep does twice a second."""

    def unit() -> UnitOfWork[Rows]:
        dialect = backend._backend.engine.dialect
        text = statement.replace('"auth.', '"auth"."') if dialect.is_postgres else statement
        return (yield Statement(text, (user.id,)))

    serve.threads.run(backend._backend.engine.write(unit))
    serve.threads.run(backend._backend._changes.poll())


@pytest.mark.parametrize(("name", "body", "assignment"), CHANGES)
@pytest.mark.parametrize("hand", ["service role", "another process"])
def test_a_rule_sees_what_is_so_now(
    backend: TestBackend, serve: Serve, name: str, body: Any, assignment: str, hand: str
) -> None:
    """With the token that was given before, and nobody else's."""
    user, other = backend.user(), backend.user()
    before = [user.get(f"/{name}").json(), other.get(f"/{name}").json()]
    if hand == "service role":
        admin(backend, user, **body)
    else:
        update = f'UPDATE "auth.users" SET {assignment} WHERE "id" = ?'
        by_hand(backend, serve, update, user)

    assert before == [[], []]
    assert (user.get(f"/{name}").json(), other.get(f"/{name}").json()) == ([{"id": 1}], [])


def test_a_rule_sees_the_level_that_is_so_now(backend: TestBackend, serve: Serve) -> None:
    """Of this session, with the token that was given before; and it falls as it rose."""
    user, seen = backend.user(), []
    for level in ("aal1", "aal2", "aal1"):
        update = f'UPDATE "auth.sessions" SET "aal" = \'{level}\' WHERE "user_id" = ?'
        by_hand(backend, serve, update, user)
        seen.append(user.get("/assured").json())

    assert seen == [[], [{"id": 1}], []]


def test_a_function_sees_it_too(backend: TestBackend) -> None:
    """Its caller, and what its data client may read."""
    user = backend.user("old@example.com")
    before = user.function("/who").json()
    admin(backend, user, role="editor", email="new@example.com")

    assert before == {"role": "authenticated", "email": "old@example.com", "rows": 0}
    assert user.function("/who").json() == {"role": "editor", "email": "new@example.com", "rows": 1}


ENDS: dict[str, Callable[[TestBackend, Serve, Client], None]] = {
    "ban": lambda backend, _, user: admin(backend, user, ban_duration="1h"),
    "deletion": lambda backend, _, user: admin(backend, user, "DELETE"),
    "soft deletion": lambda backend, _, user: admin(
        backend, user, "DELETE", should_soft_delete=True
    ),
    "password": lambda backend, _, user: admin(backend, user, password="battery staple"),
    "a ban by hand": lambda backend, serve, user: by_hand(
        backend,
        serve,
        'UPDATE "auth.users" SET "banned_until" = \'2999-01-01T00:00:00+00:00\' WHERE "id" = ?',
        user,
    ),
    "a deletion by hand": lambda backend, serve, user: by_hand(
        backend, serve, 'DELETE FROM "auth.users" WHERE "id" = ?', user
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_who_is_not_to_be_let_in_is_refused_at_once(
    backend: TestBackend, serve: Serve, end: str
) -> None:
    """On REST, functions and accounts; others go on."""
    user, other = backend.user(), backend.user()
    before = [user.get("/roled").status, user.function("/who").status]
    ENDS[end](backend, serve, user)
    refused = user.get("/roled")

    assert before == [200, 200]
    assert (refused.status, refused.json()["code"]) == (401, "PGRST301")
    assert user.function("/who").status == 401
    assert user.request("GET", "/auth/v1/user").status == 403
    assert other.get("/roled").status == 200


def test_a_ban_that_is_over_lets_the_token_in_again(backend: TestBackend) -> None:
    """Its session was not ended, only held."""
    user = backend.user()
    admin(backend, user, ban_duration="10s")
    banned = user.get("/roled").status
    backend.clock.advance(11)

    assert (banned, user.get("/roled").status) == (401, 200)


def test_who_was_an_administrator_is_none_any_more(backend: TestBackend) -> None:
    """The admin API asks for the role as it is, too."""
    user = backend.user()
    admin(backend, user, role="service_role")
    before = user.request("GET", "/auth/v1/admin/users").status
    admin(backend, user, role="authenticated")

    assert (before, user.request("GET", "/auth/v1/admin/users").status) == (200, 403)


def test_who_missed_a_change_goes_by_nothing_that_was_known(
    backend: TestBackend, serve: Serve
) -> None:
    """Where lines of the log are gone, every token is checked anew."""
    user = backend.user()
    assert user.get("/roled").status == 200
    known = backend._backend.credentials.live
    before = len(known)
    insert = (
        'INSERT INTO "auth.revocations" ("number", "session_id", "user_id")'
        ' SELECT max("number") + 10, \'\', ? FROM "auth.revocations"'
    )
    admin(backend, backend.user(), role="editor")
    by_hand(backend, serve, insert, backend.user())

    assert (before, len(known)) == (1, 0)


def test_a_log_that_was_emptied_hides_nothing(backend: TestBackend, serve: Serve) -> None:
    """Its numbers begin anew then, below what is known."""
    user = backend.user()
    admin(backend, user, user_metadata={"plan": "gold"})
    assert user.get("/roled").status == 200
    by_hand(backend, serve, 'DELETE FROM "auth.revocations" WHERE ?', user)
    assert user.get("/roled").status == 200
    by_hand(backend, serve, 'DELETE FROM "auth.sessions" WHERE "user_id" = ?', user)

    assert user.get("/roled").status == 401


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE "auth.users" SET "banned_until" = \'infinity\' WHERE "id" = ?',
        'UPDATE "auth.users" SET "banned_until" = \'for ever\' WHERE "id" = ?',
        'UPDATE "auth.sessions" SET "id" = "id" || \'x\' WHERE "user_id" = ?',
    ],
)
def test_what_was_written_by_hand_shuts_out(
    backend: TestBackend, serve: Serve, statement: str
) -> None:
    """Bans in words that are no times, and a session that was given another id."""
    user = backend.user()
    assert user.get("/roled").status == 200
    by_hand(backend, serve, statement, user)

    assert user.get("/roled").status == 401


def test_a_user_that_cannot_be_read_ends_no_looking(backend: TestBackend, serve: Serve) -> None:
    """All that was known is forgotten, and what changes after it is noticed."""
    changes, other = backend._backend._changes, backend.user()
    assert other.get("/roled").status == 200
    poll, refused = changes.poll, iter((True,))

    async def unreadable_once() -> None:
        if next(refused, False):
            raise ValueError("an entry that is no JSON")
        await poll()

    async def look() -> None:
        missed = asyncio.Event()
        changes.poll = unreadable_once  # type: ignore[method-assign]
        changes._restart = missed.set
        looking = asyncio.create_task(watch_revocations(changes))
        await asyncio.wait_for(missed.wait(), 20)
        assert not looking.done()
        looking.cancel()

    changes._newest = 0
    serve.threads.run(look())
    by_hand(backend, serve, 'DELETE FROM "auth.sessions" WHERE "user_id" = ?', other)
    assert other.get("/roled").status == 401


def test_every_write_of_accounts_goes_the_way_that_tells() -> None:
    """No flow drives the engine itself: what it ended would be told half a second late."""
    folder = Path(__file__).parents[2] / "src/jotbase/http/accounts"
    direct = [
        file.name for file in folder.glob("*.py") if "engine.write(" in file.read_text("utf-8")
    ]

    assert direct == ["services.py"]
