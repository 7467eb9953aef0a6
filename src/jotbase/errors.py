"""The exception hierarchy, and the table of the error codes that Jotbase gives.

In charge of what an error carries in every protocol: code, HTTP status, message, details, hint.
Must not know how a protocol serializes it (PostgREST: `query.response`, GoTrue: `http.accounts`,
Phoenix: `realtime`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from jotbase.records import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One row of `CODES`: the HTTP status of the response, and when the code is given."""

    status: int
    meaning: str


#: Codes of the data API: PostgREST's own (PGRSTxyz, x is the stage that refused) and SQLSTATEs,
#: with the statuses of https://docs.postgrest.org/en/stable/references/errors.html
CODES: dict[str, Code] = {
    "PGRST003": Code(504, "No connection to the database came free in time."),
    "PGRST100": Code(400, "The query string could not be parsed."),
    "PGRST101": Code(405, "A function was called with a method it does not allow."),
    "PGRST102": Code(400, "The request body could not be read."),
    "PGRST103": Code(416, "The requested range lies outside the rows."),
    "PGRST105": Code(405, "PUT was called in a way that it does not allow."),
    "PGRST106": Code(406, "The schema named in the request is not exposed."),
    "PGRST107": Code(406, "None of the media types that Accept names can be had."),
    "PGRST108": Code(400, "A filter names an embedded table that select does not embed."),
    "PGRST111": Code(500, "A function set invalid response headers."),
    "PGRST112": Code(500, "A function set an invalid response status."),
    "PGRST114": Code(400, "PUT was called with limit or offset."),
    "PGRST115": Code(400, "PUT gave another key in the body than in the query string."),
    "PGRST116": Code(406, "One row was asked for and none or several were found."),
    "PGRST117": Code(405, "The HTTP method is not supported."),
    "PGRST118": Code(400, "Rows cannot be ordered by a relation that is not to-one."),
    "PGRST119": Code(400, "A to-many relation was spread without being one."),
    "PGRST120": Code(400, "An embedded table can only be filtered with is.null or not.is.null."),
    "PGRST122": Code(400, "An invalid preference was given with handling=strict."),
    "PGRST123": Code(400, "Aggregate functions are switched off."),
    "PGRST124": Code(400, "More rows were affected than max-affected allows."),
    "PGRST125": Code(404, "The path is not one that this API serves."),
    "PGRST126": Code(404, "The root document is switched off."),
    "PGRST127": Code(400, "The feature is not implemented."),
    "PGRST128": Code(400, "max-affected does not go with this function."),
    "PGRST200": Code(400, "No relationship was found between two tables."),
    "PGRST201": Code(300, "Several relationships were found; a hint must choose one."),
    "PGRST202": Code(404, "No function of that name takes those parameters."),
    "PGRST203": Code(300, "Several functions of that name fit."),
    "PGRST204": Code(400, "A column named in the request does not exist."),
    "PGRST205": Code(404, "The table does not exist."),
    "PGRST300": Code(500, "The server has no key to check tokens with."),
    "PGRST301": Code(401, "The token could not be decoded or is not valid."),
    "PGRST302": Code(401, "The request carries no token and anonymous use is off."),
    "PGRST303": Code(401, "The token's claims are not valid (expired, wrong audience)."),
    "PGRSTX00": Code(500, "Something failed that should not have; the server's log says more."),
    "21000": Code(400, "A write has no filter; with 500, one upsert names a row twice."),
    "22000": Code(400, "The bounds of a range are in the wrong order."),
    "22003": Code(400, "A number lies outside what the column can hold."),
    "22007": Code(400, "The value is not a valid date or time."),
    "22008": Code(400, "The date or time lies outside what the column can hold."),
    "2200H": Code(500, "The numbers of an identity column have come to their end."),
    "22P02": Code(400, "The value cannot be read as the column's type."),
    "22P05": Code(400, "Text must not contain the character U+0000."),
    "0A000": Code(400, "The view cannot be written in this way."),
    "22023": Code(400, "A parameter has an invalid value."),
    "23502": Code(400, "A value is missing in a column that must have one."),
    "23503": Code(409, "A referenced row does not exist, or is still referenced."),
    "23505": Code(409, "A row with this key exists already."),
    "23514": Code(400, "The row breaks its JSON Schema."),
    "25006": Code(405, "A read-only function tried to write."),
    "25P04": Code(504, "The write ran longer than the time limit and was undone."),
    "40001": Code(500, "Too many writers met on the same rows; try again."),
    "2201B": Code(400, "The regular expression cannot be read."),
    "42501": Code(403, "The access rules do not allow this; 401 for an anonymous caller."),
    "42601": Code(400, "The full-text search cannot be read."),
    "42701": Code(400, "A column is named twice."),
    "42703": Code(400, "The column does not exist."),
    "42704": Code(400, "The type or text search configuration does not exist."),
    "42712": Code(400, "A table was named twice."),
    "42803": Code(400, "Grouped rows were to be ordered by a column that they are not grouped by."),
    "42804": Code(400, "The value's type does not fit."),
    "42846": Code(400, "A value of this type cannot be cast so."),
    "42883": Code(404, "The operator does not fit the types."),
    "42P10": Code(400, "on_conflict names columns that no unique constraint has."),
    "428C9": Code(400, "The column is set by the server and cannot be written."),
    "08006": Code(503, "The connection to the database failed; nothing was changed."),
    "08007": Code(503, "The connection failed during COMMIT; the write may be stored or not."),
    "53000": Code(503, "The server has no thread, file or memory left; try again later."),
    "53300": Code(503, "No room is left for a connection, or call of a function; try again."),
    "53100": Code(507, "The disk is full or read-only; nothing was written."),
    "53400": Code(413, "The request body is larger than the server allows."),
    "54000": Code(413, "A value or statement is larger than the database takes."),
    "54001": Code(400, "The request is nested more deeply, or asks for more, than is allowed."),
    "55000": Code(405, "The view cannot be written."),
    "55P03": Code(503, "The database is locked by another process; try again."),
    "58030": Code(503, "The disk of the database fails; nothing was written."),
    "58P01": Code(503, "The database file was moved, replaced or overwritten; nothing is written."),
    "57P01": Code(503, "The server is stopping; try again."),
    "P0001": Code(400, "A trigger of the database refused."),
    "57014": Code(504, "The statement ran longer than the time limit and was stopped."),
    "XX001": Code(500, "The database file is damaged."),
}

