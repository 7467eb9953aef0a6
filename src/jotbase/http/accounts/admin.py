"""The endpoints `/admin/users` of the service role.

In charge of parsing these requests, and of pagination with its Link header. The operations are in
`auth.changes.administration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jotbase.auth.accounts.passwords import LONGEST, check_new_password, is_known_hash
from jotbase.auth.accounts.request_bodies import email, flag, metadata, read_body, text
from jotbase.auth.changes.administration import (
    AdminUserAttributes,
    UserQuery,
    create_user,
    delete_user,
    get_user,
    list_users,
    read_duration,
    update_user,
)
from jotbase.auth.sessions.users import Account, user_json
from jotbase.auth.tokens.current_facts import current_facts_query, current_principal
from jotbase.errors import AccessError, AuthError
from jotbase.http.accounts.flows import parameter
from jotbase.http.accounts.services import AccountServices, caller
from jotbase.http.accounts.wire import answer
from jotbase.values import Principal, Request, Response

_LARGEST_PAGE = 1000


async def check_admin(request: Request, services: AccountServices) -> None:
    """Raise AuthError unless the caller has the service role (not_admin, 403)."""
    principal = caller(request, services)
    if principal.session_id is not None:
        principal = await _current_principal(principal, services)
    if not principal.is_service:
        raise AuthError(403, "not_admin", "User not allowed")


async def _current_principal(principal: Principal, services: AccountServices) -> Principal:
    query = current_facts_query(services.engine.dialect, principal)
    text = query.numbered(services.engine.dialect.mark)
    rows = await services.engine.read(text, query.params)
    try:
        return current_principal(principal, rows, services.now())
    except AccessError as error:
        raise AuthError(403, "session_not_found", error.message) from None


async def list_page(request: Request, services: AccountServices) -> Response:
    """`GET /admin/users?page&per_page&filter`: a page of users, the newest first."""
    await check_admin(request, services)
    page = read_page(request)
    sought = UserQuery(
        page.size,
        page.offset,
        parameter(request, "filter"),
        email=_sought_address(request),
        oldest_first=_is_oldest_first(parameter(request, "sort")),
    )
    found = await services.read(list_users(services.engine.dialect, sought))
    users = [{**user_json(Account(user)), "identities": None} for user in found.users]
    headers = page_headers(request, page, found.total)
    return answer({"users": users, "aud": services.policy.audience}, headers)


def _sought_address(request: Request) -> str:
    """Return the address of `?email=`, which finds its user and no other."""
    return parameter(request, "email").strip().lower()


def _is_oldest_first(sort: str) -> bool:
    column, _, direction = sort.partition(" ")
    if sort and (column != "created_at" or direction not in ("", "asc", "desc")):
        raise AuthError(400, "validation_failed", f"Bad Sort Parameters: {sort[:40]}")
    return bool(sort) and direction != "desc"


@dataclass(frozen=True, slots=True)
class Page:
    """Which page of a list is asked for, numbered from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size


def read_page(request: Request) -> Page:
    """Return the page of a request. Raises AuthError (validation_failed, 400)."""
    number = _count(request, "page", 1, least=0)
    return Page(max(number, 1), min(_count(request, "per_page", 50), _LARGEST_PAGE))


def page_headers(request: Request, page: Page, total: int) -> tuple[tuple[str, str], ...]:
    """Return `X-Total-Count` and `Link`, whose URLs are paths below `/auth/v1`, as GoTrue's."""
    last = max(1, -(-total // page.size))
    wanted = [*([(page.number + 1, "next")] if page.number < last else []), (last, "last")]
    path = "/admin/" + request.path.rpartition("/")[2]
    # `page` comes first: auth-js reads the text after the URL's first equals sign.
    links = (f'<{path}?page={one}&per_page={page.size}>; rel="{rel}"' for one, rel in wanted)
    return ("X-Total-Count", str(total)), ("Link", ", ".join(links))


def _count(request: Request, name: str, default: int, *, least: int = 1) -> int:
    given = parameter(request, name)
    if not given:
        return default
    if not given.isascii() or not given.isdigit() or not least <= int(given[:10]) < 10**9:
        raise AuthError(400, "validation_failed", f"Bad Pagination Parameters: {name}")
    return int(given[:10])


async def create(request: Request, services: AccountServices) -> Response:
    """`POST /admin/users`: create a user without sending mail."""
    await check_admin(request, services)
    body = read_body(request.body)
    profile = await _profile(body, services, is_new=True)
    if not profile.email:
        raise AuthError(
            400, "validation_failed", "Cannot create a user without either an email or phone"
        )
    context = services.context(request)
    made = await services.write(lambda: create_user(context, profile))
    return answer(user_json(made))


async def show(request: Request, services: AccountServices, user_id: str) -> Response:
    """`GET /admin/users/{id}`."""
    await check_admin(request, services)
    found = await services.read(get_user(services.engine.dialect, uuid(user_id)))
    return answer(user_json(found))


async def change(request: Request, services: AccountServices, user_id: str) -> Response:
    """`PUT /admin/users/{id}`: update a user, with immediate effect on its tokens."""
    await check_admin(request, services)
    profile = await _profile(read_body(request.body), services, is_new=False)
    context, known = services.context(request), uuid(user_id)
    changed = await services.write(lambda: update_user(context, known, profile))
    return answer(user_json(changed.account))


async def delete(request: Request, services: AccountServices, user_id: str) -> Response:
    """`DELETE /admin/users/{id}`: delete a user, which invalidates its tokens at once."""
    await check_admin(request, services)
    soft = flag(read_body(request.body), "should_soft_delete") if request.body else False
    context, known = services.context(request), uuid(user_id)
    await services.write(lambda: delete_user(context, known, soft=soft))
    return answer({})


async def _profile(
    body: dict[str, Any], services: AccountServices, *, is_new: bool
) -> AdminUserAttributes:
    if text(body, "phone"):
        raise AuthError(400, "phone_provider_disabled", "Phone logins are disabled")
    ban = text(body, "ban_duration")
    return AdminUserAttributes(
        id=uuid(text(body, "id"), status=400) if text(body, "id") else None,
        email=email(body) or None,
        password_hash=await _password(body, services, is_new=is_new),
        confirm=flag(body, "email_confirm"),
        role=text(body, "role") or None,
        aud=text(body, "aud") or None,
        user_metadata=metadata(body, "user_metadata") if "user_metadata" in body else None,
        app_metadata=metadata(body, "app_metadata") if "app_metadata" in body else None,
        ban=read_duration(ban) if ban else None,
    )


async def _password(body: dict[str, Any], services: AccountServices, *, is_new: bool) -> str | None:
    password, ready = text(body, "password"), text(body, "password_hash")
    if password and ready:
        raise AuthError(
            400, "validation_failed", "Only a password or a password hash should be provided"
        )
    if ready:
        if not is_known_hash(ready):
            raise AuthError(
                400,
                "validation_failed",
                "password_hash is of no known form, or too costly to be compared",
            )
        return ready
    if not password:
        return None
    if not is_new:
        check_new_password(password, services.policy)
    if len(password.encode()) > LONGEST:
        raise AuthError(
            400, "validation_failed", f"Password cannot be longer than {LONGEST} characters"
        )
    return await services.hash(password)


def uuid(given: str, status: int = 404) -> str:
    """Return a UUID in canonical form. Raises AuthError (validation_failed)."""
    try:
        return str(UUID(given))
    except ValueError:
        raise AuthError(status, "validation_failed", "user_id must be an UUID") from None
