"""The routes of `/auth/v1/…`, and the check of the API key before them.

In charge of the table of routes, of the API key that all but a few require, and of rendering
errors. Must not know the endpoints.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from jotbase.auth.tokens.keys import public_jwks
from jotbase.errors import AuthError, JotError
from jotbase.http.accounts import admin as account_admin
from jotbase.http.accounts import admin_links, admin_sessions, factors, identities
from jotbase.http.accounts import flows as account_flows
from jotbase.http.accounts import mails as account_mails
from jotbase.http.accounts.disabled_features import (
    GRANTS,
    PROVIDERS,
    admin_answer_disabled,
    answer_disabled,
    is_disabled,
)
from jotbase.http.accounts.services import AccountServices, key_role
from jotbase.http.accounts.wire import answer, refusal
from jotbase.values import Request, Response

PREFIX = "/auth/v1"

#: The largest body, in bytes.
LARGEST_BODY = 1_048_576

Flow = Callable[[Request, AccountServices], Awaitable[Response]]
AnyFlow = TypeVar("AnyFlow", bound=Callable[..., Awaitable[Response]])


async def accounts(request: Request, services: AccountServices) -> Response:
    """Handle a request to the accounts API; never raises a JotError."""
    try:
        return await _answer(request, services)
    except JotError as error:
        return refusal(error, request.headers)


async def _answer(request: Request, services: AccountServices) -> Response:
    path = request.path.removeprefix(PREFIX)
    if path not in _OPEN:
        key_role(request, services)
    if len(request.body) > LARGEST_BODY:
        raise AuthError(413, "request_entity_too_large", f"The limit is {LARGEST_BODY} bytes")
    method = "GET" if request.method == "HEAD" else request.method
    for template, flows in _TEMPLATES:
        if (found := template.fullmatch(path)) and path != _LINKING:
            return await _chosen(flows, method)(request, services, *found.groups())
    if is_disabled(path):
        return await answer_disabled(request, services, path)
    if path not in _ROUTES:
        raise AuthError(404, "unknown", "404 page not found")
    return await _chosen(_ROUTES[path], method)(request, services)


def _chosen(flows: dict[str, AnyFlow], method: str) -> AnyFlow:
    if method not in flows:
        raise AuthError(405, "unknown", "Method not allowed", extra={"allow": ", ".join(flows)})
    return flows[method]


async def _jwks(_: Request, services: AccountServices) -> Response:
    return answer(public_jwks(services.ring), cache="public, max-age=600")


async def _health(_: Request, __: AccountServices) -> Response:
    description = "Jotbase accounts, in GoTrue's protocol"
    return answer({"version": "jotbase", "name": "GoTrue", "description": description})


async def _settings(_: Request, services: AccountServices) -> Response:
    policy = services.policy
    external = dict.fromkeys(PROVIDERS, False)
    external |= {"anonymous_users": policy.anonymous_users, "email": True, "phone": False}
    return answer(
        {
            "external": external,
            "disable_signup": policy.signup_disabled,
            "mailer_autoconfirm": policy.autoconfirm,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
            "saml_private_key_next_configured": False,
            "passkeys_enabled": False,
        }
    )


async def _token(request: Request, services: AccountServices) -> Response:
    off = GRANTS.get(account_flows.parameter(request, "grant_type"))
    if off is not None:
        raise off(request)
    return await account_flows.token(request, services)


_ROUTES: dict[str, dict[str, Flow]] = {
    "/signup": {"POST": account_flows.signup},
    "/token": {"POST": _token},
    "/user": {"GET": account_flows.get_user, "PUT": account_flows.put_user},
    "/logout": {"POST": account_flows.logout},
    "/recover": {"POST": account_mails.recover},
    "/otp": {"POST": account_mails.otp},
    "/magiclink": {"POST": account_mails.magic_link},
    "/resend": {"POST": account_mails.resend},
    "/verify": {"GET": account_mails.follow, "POST": account_mails.verify},
    "/reauthenticate": {"GET": account_mails.reauthenticate},
    "/factors": {"POST": factors.enroll},
    "/callback": {"GET": account_mails.callback, "POST": account_mails.callback},
    "/admin/users": {"GET": account_admin.list_page, "POST": account_admin.create},
    "/admin/generate_link": {"POST": admin_links.make_link},
    "/admin/audit": {"GET": admin_sessions.list_audit},
    "/invite": {"POST": admin_links.send_invitation},
    "/.well-known/jwks.json": {"GET": _jwks},
    "/settings": {"GET": _settings},
    "/health": {"GET": _health},
}

Routed = dict[str, Callable[..., Awaitable[Response]]]

_PARTS: Routed = dict.fromkeys(("GET", "POST", "PUT", "DELETE"), admin_answer_disabled)

_LINKING = "/user/identities/authorize"

#: Routes whose path has ids in it; what stands between two slashes is passed on.
_BY_ID: dict[str, Routed] = {
    "/user/identities/{}": {"DELETE": identities.unlink},
    "/admin/users/{}": {
        "GET": account_admin.show,
        "PUT": account_admin.change,
        "DELETE": account_admin.delete,
    },
    "/admin/users/{}/sessions": {
        "GET": admin_sessions.list_of_user,
        "DELETE": admin_sessions.end_all,
    },
    "/admin/users/{}/sessions/{}": {"DELETE": admin_sessions.end_one},
    "/factors/{}": {"DELETE": factors.unenroll},
    "/factors/{}/challenge": {"POST": factors.challenge},
    "/factors/{}/verify": {"POST": factors.verify},
    "/admin/users/{}/factors": {"GET": factors.list_of_user},
    "/admin/users/{}/factors/{}": {
        "PUT": factors.change_of_user,
        "DELETE": factors.delete_of_user,
    },
    "/admin/users/{}/passkeys": _PARTS,
    "/admin/users/{}/passkeys/{}": _PARTS,
}
_TEMPLATES = [
    (re.compile(template.replace("{}", "([^/]*)")), flows) for template, flows in _BY_ID.items()
]

#: Paths without an API key, such as those that links in mails open in a browser.
_OPEN = frozenset(("/.well-known/jwks.json", "/verify", "/callback", "/authorize"))
