"""The endpoints of flows by mail: requesting mails, and verifying codes and links.

In charge of parsing these requests, and of queueing the mails once their unit of work is committed.
A response never waits for a mail, so that its duration does not disclose whether an account exists.
The operations are in `auth.mail.flows`, sending is in `jotbase.background.mailing`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from jotbase.auth.accounts.accounts import IssuedSession
from jotbase.auth.accounts.context import Context
from jotbase.auth.accounts.request_bodies import flag, metadata, read_body, text
from jotbase.auth.mail.email_change import (
    SecondConfirmationPending,
    open_change_link,
    resend_email_change,
    verify_change_code,
    verify_change_link,
)
from jotbase.auth.mail.flows import (
    open_link,
    request_magic_link,
    request_recovery,
    resend_confirmation,
    verify_code,
    verify_link,
)
from jotbase.auth.mail.pkce import AuthCode, read_challenge
from jotbase.auth.mail.reauthentication import request_reauthentication
from jotbase.auth.mail.redirects import (
    target,
    with_code,
    with_error,
    with_message,
    with_query_error,
    with_session,
)
from jotbase.auth.tokens.one_time import PKCE, SLOTS
from jotbase.errors import AuthError, JotError
from jotbase.http.accounts.flows import (
    PhoneMessages,
    address_of,
    parameter,
    session_answer,
    session_body,
)
from jotbase.http.accounts.link_page import link_page
from jotbase.http.accounts.services import AccountServices, user_principal
from jotbase.http.accounts.wire import answer, as_auth_error
from jotbase.sql.units import UnitOfWork
from jotbase.values import Request, Response

_OTP = PhoneMessages(
    "Only an email address or phone number should be provided",
    "Unsupported phone provider",
    neither="One of email or phone must be set",
)
#: The `type`s of `/verify` for phone codes, which are never sent.
_OF_PHONES = ("sms", "phone_change")
# E.164, once a leading plus sign and spaces are gone.
_PHONE = re.compile(r"[1-9][0-9]{1,14}")

_FORM = "application/x-www-form-urlencoded"

#: The unit that sends a mail again, by the request's `type`.
_RESENT = {"signup": resend_confirmation, "email_change": resend_email_change}


async def recover(request: Request, services: AccountServices) -> Response:
    """`POST /recover`: mail a recovery link; the response is `{}` for every address."""
    body = read_body(request.body)
    email, challenge, context = address_of(body), read_challenge(body), services.context(request)
    mails = await services.write_for_mail(
        request, lambda: request_recovery(context, email, challenge)
    )
    services.send(mails, _redirect(request, services))
    return answer({})


async def otp(request: Request, services: AccountServices) -> Response:
    """`POST /otp`: mail a code and a link for signing in, to new users too."""
    body = read_body(request.body)
    create = flag(body, "create_user") if "create_user" in body else True
    return await _magic_link(request, body, services, create=create)


async def magic_link(request: Request, services: AccountServices) -> Response:
    """`POST /magiclink`: the older form of `/otp`."""
    return await _magic_link(request, read_body(request.body), services, create=True)


async def _magic_link(
    request: Request, body: dict[str, Any], services: AccountServices, *, create: bool
) -> Response:
    if not create and text(body, "phone") and not text(body, "email"):
        raise AuthError(422, "otp_disabled", "Signups not allowed for otp")
    email, data = address_of(body, _OTP), metadata(body, "data")
    challenge, context = read_challenge(body), services.context(request)
    if create:
        await services.check_new_user(context, email, data)
    mails = await services.write_for_mail(
        request, lambda: request_magic_link(context, email, data, challenge, create=create)
    )
    services.send(mails, _redirect(request, services))
    return answer({})


async def resend(request: Request, services: AccountServices) -> Response:
    """`POST /resend`: send a confirmation mail again; the response is `{}` for every address."""
    body = read_body(request.body)
    kind = text(body, "type")
    if kind in ("sms", "phone_change"):
        raise AuthError(400, "phone_provider_disabled", "Phone logins are disabled")
    if kind not in _RESENT:
        raise _invalid("Missing one of these types: signup, email_change, sms, phone_change")
    if text(body, "phone") and not text(body, "email"):
        raise _invalid("Type provided requires an email address")
    email, challenge, context = address_of(body), read_challenge(body), services.context(request)
    mails = await services.write_for_mail(request, lambda: _RESENT[kind](context, email, challenge))
    services.send(mails, _redirect(request, services))
    return answer({})


async def reauthenticate(request: Request, services: AccountServices) -> Response:
    """`GET /reauthenticate`: mail a code that `PUT /user` takes as `nonce`."""
    principal, context = user_principal(request, services), services.context(request)
    mails = await services.write_for_mail(
        request, lambda: request_reauthentication(context, principal)
    )
    services.send(mails, services.policy.site_url)
    return answer({})


async def callback(request: Request, services: AccountServices) -> Response:
    """`/callback`: redirect to the site with an error, since no provider is enabled."""
    form = parse_qs(request.body.decode("utf-8", "replace")) if request.method == "POST" else {}
    state = parameter(request, "state") or form.get("state", [""])[0]
    error = (
        AuthError(400, "bad_oauth_state", "OAuth state not found or expired")
        if state
        else AuthError(400, "bad_oauth_callback", "OAuth state parameter missing")
    )
    return _see_other(with_query_error(services.policy.site_url, error))


async def verify(request: Request, services: AccountServices) -> Response:
    """`POST /verify`: a session for an address and its code, or for a link's token.

    A form is that of a link's page (`link_page`).
    """
    if request.headers.get("content-type", "").startswith(_FORM):
        return await _redirected(request, services, _form(request))
    body = read_body(request.body)
    kind, code, link = text(body, "type"), text(body, "token"), text(body, "token_hash")
    if code and not link and text(body, "phone") and not text(body, "email"):
        raise _no_phone_code(text(body, "phone"))
    if link and kind in _OF_PHONES:
        raise _invalid("Invalid email verification type")
    _check_kind(kind)
    context = services.context(request)
    services.limits.take_code(context.client, context.now)
    if link:
        if code or text(body, "email") or text(body, "phone"):
            raise _invalid("Only the token_hash and type should be provided")
        result = await services.write(lambda: _link_unit(context, kind, link))
        services.limits.right_code(context.client, context.now)
        return await _verification_answer(result, services)
    if not code:
        raise _invalid("Verify requires either a token or a token hash")
    if bool(text(body, "email")) == bool(text(body, "phone")):
        raise _invalid("Only an email address or phone number should be provided on verify")
    email = _verified_address(body)
    outcome = await services.write(lambda: _code_unit(context, kind, email, code))
    if isinstance(outcome, AuthError):
        raise outcome
    services.limits.right_code(context.client, context.now)
    return await _verification_answer(outcome, services)


def _verified_address(body: dict[str, Any]) -> str:
    try:
        return address_of(body)
    except AuthError as error:
        if error.code != "validation_failed":
            raise
        # GoTrue's status and words at this endpoint alone.
        raise AuthError(422, "validation_failed", "Invalid email format") from None


def _no_phone_code(given: str) -> AuthError:
    if not _PHONE.fullmatch(given.strip().removeprefix("+").replace(" ", "")):
        return _invalid("Invalid phone number format (E.164 required)")
    return AuthError(403, "otp_expired", "Token has expired or is invalid")


def _code_unit(
    context: Context, kind: str, email: str, code: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending | AuthError]:
    if kind == "email_change":
        return (yield from verify_change_code(context, email, code))
    return (yield from verify_code(context, kind, email, code))


def _link_unit(
    context: Context, kind: str, link: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending]:
    if kind == "email_change":
        return (yield from verify_change_link(context, link))
    return (yield from verify_link(context, kind, link))


def _opened_unit(
    context: Context, kind: str, link: str
) -> UnitOfWork[IssuedSession | SecondConfirmationPending | AuthCode]:
    if kind == "email_change":
        return (yield from open_change_link(context, link))
    return (yield from open_link(context, kind, link))


async def _verification_answer(
    result: IssuedSession | SecondConfirmationPending, services: AccountServices
) -> Response:
    if isinstance(result, SecondConfirmationPending):
        return answer({"msg": result.message, "code": "200"})
    return await session_answer(result, services)


async def follow(request: Request, services: AccountServices) -> Response:
    """`GET /verify`: the link's page, or with `link_page` switched off what its button does."""
    if request.method == "HEAD":
        # HEAD: mail scanners and link previews must not consume the token.
        return Response(204)
    given = {name: parameter(request, name) for name in ("type", "token", "redirect_to")}
    if services.policy.link_page and given["type"] in SLOTS and given["token"]:
        redirect = target(given["redirect_to"], services.policy)
        return link_page(given["type"], given["token"], redirect)
    return await _redirected(request, services, given)


