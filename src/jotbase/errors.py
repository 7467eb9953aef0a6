"""The exception hierarchy: what an error carries, whatever the protocol that reports it.

In charge of what an error carries in every protocol: code, HTTP status, message, details, hint.
Must not know how a protocol serializes it (PostgREST: `query.response`, GoTrue: `http.accounts`,
Phoenix: `realtime`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from jotbase.error_codes import CODES
from jotbase.records import dataclass

Refused = TypeVar("Refused", bound="JotError")


class JotError(Exception):
    """Base of all errors that a response reports.

    `code` and `status` are those of the protocol of the response; `details` and `hint` may be None.
    `headers` are added to the response's.
    """

    headers: tuple[tuple[str, str], ...] = ()
    #: The table whose row the database refused; it may be another than the one that is written.
    relation: str | None = None

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


def of_relation(error: Refused, relation: str | None) -> Refused:
    """Return the refusal, which is that of a row of this table."""
    error.relation = relation
    return error


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


class HookTimeout(JotError):
    """The hooks before a write took longer than they may; nothing was written."""

    def __init__(self, limit_ms: int) -> None:
        super().__init__(
            "25P04",
            "terminating transaction due to transaction timeout",
            details=f"The limit of hooks before a write is {limit_ms} ms.",
            hint="Do what takes long after the commit, or raise JOTBASE_BEFORE_TIMEOUT.",
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