#: GoTrue's codes that the accounts API gives, and when. A code goes with several statuses.
ACCOUNT_CODES: dict[str, str] = {
    "anonymous_provider_disabled": "Sign-in without an account is switched off.",
    "bad_code_verifier": "The verifier is not the one behind the challenge (PKCE).",
    "bad_json": "The request body could not be read.",
    "bad_oauth_callback": "A provider's answer names no sign-in (`state`).",
    "bad_oauth_state": "A provider's answer names a sign-in that is over, or was none.",
    "bad_jwt": "The access token is not valid, or names no user.",
    "conflict": "Rows still refer to the user, or too many changes met; try again.",
    "email_exists": "Another user has this email address.",
    "email_not_confirmed": "The user has not confirmed the email address yet.",
    "feature_disabled": "What was asked for belongs to a part that is not switched on.",
    "flow_state_expired": "The code of a link was not exchanged within five minutes.",
    "flow_state_not_found": "The code of a link is wrong, or was exchanged before.",
    "invalid_credentials": "Email and password do not fit, or the kind of sign-in is unknown.",
    "manual_linking_disabled": "Identities cannot be linked by hand here.",
    "mfa_factor_not_found": "There is no such second factor.",
    "mfa_phone_enroll_not_enabled": "Second factors by phone are not served.",
    "mfa_totp_enroll_not_enabled": "Second factors by time-based codes are not served.",
    "mfa_webauthn_enroll_not_enabled": "Second factors by WebAuthn are not served.",
    "no_authorization": "The request bears no API key, or no token where one is needed.",
    "not_admin": "Only the service role may do this.",
    "otp_disabled": "Nobody may sign up by a mailed code.",
    "otp_expired": "The code or link is wrong, was used before, or is too old.",
    "over_email_send_rate_limit": "A mail was asked for just now, or too many went out; try later.",
    "over_request_rate_limit": "Too many requests at once; the answer says when to try again.",
    "passkey_disabled": "Passkeys are not served.",
    "phone_provider_disabled": "Phone numbers are not supported.",
    "provider_disabled": "Tokens of that provider are not taken.",
    "reauthentication_needed": "A new password needs the code that `/reauthenticate` mails.",
    "reauthentication_not_valid": "That code is wrong, was used before, or is too old.",
    "refresh_token_already_used": "The refresh token was used before; its session has ended.",
    "refresh_token_not_found": "No session has this refresh token.",
    "request_entity_too_large": "The request body is larger than the server allows.",
    "same_password": "The new password is the old one.",
    "saml_provider_disabled": "Single sign-on is not served.",
    "session_expired": "The session has ended: by its time, or by inactivity.",
    "session_not_found": "The token's session has ended: by sign-out, or with the user.",
    "signup_disabled": "Nobody may sign up.",
    "unexpected_failure": "Something failed that should not have; the server's log says more.",
    "unknown": "The path, or the method there, is not one that this API serves.",
    "user_already_exists": "Another user has this email address or id.",
    "user_banned": "An administrator has banned the user for a time.",
    "user_not_found": "There is no such user (any more).",
    "validation_failed": "A value in the request cannot be used; the message says which.",
    "weak_password": "The password is too short; `weak_password.reasons` says so too.",
    "web3_provider_disabled": "Sign-in by a wallet is not served.",
}

