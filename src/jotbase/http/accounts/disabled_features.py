"""Features of GoTrue that are not supported or not enabled: the error of each request.

In charge of the error codes and messages that clients expect for a disabled feature. Must not know
the features; one that becomes supported is removed from this table.
"""

from __future__ import annotations

from collections.abc import Callable

from jotbase.auth.accounts.request_bodies import read_body, text
from jotbase.auth.changes.administration import get_user
from jotbase.errors import AuthError
from jotbase.http.accounts.admin import check_admin, uuid
from jotbase.http.accounts.flows import parameter
from jotbase.http.accounts.services import AccountServices, user_principal
from jotbase.http.accounts.wire import answer
from jotbase.values import Request, Response

# GoTrue's providers: `/settings` has a flag for each of them.
# fmt: off
PROVIDERS = (
    "apple", "azure", "bitbucket", "discord", "facebook", "snapchat", "figma", "fly", "github",
    "gitlab", "google", "keycloak", "kakao", "linkedin", "linkedin_oidc", "notion", "spotify",
    "slack", "slack_oidc", "workos", "twitch", "twitter", "zoom",
)
# fmt: on

#: The issuers whose tokens `grant_type=id_token` would accept if enabled.
_ISSUERS = {
    "apple": "https://appleid.apple.com",
    "azure": "https://login.microsoftonline.com",
    "facebook": "https://www.facebook.com",
    "google": "https://accounts.google.com",
    "kakao": "https://kauth.kakao.com",
    "keycloak": "https://keycloak",
    "snapchat": "https://accounts.snapchat.com",
    "vercel_marketplace": "https://marketplace.vercel.com",
}

_SAML = AuthError(404, "saml_provider_disabled", "SAML 2.0 is disabled")
_PASSKEYS = AuthError(404, "passkey_disabled", "Passkeys are disabled")
_OAUTH = AuthError(404, "feature_disabled", "OAuth server is disabled")
_LINKING = AuthError(404, "manual_linking_disabled", "Manual linking is disabled")
_CUSTOM = AuthError(404, "feature_disabled", "Custom OAuth providers are disabled")
_SCIM = AuthError(404, "feature_disabled", "SCIM server is disabled")
_WEB3 = AuthError(422, "web3_provider_disabled", "Web3 provider is disabled")

#: Refused without authentication; then after checking a user's token, then an admin's.
_AT_ONCE = {
    "/sso": _SAML,
    "/passkeys": _PASSKEYS,
    "/oauth": _OAUTH,
    "/scim": _SCIM,
}
_OF_USERS = {"/user/identities": _LINKING, "/user/oauth/grants": _OAUTH}
_OF_ADMINS = {"/admin/oauth": _OAUTH, "/admin/custom-providers": _CUSTOM}


def is_disabled(path: str) -> bool:
    """Whether the path belongs to a disabled feature."""
    known = (*_AT_ONCE, *_OF_USERS, *_OF_ADMINS, "/admin/sso/providers")
    return _named(path, known) is not None or path == "/authorize"


def _named(path: str, known: tuple[str, ...]) -> str | None:
    return next((one for one in known if path == one or path.startswith(one + "/")), None)


async def answer_disabled(request: Request, services: AccountServices, path: str) -> Response:
    """Handle a request for a disabled feature. Raises AuthError except for empty lists."""
    if path == "/authorize":
        raise _unsupported(parameter(request, "provider"))
    for refused, who in ((_AT_ONCE, None), (_OF_USERS, user_principal)):
        name = _named(path, tuple(refused))
        if name is not None:
            if who is not None:
                who(request, services)
            raise refused[name]
    await check_admin(request, services)
    name = _named(path, tuple(_OF_ADMINS))
    if name is not None:
        raise _OF_ADMINS[name]
    return answer({"items": []})


def _unsupported(provider: str) -> AuthError:
    known = provider.lower() in PROVIDERS
    reason = "provider is not enabled" if known else f"Provider {provider[:40]} could not be found"
    if provider.lower().startswith("custom:"):
        reason = "custom OAuth providers are disabled"
    return AuthError(400, "validation_failed", f"Unsupported provider: {reason}")


async def admin_answer_disabled(
    request: Request, services: AccountServices, user_id: str, part: str | None = None
) -> Response:
    """Handle `/admin/users/{id}/passkeys`: an empty list for an existing user."""
    await check_admin(request, services)
    await services.read(get_user(services.engine.dialect, uuid(user_id)))
    if part is None:
        return answer([])
    # As in GoTrue, which lets the service role delete passkeys while they are off.
    raise AuthError(404, "validation_failed", "Passkey not found")


def _web3(_: Request) -> AuthError:
    return _WEB3


def _id_token(request: Request) -> AuthError:
    body = read_body(request.body)
    provider = text(body, "provider").lower()
    if not text(body, "id_token"):
        return _oauth("id_token required")
    if not provider and not (text(body, "client_id") and text(body, "issuer")):
        return _oauth("provider or client_id and issuer required")
    issuer = _ISSUERS.get(provider) or (text(body, "issuer")[:80] if not provider else "")
    if issuer:
        message = f'Provider (issuer "{issuer}") is not enabled'
        return AuthError(400, "provider_disabled", message)
    name = "Custom provider" if provider.startswith("custom:") else "Custom OIDC provider"
    reason = "not found" if provider.startswith("custom:") else "not allowed"
    return AuthError(400, "validation_failed", f'{name} "{provider[:40]}" {reason}')


def _oauth(description: str) -> AuthError:
    """Return an error in the format of OAuth (RFC 6749 section 5.2)."""
    body = {"error": "invalid request", "error_description": description}
    return AuthError(400, "validation_failed", description, extra={"oauth": body})


#: Disabled grant types of `/token`.
GRANTS: dict[str, Callable[[Request], AuthError]] = {"web3": _web3, "id_token": _id_token}
