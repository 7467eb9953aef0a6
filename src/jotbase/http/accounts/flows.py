"""The endpoints of sign-up, tokens, the current user and sign-out.

In charge of the order of the steps: parse the body, hash in a thread, run the unit of work, publish
ended sessions once they are committed. Must not know paths (`routes`); the operations are in
`auth`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, get_args
from urllib.parse import parse_qs

from jotbase.auth.accounts.accounts import (
    IssuedSession,
    Scope,
    current_account,
    invalid_credentials,
    password_hash_of,
    refresh,
    sign_in,
    sign_out,
    sign_up,
    sign_up_anonymously,
)
from jotbase.auth.accounts.context import Context
from jotbase.auth.accounts.hooks import check_decision, read_claims
from jotbase.auth.accounts.passwords import check_new_password, needs_rehash, verify_password
from jotbase.auth.accounts.request_bodies import email, metadata, read_body, text
from jotbase.auth.accounts.session_response import session_json
from jotbase.auth.changes.administration import end_sessions
from jotbase.auth.changes.own_account import (
    UpdatedAccount,
    UserAttributes,
    check_assurance,
    update_user,
)
from jotbase.auth.mail.flows import sign_up_by_mail
from jotbase.auth.mail.pkce import exchange_code, read_challenge
from jotbase.auth.mail.reauthentication import needs_reauthentication, use_nonce
from jotbase.auth.mail.redirects import target
from jotbase.auth.sessions.refresh_tokens import parse
from jotbase.auth.sessions.users import Account, User, access_claims, user_json
from jotbase.auth.tokens.times import is_in_future
from jotbase.errors import AuthError
from jotbase.http.accounts.services import AccountServices, user_principal
from jotbase.http.accounts.wire import answer
from jotbase.values import Principal, Request, Response


def parameter(request: Request, name: str) -> str:
    """Return the first value of a query parameter, "" when absent."""
    return parse_qs(request.query, errors="replace").get(name, [""])[0]


async def session_answer(issued: IssuedSession, services: AccountServices, **more: Any) -> Response:
    """Return the token response of a session."""
    return answer({**(await session_body(issued, services)), **more})


async def session_body(issued: IssuedSession, services: AccountServices) -> dict[str, Any]:
    """Return the body of a session's token response; the hook may replace the token's claims."""
    now, claims = services.now(), None
    if services.hooks.has("custom_access_token"):
        user, session = issued.account.user, issued.session
        payload = {
            "user_id": user.id,
            "claims": access_claims(user, session, services.policy, now),
            "authentication_method": session.amr[0]["method"] if session.amr else "",
        }
        told = await services.hook("custom_access_token", services.context(), payload)
        claims = read_claims(told)
    return session_json(issued, services.ring, services.policy, now, claims)


async def signup(request: Request, services: AccountServices) -> Response:
    """`POST /signup`: a session, or only the user if its address must be confirmed first."""
    body = read_body(request.body)
    if services.policy.signup_disabled:
        raise AuthError(422, "signup_disabled", "Signups not allowed for this instance")
    data, context = metadata(body, "data"), services.context(request)
    if not text(body, "email") and not text(body, "phone"):
        if not services.policy.anonymous_users:
            raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        await services.check_new_user(context, None, data)
        return await session_answer(
            await services.write(lambda: sign_up_anonymously(context, data)), services
        )
    password = text(body, "password")
    if not password:
        raise AuthError(400, "validation_failed", "Signup requires a valid password")
    check_new_password(password, services.policy)
    address = address_of(body, SIGN_UP)
    hashed = await services.hash(password, context.client)
    await services.check_new_user(context, address, data)
    if not services.policy.autoconfirm:
        redirect = target(parameter(request, "redirect_to"), services.policy)
        challenge = read_challenge(body)
        waiting = await services.write_for_mail(
            request, lambda: sign_up_by_mail(context, address, hashed, data, challenge)
        )
        services.send(waiting.mails, redirect)
        return answer(user_json(waiting.account))
    made = await services.write(lambda: sign_up(context, address, hashed, data))
    return await session_answer(made, services)


@dataclass(frozen=True, slots=True)
class PhoneMessages:
    """An endpoint's error messages for phone numbers, for two identifiers, and for none."""

    both: str
    off: str = "Phone logins are disabled"
    status: int = 400
    neither: str = "missing email or phone"


