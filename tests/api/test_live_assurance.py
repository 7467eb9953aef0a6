"""Rules on `user.aal`, of rows and of private topics, on open sockets; on each engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from tests.api.data_world import Serve, table
from tests.api.test_private_topics import Hall, Member

from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import bound
from jotbase.sql.units import UnitOfWork

SECRETS = table({"text": {"type": "string"}}) | {
    "realtime": True,
    "access": {"select": "user.aal == 'aal2'"},
}
#: Everybody is told of these, behind what was committed before.
MARKS = table({"text": {"type": "string"}}) | {"realtime": True}
CHANNELS = {"topics": {"vault": {"access": {"read": "user.aal == 'aal2'"}}}}
BINDINGS = [{"event": "*", "schema": "public", "table": name} for name in ("secrets", "marks")]
DENIED = "You do not have permissions to read from this Channel topic: vault"


@pytest.fixture
def hall(serve: Serve) -> Iterator[Hall]:
    tables = {"secrets": SECRETS, "marks": MARKS}
    made = Hall(serve, serve(tables, {"channels.json": json.dumps(CHANNELS)}))
    yield made
    for socket in made.sockets:
        socket.leave()


def assure(hall: Hall, level: str) -> None:
    """Set the level of all sessions, as a verified or a deleted factor does."""
    backend: Any = hall.backend._backend

    async def written() -> None:
        await backend.engine.write(partial(_set_level, backend.engine.dialect, level))
        await backend._changes.poll()

    hall.serve.threads.run(written())


def _set_level(dialect: Dialect, level: str) -> UnitOfWork[None]:
    yield f'UPDATE {dialect.identifier("auth.sessions")} SET "aal" = ' + bound(level)


def write(hall: Hall, text: str, *, to: str = "secrets") -> None:
    assert hall.backend.service.post(f"/{to}", {"text": text}).status == 201


def joined(hall: Hall) -> Member:
    """Return a socket whose user follows the table."""
    socket = hall.of(hall.user("ana", speaks=None))
    reply = socket.join(BINDINGS, topic="realtime:t", token=socket.token)
    assert reply["payload"]["status"] == "ok"
    assert socket.hear()["payload"]["message"] == "Subscribed to PostgreSQL"
    return socket


def test_rows_are_told_while_the_session_has_the_level(hall: Hall) -> None:
    """It is raised and lowered on the open channel; what the token says does not count."""
    ana = joined(hall)
    write(hall, "before")
    write(hall, "first", to="marks")
    assert ana.hear_data()["record"]["text"] == "first"

    assure(hall, "aal2")
    write(hall, "seen")
    assert ana.hear_data()["record"]["text"] == "seen"
    assure(hall, "aal1")
    write(hall, "after")
    write(hall, "second", to="marks")
    assert ana.hear_data()["record"]["text"] == "second"


def test_a_topic_is_open_while_the_session_has_the_level(hall: Hall) -> None:
    """The join is refused below it, and the channel ends where it is lost."""
    ana = hall.of(hall.user("ana", speaks=None))
    assert ana.enter("realtime:vault") == f"Unauthorized: {DENIED}"

    assure(hall, "aal2")
    assert ana.enter("realtime:vault") == "ok"
    assure(hall, "aal1")
    assert ana.hear()["payload"]["message"] == DENIED
    assert ana.hear()["event"] == "phx_close"
    assert ana.enter("realtime:vault") == f"Unauthorized: {DENIED}"
