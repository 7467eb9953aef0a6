"""The endpoint `/user/identities/{id}`.

In charge of parsing its requests. The operation is in `auth.changes.identities`.
"""

from __future__ import annotations

from uuid import UUID

from jotbase.auth.changes.identities import unlink_identity
from jotbase.errors import AuthError
from jotbase.http.accounts.services import AccountServices, user_principal
from jotbase.http.accounts.wire import answer
from jotbase.values import Request, Response


async def unlink(request: Request, services: AccountServices, identity_id: str) -> Response:
    """`DELETE /user/identities/{id}`: unlink one of the caller's identities."""
    principal = user_principal(request, services)
    if not services.policy.manual_linking:
        raise AuthError(404, "manual_linking_disabled", "Manual linking is disabled")
    try:
        known = str(UUID(identity_id))
    except ValueError:
        raise AuthError(404, "validation_failed", "identity_id must be an UUID") from None
    context = services.context(request)
    await services.write(lambda: unlink_identity(context, principal, known))
    return answer({})
