"""The endpoints `/factors` of users, and `/admin/users/{id}/factors` of the service role.

In charge of parsing these requests, and of the error of each type of factor that is off. The
operations are in `auth.factors`.
"""

from __future__ import annotations

from uuid import UUID

from jotbase.auth.accounts.request_bodies import read_body, text
from jotbase.auth.changes.administration import get_user
from jotbase.auth.factors.enrolment import (
    delete_by_service,
    enrol_totp,
    own_factor,
    rename_by_service,
    unenrol,
)
from jotbase.auth.factors.verification import challenge_factor, verify_factor
from jotbase.auth.sessions.factors import Factor, factor_json
from jotbase.auth.sessions.users import Account
from jotbase.errors import AuthError
from jotbase.http.accounts.admin import check_admin, uuid
from jotbase.http.accounts.flows import session_answer
from jotbase.http.accounts.qr_code import qr_svg
from jotbase.http.accounts.services import AccountServices, user_principal
from jotbase.http.accounts.wire import answer
from jotbase.sql.units import UnitOfWork
from jotbase.values import Principal, Request, Response

#: The types of factors, and what each says where it is off.
_ENROLL_OFF = {
    "totp": AuthError(422, "mfa_totp_enroll_not_enabled", "MFA enroll is disabled for TOTP"),
    "phone": AuthError(422, "mfa_phone_enroll_not_enabled", "MFA enroll is disabled for Phone"),
    "webauthn": AuthError(
        422, "mfa_webauthn_enroll_not_enabled", "MFA enroll is disabled for WebAuthn"
    ),
}


def _user(request: Request, services: AccountServices) -> Principal:
    principal = user_principal(request, services)
    if principal.claims.get("is_anonymous") is True:
        raise AuthError(
            403, "no_authorization", "Anonymous user not allowed to perform these actions"
        )
    return principal


def _factor_id(given: str) -> str:
    try:
        return str(UUID(given))
    except ValueError:
        raise AuthError(404, "validation_failed", "factor_id must be an UUID") from None


async def enroll(request: Request, services: AccountServices) -> Response:
    """`POST /factors`: a new factor, with its secret and a QR code of it."""
    principal, body = _user(request, services), read_body(request.body)
    kind, name = text(body, "factor_type"), text(body, "friendly_name")
    if kind not in _ENROLL_OFF:
        raise AuthError(
            400, "validation_failed", "factor_type needs to be totp, phone, or webauthn"
        )
    if kind != "totp" or not services.policy.mfa_totp:
        raise _ENROLL_OFF[kind]
    issuer, context = text(body, "issuer"), services.context(request)
    made = await services.write(lambda: enrol_totp(context, principal, name, issuer))
    drawn = await services.run_in_thread(qr_svg, made.uri, client=context.client)
    shown = {"qr_code": drawn, "secret": made.factor.secret, "uri": made.uri}
    return answer({"id": made.factor.id, "type": kind, "friendly_name": name, "totp": shown})


def _check_verifiable(services: AccountServices) -> None:
    if not services.policy.mfa_totp:
        raise AuthError(422, "mfa_totp_verify_not_enabled", "MFA verification is disabled for TOTP")


async def challenge(request: Request, services: AccountServices, factor_id: str) -> Response:
    """`POST /factors/{id}/challenge`: five minutes for one answer."""
    principal, known = _user(request, services), _factor_id(factor_id)
    context = services.context(request)
    _, factor = await services.read(own_factor(context, principal, known))
    _check_verifiable(services)
    made = await services.write(lambda: challenge_factor(context, principal, known))
    return answer({"id": made.id, "type": factor.factor_type, "expires_at": made.expires_at})


async def verify(request: Request, services: AccountServices, factor_id: str) -> Response:
    """`POST /factors/{id}/verify`: the session at aal2, with new tokens."""
    principal, known = _user(request, services), _factor_id(factor_id)
    context = services.context(request)
    await services.read(own_factor(context, principal, known))
    body = read_body(request.body)
    challenge_id, code = uuid_member(text(body, "challenge_id")), text(body, "code")
    if not code:
        raise AuthError(400, "validation_failed", "Code needs to be non-empty")
    _check_verifiable(services)
    issued = await services.write(
        lambda: verify_factor(context, principal, known, challenge_id, code)
    )
    if isinstance(issued, AuthError):
        raise issued
    return await session_answer(issued, services)


def uuid_member(given: str) -> str:
    """Return a body's UUID. Raises AuthError (bad_json, 400)."""
    try:
        return str(UUID(given))
    except ValueError:
        raise AuthError(
            400, "bad_json", "Could not parse request body: challenge_id is not a UUID"
        ) from None


async def unenroll(request: Request, services: AccountServices, factor_id: str) -> Response:
    """`DELETE /factors/{id}`."""
    principal, known = _user(request, services), _factor_id(factor_id)
    context = services.context(request)
    await services.write(lambda: unenrol(context, principal, known))
    return answer({"id": known})


async def list_of_user(request: Request, services: AccountServices, user_id: str) -> Response:
    """`GET /admin/users/{id}/factors`."""
    await check_admin(request, services)
    account = await services.read(get_user(services.engine.dialect, uuid(user_id)))
    return answer([factor_json(factor) for factor in account.factors])


async def delete_of_user(
    request: Request, services: AccountServices, user_id: str, factor_id: str
) -> Response:
    """`DELETE /admin/users/{id}/factors/{id}`: the factor that was deleted."""
    await check_admin(request, services)
    context, holder, known = services.context(request), uuid(user_id), _factor_id(factor_id)

    def unit() -> UnitOfWork[Factor]:
        account: Account = yield from get_user(context.dialect, holder)
        return (yield from delete_by_service(context, account, known))

    return answer(factor_json(await services.write(unit)))


async def change_of_user(
    request: Request, services: AccountServices, user_id: str, factor_id: str
) -> Response:
    """`PUT /admin/users/{id}/factors/{id}`: another name; a phone is ignored."""
    await check_admin(request, services)
    body = read_body(request.body)
    name = text(body, "friendly_name") if "friendly_name" in body else None
    context, holder, known = services.context(request), uuid(user_id), _factor_id(factor_id)

    def unit() -> UnitOfWork[Factor]:
        account: Account = yield from get_user(context.dialect, holder)
        return (yield from rename_by_service(context, account, known, name))

    return answer(factor_json(await services.write(unit)))