_BOTH = "Only an email address or phone number should be provided"
SIGN_UP = PhoneMessages(f"{_BOTH} on signup.", "Phone signups are disabled")
LOG_IN = PhoneMessages(f"{_BOTH} on login.", status=422)
OTHERWISE = PhoneMessages(f"{_BOTH}, not both.")


def address_of(body: dict[str, Any], messages: PhoneMessages = OTHERWISE) -> str:
    """Return the body's address. Raises AuthError without one, or with a phone number."""
    if text(body, "email") and text(body, "phone"):
        raise AuthError(400, "validation_failed", messages.both)
    if text(body, "phone"):
        raise AuthError(messages.status, "phone_provider_disabled", messages.off)
    address = email(body)
    if not address:
        raise AuthError(400, "validation_failed", messages.neither)
    return address


async def token(request: Request, services: AccountServices) -> Response:
    """`POST /token?grant_type=…`: a session for a password, a refresh token or a code."""
    grant_type = parameter(request, "grant_type")
    if grant_type == "password":
        return await _password_grant(request, services)
    if grant_type == "refresh_token":
        return await _refresh_grant(request, services)
    if grant_type == "pkce":
        return await _pkce_grant(request, services)
    raise AuthError(400, "invalid_credentials", "unsupported_grant_type")


async def _password_grant(request: Request, services: AccountServices) -> Response:
    body = read_body(request.body)
    address, password = address_of(body, LOG_IN), text(body, "password")
    user, stored = await services.read(password_hash_of(services.engine.dialect, address))
    context = services.context(request)
    fits = await _password_matches(password, stored, address, context, services)
    if user is not None and stored is not None:
        await _check_attempt(user, context, services, valid=fits)
    if user is None or stored is None or not fits:
        raise invalid_credentials()
    new_hash = await services.hash(password, context.client) if needs_rehash(stored) else None
    issued = await services.write(lambda: sign_in(context, user.id, stored, new_hash))
    services.limits.right_password(address, context.client)
    return await session_answer(issued, services, **_weakness(password, services))


async def _check_attempt(
    user: User, context: Context, services: AccountServices, *, valid: bool
) -> None:
    """Call `password_verification_attempt`. Raises AuthError (invalid_credentials, 400)."""
    if is_in_future(user.banned_until, context.now):
        return
    payload = {"user_id": user.id, "valid": valid}
    told = await services.hook("password_verification_attempt", context, payload)
    if told.get("decision") == "reject" and told.get("should_logout_user") is True:
        await services.write(lambda: end_sessions(context, user.id))
    check_decision(told)


async def _password_matches(
    password: str, stored: str | None, account: str, context: Context, services: AccountServices
) -> bool:
    """Return whether the password matches; the rate limit is checked when the hash is computed, so
    that concurrent attempts count too.
    """
    limits, client = services.limits, context.client

    def check() -> None:
        limits.check_password(account, client, services.now())

    check()
    fits = await services.run_in_thread(
        verify_password, password, stored, check=check, client=client
    )
    if not fits:
        limits.wrong_password(account, client, services.now())
    return fits


def _weakness(password: str, services: AccountServices) -> dict[str, Any]:
    """Return `weak_password` for a password that the current policy rejects; sign-in succeeds."""
    try:
        check_new_password(password, services.policy)
    except AuthError as fault:
        reasons = fault.extra.get("weak_password", {}).get("reasons", [])
        return {"weak_password": {"message": fault.message, "reasons": reasons}}
    return {}


async def _pkce_grant(request: Request, services: AccountServices) -> Response:
    body = read_body(request.body)
    code, verifier = text(body, "auth_code"), text(body, "code_verifier")
    if not code or not verifier:
        raise AuthError(
            400,
            "validation_failed",
            "invalid request: both auth code and code verifier should be non-empty",
        )
    context = services.context(request)
    issued = await services.write(lambda: exchange_code(context, code, verifier))
    return await session_answer(issued, services)