#: Realtime's codes of refused joins and tokens, as in `<code>: <message>`, and when.
CHANNEL_CODES: dict[str, str] = {
    "ChannelRateLimitReached": "More channels, bindings or filters than a socket may have.",
    "ClientJoinRateLimitReached": "More joins within seconds than a socket may ask for.",
    "ConnectionRateLimitReached": "All sockets, or those of one address, took what there is.",
    "InvalidJWTToken": "The token has expired, or its session has ended.",
    "JwtSignatureError": "The token was not signed by this server.",
    "MalformedJWT": "The token cannot be read as one.",
    "RealtimeFilter": "The filter of a subscription names no column, or cannot be read.",
    "TopicNameRequired": "The topic of a join has no name.",
    "TopicNameTooLong": "The topic of a join is longer than 255 bytes.",
    "Unauthorized": "The API key is missing or unknown, or the channel may not be read.",
}


class JotError(Exception):
    """Base of all errors that a response reports.

    `code` and `status` are those of the protocol of the response; `details` and `hint` may be None.
    `headers` are added to the response's.
    """

    headers: tuple[tuple[str, str], ...] = ()

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Any = None,
        hint: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.status = status if status is not None else CODES[code].status


class RequestError(JotError):
    """The request is malformed, or names or values in it do not fit the model."""


class AccessError(JotError):
    """The access rules refuse the request (403), or the caller's token is not valid (401)."""


@dataclass(frozen=True, slots=True)
class OtherTable:
    """The table on the other side of a foreign key, as an error names it.

    `place` is the end of the error's details that names it, and `message` the error's message
    without that name.
    """

    name: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class ViolatedKey:
    """The key of a constraint violation, with the conflicting values as they are stored.

    `redacted_details` are the error's details for a caller who may not see these values.
    """

    table: str
    columns: tuple[str, ...]
    values: tuple[Any, ...]
    redacted_details: str | None = None
    other: OtherTable | None = None


class ConflictError(JotError):
    """The database refused a statement: a constraint, a lock, a limit.

    `key` is set where `details` show stored values, which the caller may not be allowed to see.
    """

    key: ViolatedKey | None = None


