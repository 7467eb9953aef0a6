"""The lookups part: a change under a rule over two tables, against one over one table.

Each subscriber is another caller, so a change is judged for all of them. Cost is the processor time
that the server takes for a change, insert and all. Must not know how a rule becomes SQL.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from client import Client
from fanout import hear, tell
from listening import Listener, token_of
from processes import Child, cpu_seconds, start, stop
from servers import HERE, SERVERS, Callers, Launch, base_env, hs256, launch, run

CALLERS = 500
TEAMS = 50
#: Changes that are made in a second of the measurement, for a cost that the clock can tell.
CHANGES_PER_SECOND = 20
RULES = {
    "one": "any(m.team == row.team and m.member == user.id for m in members)",
    "two": (
        "any(t.id == row.team and m.team == t.id and m.member == user.id"
        " for t in teams for m in members)"
    ),
}
SECRET = "a secret of the benchmark's own, for tokens of users who never signed up"
TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Medians of the rounds' processor seconds a change, by rule."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    plan = replace(plan, env={**plan.env, "JOTBASE_JWT_SECRET": SECRET})
    _write(plan.folder / "project")
    members = [str(uuid.UUID(int=number + 1)) for number in range(CALLERS)]
    child, _ = run(plan)
    children: list[Child] = []
    try:
        callers = server.sign_up(plan)
        stop(child)
        _fill(plan.folder / "project/data/jotbase.db", members)
        child, _ = run(plan)
        children.extend(_follow(plan, callers, table, members) for table in RULES)
        changes = max(20, round(seconds * CHANGES_PER_SECOND))
        seen: dict[str, list[float]] = {table: [] for table in RULES}
        for _ in range(rounds + 1):
            for table, found in seen.items():
                found.append(_cost(child, plan.port, callers, table, changes))
    finally:
        for each in (*children, child):
            stop(each)
    # The first round is of a server that has seen neither rule yet.
    costs = {table: statistics.median(found[1:]) for table, found in seen.items()}
    for table, cost in costs.items():
        say(f"a change, {CALLERS} callers, rule over {table}: {cost * 1000:.2f} ms")
    return {"costs": costs, "callers": CALLERS}


def _write(project: Path) -> None:
    access = {"select": "user.role == 'authenticated'"}
    key = {"type": "object", "required": ["id"], "primaryKey": ["id"], "access": access}
    member = {"team": NUMBER, "member": {**TEXT, "format": "uuid"}}
    schemas: dict[str, dict[str, Any]] = {
        "teams": {**key, "properties": {"id": NUMBER, "name": TEXT}},
        "members": {
            **key,
            "properties": member,
            "required": list(member),
            "primaryKey": list(member),
            "indexes": [["member"]],
        },
    }
    for table, rule in RULES.items():
        row = {"id": {**NUMBER, "identity": True, "readOnly": True}, "team": NUMBER, "text": TEXT}
        schemas[table] = {
            **key,
            "properties": row,
            "required": ["team"],
            "access": {"select": rule},
            "realtime": True,
        }
    for name, schema in schemas.items():
        (project / f"schemas/{name}.json").write_text(json.dumps(schema))


def _fill(database: Path, members: Sequence[str]) -> None:
    """Store teams and their members while nobody serves them."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        teams = [(number, f"team {number}") for number in range(TEAMS)]
        connection.executemany("INSERT INTO teams (id, name) VALUES (?, ?)", teams)
        of = [(number % TEAMS, member) for number, member in enumerate(members)]
        connection.executemany("INSERT INTO members (team, member) VALUES (?, ?)", of)


def _follow(plan: Launch, callers: Callers, table: str, members: Sequence[str]) -> Child:
    """Join a table as each of the members, from a process of its own."""
    bindings = [{"event": "*", "schema": "public", "table": table}]
    joins = [
        json.dumps(
            {
                "topic": f"realtime:{table}",
                "event": "phx_join",
                "ref": "1",
                "join_ref": "1",
                "payload": {
                    "config": {"postgres_changes": bindings},
                    "access_token": hs256(SECRET, member, "authenticated"),
                },
            }
        )
        for member in members
    ]
    key = quote(callers.users[0].headers["apikey"])
    crowd = start(
        (sys.executable, str(HERE / "broadcast/clients.py")),
        plan.folder,
        base_env(),
        plan.folder / f"{table}-clients.log",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        line = {
            "port": plan.port,
            "path": f"/realtime/v1/websocket?apikey={key}&vsn=1.0.0",
            "sockets": len(joins),
            "joins": joins,
            "joined": "Subscribed to PostgreSQL",
            "counts": '"event":"postgres_changes"',
        }
        tell(crowd, json.dumps(line))
        hear(crowd)
    except BaseException:
        stop(crowd)
        raise
    return crowd


def _cost(child: Child, port: int, callers: Callers, table: str, changes: int) -> float:
    """Make changes one after another, each when the one before has been told."""
    client, service = Client(port), callers.service
    with Listener(port, service["apikey"]) as listener:
        listener.join(f"all-{table}", table, token=token_of(service))
        listener.told(b"Subscribed to PostgreSQL")
        before = cpu_seconds(child)
        for number in range(changes):
            row = {"team": number % TEAMS, "text": f"change {number}"}
            client.need("POST", f"/rest/v1/{table}", {**service, "Prefer": "return=minimal"}, row)
            listener.told(b'"event":"postgres_changes"')
        used = cpu_seconds(child) - before
    client.close()
    return used / changes
