"""The endpoints `/admin/generate_link` and `/invite` of the service role.

In charge of parsing these requests. The operations are in `auth.changes.links`.
"""

from __future__ import annotations

from typing import Any

from jotbase.auth.accounts.passwords import check_new_password
from jotbase.auth.accounts.request_bodies import email, metadata, read_body, text
from jotbase.auth.changes.links import LinkRequest, generate_link, invite, read_link_type
from jotbase.auth.mail.messages import verify_link
from jotbase.auth.mail.redirects import target
from jotbase.auth.sessions.users import user_json
from jotbase.errors import AuthError
from jotbase.http.accounts.admin import check_admin
from jotbase.http.accounts.flows import parameter
from jotbase.http.accounts.services import AccountServices
from jotbase.http.accounts.wire import answer
from jotbase.values import Request, Response


async def make_link(request: Request, services: AccountServices) -> Response:
    """`POST /admin/generate_link`: a link that nobody has been mailed, and its user."""
    await check_admin(request, services)
    body = read_body(request.body)
    asked = await _link_request(body, services)
    context = services.context(request)
    if asked.type in ("signup", "invite", "magiclink"):
        await services.check_new_user(context, asked.email, asked.data)
    made = await services.write(lambda: generate_link(context, asked))
    wanted = text(body, "redirect_to") or parameter(request, "redirect_to")
    redirect = target(wanted, services.policy)
    return answer(
        {
            **user_json(made.account),
            "action_link": verify_link(made.mail, services.policy, redirect),
            "email_otp": made.mail.code,
            "hashed_token": made.mail.token,
            "verification_type": made.mail.verification,
            "redirect_to": redirect,
        }
    )


async def _link_request(body: dict[str, Any], services: AccountServices) -> LinkRequest:
    address = _required_address(body)
    kind = read_link_type(text(body, "type"))
    password_hash, new_email = None, ""
    if kind == "signup":
        password = text(body, "password")
        if not password:
            raise AuthError(400, "validation_failed", "Signup requires a valid password")
        check_new_password(password, services.policy)
        password_hash = await services.hash(password)
    if kind.startswith("email_change"):
        new_email = email(body, "new_email")
        if not new_email:
            raise AuthError(400, "validation_failed", "An email address is required for new_email")
    return LinkRequest(kind, address, new_email, password_hash, metadata(body, "data"))


def _required_address(body: dict[str, Any]) -> str:
    address = email(body)
    if not address:
        raise AuthError(400, "validation_failed", "An email address is required")
    return address


async def send_invitation(request: Request, services: AccountServices) -> Response:
    """`POST /invite`: mail an invitation to an address, whose user is created."""
    await check_admin(request, services)
    body = read_body(request.body)
    asked = LinkRequest("invite", _required_address(body), data=metadata(body, "data"))
    context = services.context(request)
    await services.check_new_user(context, asked.email, asked.data)
    made = await services.write(lambda: invite(context, asked))
    services.send((made.mail,), target(parameter(request, "redirect_to"), services.policy))
    return answer(user_json(made.account))