def _form(request: Request) -> dict[str, str]:
    read = parse_qs(request.body.decode("utf-8", "replace"))
    return {name: read.get(name, [""])[0] for name in ("type", "token", "redirect_to")}


async def _redirected(
    request: Request, services: AccountServices, given: dict[str, str]
) -> Response:
    """Use a link's token up: a redirect with the session, or the error, in its fragment."""
    redirect = target(given["redirect_to"], services.policy)
    kind, link = given["type"], given["token"]
    by_code = link.startswith(PKCE)
    try:
        _check_kind(kind)
        if not link:
            raise _invalid("Verify requires a token or a token hash")
        context = services.context(request)
        services.limits.take_code(context.client, context.now)
        result = await services.write(lambda: _opened_unit(context, kind, link))
        services.limits.right_code(context.client, context.now)
    except JotError as error:
        return _see_other(with_error(redirect, as_auth_error(error), query=by_code))
    if isinstance(result, SecondConfirmationPending):
        return _see_other(with_message(redirect, result.message, query=by_code))
    if isinstance(result, AuthCode):
        return _see_other(with_code(redirect, result.code))
    session = await session_body(result, services)
    return _see_other(with_session(redirect, session, kind))


def _check_kind(kind: str) -> None:
    if not kind:
        raise _invalid("Verify requires a verification type")
    if kind not in SLOTS:
        raise _invalid("Unsupported verification type")


def _invalid(message: str) -> AuthError:
    return AuthError(400, "validation_failed", message)


def _redirect(request: Request, services: AccountServices) -> str:
    return target(parameter(request, "redirect_to"), services.policy)


def _see_other(address: str) -> Response:
    # The URL contains tokens: it must not be cached, nor sent as a referrer.
    return Response(
        303,
        (
            ("Location", address),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
        ),
    )
