"""`jotbase explain`: the SQL of a request with its rules, bound values and query plan.

In charge of printing the statements that the request of a given caller runs; a write is executed
and rolled back. Must not know how SQL is compiled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jotbase.app import Backend
from jotbase.errors import Fault, ProjectError, RequestError
from jotbase.expression.expr import Context
from jotbase.pipeline import prepare
from jotbase.query.plan.nodes import ReadPlan
from jotbase.query.request.shape import shape
from jotbase.query.response.prepared import unit_factory
from jotbase.query.write.guarded_storing import SAVING
from jotbase.realtime.messages.event_text import stream_binding
from jotbase.sql.units import PAUSE, RolledBack, Rows, Runnable, Statement, UnitOfWork
from jotbase.startup.loading import load, load_settings, server_url
from jotbase.values import ANON, AUTHENTICATED, SERVICE, Principal, Request


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement: its SQL, its bound values in order, and the lines of its plan."""

    sql: str
    values: list[Any]
    plan: list[str]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("request", help="""such as "GET /jobs?status=eq.open" """)
    parser.add_argument(
        "--role", default=ANON, choices=(ANON, AUTHENTICATED, SERVICE), help="(default: anon)"
    )
    parser.add_argument("--sub", metavar="ID", help="the caller's user id")
    parser.add_argument("--email", help="the caller's address")
    parser.add_argument("--claims", metavar="JSON", default="{}", help="the token's claims")
    parser.add_argument("--body", metavar="JSON", default="", help="the body of a write")
    parser.add_argument(
        "--subscription",
        metavar="CURSOR",
        help="say whether who follows the request is told this change, and why not",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the statements of the request."""
    method, _, target = options.request.strip().partition(" ")
    if not target.startswith("/"):
        method, target = "GET", options.request.strip()
    path, _, query = target.partition("?")
    headers = {"content-type": "application/json", "prefer": "return=representation"}
    if method.upper() == "GET":
        headers = {}
    full = "/rest/v1/" + path.removeprefix("/rest/v1").lstrip("/")
    request = Request(method.upper(), full, query, headers, options.body.encode())
    project, settings = load_settings(options.project)
    backend, table = load(project, settings, server_url(settings)), path.rpartition("/")[2]
    if options.subscription is not None:
        said = asyncio.run(_told(backend, options.subscription, _principal(options), table, query))
        print(json.dumps(said, indent=2))
        return 0
    explained = asyncio.run(_explain(backend, request, _principal(options)))
    rules = [one for one in backend.definition.policy.described() if one["table"] == table]
    if options.json:
        document = {"rules": rules, "statements": [asdict(one) for one in explained]}
        print(json.dumps(document, indent=2))
        return 0
    for rule in rules:
        print(f"-- rule for {rule['action']}: {rule['rule']}")
    for one in explained:
        print(f"\n{one.sql};\n-- values: {one.values!r}")
        print("\n".join(f"-- plan: {line}" for line in one.plan))
    return 0


def _principal(options: argparse.Namespace) -> Principal:
    try:
        claims = json.loads(options.claims)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise ProjectError([Fault("--claims", "", "is not a JSON object")])
    role = AUTHENTICATED if options.role == ANON and options.sub else options.role
    return Principal(role, options.sub, options.email, claims=claims)


async def _explain(backend: Backend, request: Request, principal: Principal) -> list[Explained]:
    await backend.start()
    try:
        data = backend.data
        request_shape, values = shape(request)
        prepared = prepare(request_shape, principal, data)
        context = data.context(principal, values)
        if isinstance(prepared.plan, ReadPlan):
            statements: Sequence[Runnable] = [Statement(prepared.text, prepared.bind(context))]
        else:
            write_context = data.write_context[principal.is_service][prepared.plan.table.name]
            work = unit_factory(prepared, request.body, context, write_context)
            statements = await data.engine.write(lambda: _recording(work()))
        return [await _explain_statement(backend, one, context) for one in statements]
    finally:
        await backend.stop()


async def _told(
    backend: Backend, cursor: str, principal: Principal, table: str, query: str
) -> dict[str, Any]:
    binding, _ = stream_binding(table, query)
    await backend.start()
    try:
        return await backend.live.explain(cursor, principal, binding)
    except RequestError as error:
        raise ProjectError([Fault("--subscription", "", error.message)]) from None
    finally:
        await backend.stop()


def _recording(unit: UnitOfWork[Any]) -> UnitOfWork[list[Runnable]]:
    """Run the unit, record its statements, and roll it back; the result is the statements."""
    statements: list[Runnable] = []
    try:
        statement = next(unit)
        while True:
            if statement is not PAUSE and not statement.text.startswith(SAVING):
                statements.append(statement)
            rows: Rows = yield statement
            statement = unit.send(rows)
    except (StopIteration, RolledBack):
        raise RolledBack(statements) from None


async def _explain_statement(backend: Backend, statement: Runnable, context: Context) -> Explained:
    rows = await backend.engine.read(f"EXPLAIN QUERY PLAN {statement.text}", statement.params)
    return Explained(statement.text, list(statement.params), [str(row[3]) for row in rows])