async def _refresh_grant(request: Request, services: AccountServices) -> Response:
    given = text(read_body(request.body), "refresh_token")
    if not given:
        raise AuthError(400, "validation_failed", "refresh_token required")
    refresh_token, context = parse(given), services.context(request)
    outcome = await services.write(lambda: refresh(context, refresh_token))
    if isinstance(outcome, AuthError):
        raise outcome
    return await session_answer(outcome, services)


async def get_user(request: Request, services: AccountServices) -> Response:
    """`GET /user`: the user of the access token."""
    principal = user_principal(request, services)
    return answer(user_json(await services.read(current_account(services.context(), principal))))


async def put_user(request: Request, services: AccountServices) -> Response:
    """`PUT /user`: update address, password or metadata."""
    principal = user_principal(request, services)
    body = read_body(request.body)
    address, data = email(body), metadata(body, "data") if "data" in body else None
    if text(body, "phone"):
        raise AuthError(422, "phone_provider_disabled", "Phone logins are disabled")
    if text(body, "password"):
        check_new_password(text(body, "password"), services.policy)
    if "app_metadata" in body:
        raise AuthError(403, "not_admin", "Updating app_metadata requires admin privileges")
    account = await services.read(current_account(services.context(), principal))
    context = services.context(request)
    if password := text(body, "password"):
        await services.read(check_assurance(context, principal, account))
        await _reauthenticated(context, principal, account, text(body, "nonce"), services)
    hashed = await _new_password(password, account, context, services)
    change = UserAttributes(address or None, hashed, data, read_challenge(body))
    unit = partial(update_user, context, principal, change)
    by_mail = bool(address) and not services.policy.autoconfirm
    changed: UpdatedAccount = await (
        services.write_for_mail(request, unit) if by_mail else services.write(unit)
    )
    if hashed is not None:
        services.limits.right_password(_guessed_account(account), context.client)
    services.send(changed.mails, target(parameter(request, "redirect_to"), services.policy))
    return answer(user_json(changed.account))


async def _reauthenticated(
    context: Context,
    principal: Principal,
    account: Account,
    nonce: str,
    services: AccountServices,
) -> None:
    """Consume the reauthentication code if one is required. Raises AuthError:
    reauthentication_needed (400), reauthentication_not_valid (422).
    """
    if not await services.read(needs_reauthentication(context, principal)):
        return
    if not nonce:
        raise AuthError(400, "reauthentication_needed", "Password update requires reauthentication")
    services.limits.take_code(context.client, context.now)
    refused = await services.write(lambda: use_nonce(context, account.user, nonce))
    if refused is not None:
        raise refused
    services.limits.right_code(context.client, context.now)


async def _new_password(
    password: str, account: Account, context: Context, services: AccountServices
) -> str | None:
    """Return the hash of a password that differs from the stored one.

    Whether it differs is an answer to a guess: it counts as a wrong password until the update has
    succeeded, after which the guess is the password. Raises AuthError (same_password, 422).
    """
    if not password:
        return None
    old, guessed = account.user.encrypted_password, _guessed_account(account)
    if old is not None and await _password_matches(password, old, guessed, context, services):
        raise AuthError(
            422, "same_password", "New password should be different from the old password."
        )
    return await services.hash(password, context.client)


def _guessed_account(account: Account) -> str:
    return account.user.email or account.user.id


async def logout(request: Request, services: AccountServices) -> Response:
    """`POST /logout?scope=global|local|others`: end sessions with immediate effect."""
    principal = user_principal(request, services)
    requested = parameter(request, "scope") or "global"
    scope = next((known for known in get_args(Scope) if known == requested), None)
    if scope is None:
        raise AuthError(400, "validation_failed", f"Unsupported logout scope {requested[:40]!r}")
    context = services.context(request)
    await services.write(lambda: sign_out(context, principal, scope))
    return Response(204)
