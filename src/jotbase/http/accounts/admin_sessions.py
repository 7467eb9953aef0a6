"""The endpoints `/admin/users/{id}/sessions` and `/admin/audit` of the service role.

In charge of parsing these requests; GoTrue has no sessions of other users in its API, so their
paths and shapes are ours. The operations are in `auth.changes.administration` and
`auth.accounts.audit`.
"""

from __future__ import annotations

from jotbase.auth.accounts.audit import SCOPES, entries
from jotbase.auth.changes.administration import end_sessions, list_sessions
from jotbase.auth.sessions.audit_entries import entry_json
from jotbase.auth.sessions.sessions import session_row_json
from jotbase.errors import AuthError
from jotbase.http.accounts.admin import check_admin, page_headers, read_page, uuid
from jotbase.http.accounts.flows import parameter
from jotbase.http.accounts.services import AccountServices
from jotbase.http.accounts.wire import answer
from jotbase.values import Request, Response


async def list_of_user(request: Request, services: AccountServices, user_id: str) -> Response:
    """`GET /admin/users/{id}/sessions`: the open sessions, the newest first."""
    await check_admin(request, services)
    unit = list_sessions(services.engine.dialect, uuid(user_id))
    found = await services.read(unit)
    return answer({"sessions": [session_row_json(one) for one in found]})


async def end_all(request: Request, services: AccountServices, user_id: str) -> Response:
    """`DELETE /admin/users/{id}/sessions`: sign a user out everywhere."""
    await check_admin(request, services)
    context, known = services.context(request), uuid(user_id)
    await services.write(lambda: end_sessions(context, known))
    return answer({})


async def end_one(
    request: Request, services: AccountServices, user_id: str, session_id: str
) -> Response:
    """`DELETE /admin/users/{id}/sessions/{id}`: end one session."""
    await check_admin(request, services)
    context, known, ended = services.context(request), uuid(user_id), uuid(session_id)
    await services.write(lambda: end_sessions(context, known, ended))
    return answer({})


async def list_audit(request: Request, services: AccountServices) -> Response:
    """`GET /admin/audit?page&per_page&query=<author|action|type>:<text>`: the newest first."""
    await check_admin(request, services)
    page = read_page(request)
    scope, _, text = parameter(request, "query").partition(":")
    if scope and scope not in SCOPES:
        raise AuthError(400, "validation_failed", f"Invalid query scope: {scope[:40]}")
    unit = entries(services.engine.dialect, page.size, page.offset, scope, text)
    found, total = await services.read(unit)
    return answer([entry_json(one) for one in found], page_headers(request, page, total))