class AuthError(JotError):
    """An account operation was refused: `code` is one of `ACCOUNT_CODES`, `extra` are further
    members of the JSON body.
    """

    def __init__(
        self, status: int, code: str, message: str, *, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(code, message, status=status)
        self.extra = extra or {}


class ChannelError(JotError):
    """A realtime message was refused; the reply's reason is `<code>: <message>`.

    `code` is one of `CHANNEL_CODES`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=400)


class StatementTimeout(JotError):
    """A statement exceeded its time limit and was stopped; nothing was changed."""

    def __init__(self, limit_ms: int) -> None:
        super().__init__(
            "57014",
            "canceling statement due to statement timeout",
            details=f"The limit is {limit_ms} ms.",
            hint="Filter by an indexed column, ask for fewer rows, or raise"
            " JOTBASE_STATEMENT_TIMEOUT.",
        )


class TransactionTimeout(JotError):
    """A unit of work exceeded its time limit and was rolled back."""

    def __init__(self, limit_ms: int) -> None:
        super().__init__(
            "25P04",
            "terminating transaction due to transaction timeout",
            details=f"The limit is {limit_ms} ms.",
            hint="Write fewer rows at a time, or raise JOTBASE_TRANSACTION_TIMEOUT.",
        )


#: The module that a project's own code is, with those beside it.
PROJECT_MODULE = "functions"


class CodeFailed(Exception):
    """The project's code raised StopIteration, SystemExit or another exception that would end the
    event loop's task or the process.
    """


class CallAborted(BaseException):
    """Raised by the server inside the project's code to abort a call.

    A BaseException, so that an `except Exception` of the project's does not catch it.
    """


Returned = TypeVar("Returned")


def run_contained(code: Callable[[], Returned]) -> Returned:
    """Call the project's code so that it can neither end the process nor a thread's event loop.

    Raises CodeFailed for StopIteration and for every BaseException that is no Exception: asyncio
    passes SystemExit and KeyboardInterrupt on to the event loop, and a future cannot hold
    StopIteration. Exceptions and CallAborted pass unchanged.
    """
    try:
        return code()
    except StopIteration as error:
        raise CodeFailed("StopIteration") from error
    except (Exception, CallAborted):
        raise
    except BaseException as error:
        raise CodeFailed(describe_exception(error)) from error


def describe_exception(error: BaseException) -> str:
    """Return `<type>: <text>` of an exception of the project's; its `__str__` may itself raise."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - `__str__` is the project's code
        text = ""
    return f"{type(error).__name__}: {text}".removesuffix(": ")


def too_many_calls() -> JotError:
    """Return the error of a function call for which no thread is free (53300, with Retry-After)."""
    error = JotError(
        "53300",
        "too many function calls at once",
        hint="Try again later; JOTBASE_FUNCTIONS_THREADS and JOTBASE_FUNCTIONS_QUEUE set how many"
        " run and wait.",
    )
    error.headers = (("Retry-After", "1"),)
    return error


EXHAUSTED = "the system has no %s to give: the process or the machine is at its limit"


def resource_error(what: str) -> JotError:
    """Return the refusal where the system gives the process no more of something (53000)."""
    return JotError("53000", f"the server has no {what} left for this", hint="Try again later.")


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a project's files: file, JSON pointer (RFC 6901), reason, hint."""

    file: str
    pointer: str
    reason: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}#{self.pointer}" if self.pointer else self.file
        return f"{place}: {self.reason}" + (f"\n    hint: {self.hint}" if self.hint else "")


class ProjectError(Exception):
    """The project cannot be loaded; `faults` lists every mistake found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


class SettingError(ProjectError):
    """Settings are unknown, malformed or, in production, missing or weak."""


#: The most faults of rows that one error lists; checking stops there.
MAX_FAULTS = 1000


def violation(faults: Sequence[dict[str, Any]], table: str) -> RequestError:
    """Return the error of a row that violates its JSON Schema.

    `faults` are the entries {pointer, keyword, message} of the error's details.
    """
    return RequestError(
        "23514",
        f'new row for relation "{table}" violates its JSON Schema',
        details=list(faults[:MAX_FAULTS]),
        hint="Each entry of details names the place (JSON pointer) and the keyword that failed."
        + (f" There are more than these {MAX_FAULTS}." if len(faults) > MAX_FAULTS else ""),
    )
