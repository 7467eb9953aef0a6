"""Errors of PostgreSQL and of asyncpg as JotErrors.

In charge of what a client may learn: what its request said, but neither a failing row, nor a
statement's text, nor a stored value of another row; these are logged. Must not use a connection.
Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import asyncpg

from jotbase.error_codes import CODES
from jotbase.errors import (
    ConflictError,
    JotError,
    OtherTable,
    RequestError,
    StatementTimeout,
    ViolatedKey,
    of_relation,
)

log = logging.getLogger(__name__)

#: `Key (company, title)=(acme, Baker) already exists.`
_KEY = re.compile(
    r"^Key \((?P<names>.*?)\)=\((?P<values>.*)\) (?P<rest>(?:already|is|conflicts).*)$"
)
_PARENT = re.compile(r'^update or delete on table "(?P<parent>.*?)" violates')

#: A unit that meets one of these may be run again from its start (13.5, "Serialization Failure").
SERIALIZATION = ("40001", "40P01")


class SerializationFailure(Exception):
    """A serialization failure or deadlock (40001, 40P01): the transaction may be run again."""


def is_serialization_failure(error: BaseException) -> bool:
    """Return whether the error is a serialization failure or deadlock: a retry may succeed."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return True
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in SERIALIZATION


def is_disconnect(error: BaseException) -> bool:
    """Return whether the connection has failed, not the statement."""
    if isinstance(error, asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError):
        return not isinstance(error, asyncpg.QueryCanceledError)
    if isinstance(error, asyncpg.InterfaceError):
        said = str(error)
        return "closed" in said or "terminated" in said
    return isinstance(error, ConnectionError | OSError)


def refusal(error: Exception, text: str, limit_ms: int) -> JotError:
    """Return the JotError for an exception of a statement; an unknown one is logged, not shown."""
    if isinstance(error, JotError):
        return error
    if isinstance(error, asyncpg.QueryCanceledError):
        return StatementTimeout(limit_ms)
    if is_disconnect(error):
        return disconnected(error)
    if isinstance(error, asyncpg.DataError) and error.sqlstate == "22000":
        return _unfit(error)
    if isinstance(error, asyncpg.PostgresError):
        make = _BY_CODE.get(error.sqlstate or "")
        if make is not None:
            return make(error)
        if (error.sqlstate or "")[:2] in ("22", "P0") or error.sqlstate in _TOLD:
            return _told(error)
    if isinstance(error, asyncpg.InterfaceError):  # the driver's own
        return RequestError("22P02", "a value cannot be read as the type that it stands for")
    if isinstance(error, UnicodeEncodeError):
        return RequestError("22P05", "text holds half a surrogate pair, which UTF-8 lacks")
    log.error("a statement failed: %s", text, exc_info=error)
    return JotError("PGRSTX00", "Something failed in the database.", hint="The log says more.")


def _unfit(error: asyncpg.DataError) -> JotError:
    """Return the error of a value that the driver cannot bind; its own message shows the value."""
    said = str(error)
    if "out of int" in said or "out of range" in said:
        return RequestError("22003", "value out of range for type bigint")
    if "surrogates" in said:
        return RequestError("22P05", "text holds half a surrogate pair, which UTF-8 lacks")
    return RequestError("42804", "a value does not fit the type that it stands for")


#: Codes whose messages name nothing but what the statement itself says.
_TOLD = frozenset(("2201B", "42883", "42846", "42804", "54001", "21000", "25006"))


def _said(error: asyncpg.PostgresError) -> str:
    """Return the error's message alone: `str` adds details, which may show values of other rows."""
    said = str(error.args[0]) if error.args else type(error).__name__
    # PostgreSQL 18 tells RESTRICT apart.
    return said.replace("violates RESTRICT setting of foreign key", "violates foreign key")


def _told(error: asyncpg.PostgresError) -> JotError:
    code = error.sqlstate or ""
    if code == "P0001":
        return RequestError("P0001", _said(error), status=400)
    known = code if code in CODES else "22023"
    return RequestError(known, _without_values(_said(error)))


#: `invalid input syntax for type bigint: "abc"`, `value "abc" is out of range for type integer`
_VALUE = re.compile(r'(: )?".*"', re.DOTALL)


def _without_values(message: str) -> str:
    """Return a message without the value that could not be converted.

    What a request says itself is converted before a statement is run; what fails in one may be
    stored, and be converted by a trigger or a computed column.
    """
    return _VALUE.sub(lambda found: "" if found[1] else '"…"', message)


def commit_refusal(error: Exception, limit_ms: int) -> JotError:
    """Return the refusal of a COMMIT, where deferred constraints are held: it tells no key, as
    nobody can say by then which of its values came with the request.
    """
    found = refusal(error, "COMMIT", limit_ms)
    kinds = {"23505": "a unique constraint", "23503": "a foreign key constraint"}
    if found.code not in kinds:
        return found
    return ConflictError(found.code, f"the write violates {kinds[found.code]}")


def _no_arbiter(error: asyncpg.PostgresError) -> JotError:
    if "ON CONFLICT" in _said(error):
        return RequestError("42P10", "a deferrable constraint cannot tell which row is met")
    log.error("a statement failed: %s", error)
    return JotError("PGRSTX00", "Something failed in the database.", hint="The log says more.")


def _not_null(error: asyncpg.PostgresError) -> JotError:
    lacking = RequestError(
        "23502",
        f'null value in column "{error.column_name}" of relation "{error.table_name}"'
        " violates not-null constraint",
    )
    return of_relation(lacking, error.table_name)


def _check(error: asyncpg.PostgresError) -> JotError:
    broken = RequestError(
        "23514",
        f'new row for relation "{error.table_name}" violates check constraint'
        f' "{error.constraint_name}"',
    )
    return of_relation(broken, error.table_name)


def _excluded(error: asyncpg.PostgresError) -> JotError:
    """Return the refusal by an exclusion constraint; its details show the other row's values."""
    said = f'conflicting key value violates exclusion constraint "{error.constraint_name}"'
    return of_relation(ConflictError("23P01", said), error.table_name)


def _unique(error: asyncpg.PostgresError) -> JotError:
    said = f'duplicate key value violates unique constraint "{error.constraint_name}"'
    key = _KEY.match(error.detail or "")
    found = of_relation(ConflictError("23505", said), error.table_name)
    if key is None:
        return found
    found.details = error.detail
    found.key = _broken_key(key, error.table_name or "")
    return found


def _foreign(error: asyncpg.PostgresError) -> JotError:
    """Return the error of a foreign key (23503), whichever side of it was written."""
    said = _said(error)
    detail = (error.detail or "").replace(" is referenced from", " is still referenced from")
    found = ConflictError("23503", said, details=detail or None)
    parent, key = _PARENT.match(said), _KEY.match(detail)
    found.relation = error.table_name if parent is None else parent["parent"]
    if key is None:
        return found
    redacted = f"Key {key['rest']}"
    if parent is None:
        at = re.search(r' in table "(.*)"\.$', detail)
        other = OtherTable(at[1], at[0], said) if at else None
        table = error.table_name or ""
    else:
        at = re.search(r' from table "(.*)"\.$', detail)
        table = parent["parent"]
        message = f'update or delete on table "{table}" violates a foreign key constraint'
        other = OtherTable(at[1], at[0], message) if at else None
    found.key = _broken_key(key, table, redacted, other)
    return found


def _broken_key(
    found: re.Match[str],
    table: str,
    redacted: str | None = None,
    other: OtherTable | None = None,
) -> ViolatedKey:
    """Return the key in the error's details, its values as PostgreSQL prints them, None if it has
    none that can be parsed.
    """
    names = tuple(name.strip('"') for name in found["names"].split(", "))
    values: tuple[str | None, ...] = (found["values"],)
    if len(names) > 1:
        values = tuple(found["values"].split(", "))
    if len(names) != len(values):
        values = (None,) * len(names)
    return ViolatedKey(table, names, values, redacted, other)


def disconnected(error: BaseException) -> JotError:
    """Return the error for a server that is unreachable or has closed the connection (08006)."""
    log.error("the database cannot be reached: %s: %s", type(error).__name__, error)
    made = JotError(
        "08006",
        "the connection to the database failed",
        hint="Nothing was changed. Try again; the log says more.",
    )
    made.headers = (("Retry-After", "1"),)
    return made


def outcome_unknown(error: BaseException) -> JotError:
    """Return the error of a commit that was not acknowledged (08007): it may be stored."""
    log.error("a commit was not answered: %s: %s", type(error).__name__, error)
    return JotError(
        "08007",
        "the connection to the database failed during COMMIT",
        hint="The write may be stored or not: look before it is made again.",
    )


def retries_exhausted() -> JotError:
    """Return the error of a unit of work whose retries all met a serialization failure (40001)."""
    return ConflictError(
        "40001",
        "could not serialize access due to concurrent update",
        hint="Others changed what the write had read before it ended; try again.",
        status=CODES["40001"].status,
    )


def pool_exhausted() -> JotError:
    """Return the error of a full queue for connections (53300)."""
    error = JotError(
        "53300",
        "too many requests wait for a connection to the database",
        hint="Try again later; JOTBASE_DATABASE_POOL sets how many connections there are.",
    )
    error.headers = (("Retry-After", "1"),)
    return error


def pool_timeout() -> JotError:
    """Return the error of a request that waited too long for a connection (PGRST003)."""
    error = JotError(
        "PGRST003",
        "Timed out acquiring connection from connection pool.",
        hint="Try again later; JOTBASE_DATABASE_POOL sets how many connections there are.",
    )
    error.headers = (("Retry-After", "1"),)
    return error


def _refuse(
    code: str, message: str, hint: str | None = None
) -> Callable[[asyncpg.PostgresError], JotError]:
    return lambda _: ConflictError(code, message, hint=hint, status=CODES[code].status)


def _disk(error: asyncpg.PostgresError) -> JotError:
    log.error("the disk of the database failed: %s", error)
    return ConflictError(
        "53100",
        "could not write to the database: no space left on device",
        hint="Nothing was written. Free some space.",
    )


_BY_CODE: dict[str, Callable[[asyncpg.PostgresError], JotError]] = {
    "23502": _not_null,
    "23514": _check,
    "23505": _unique,
    "23503": _foreign,
    "23P01": _excluded,
    "55000": _no_arbiter,
    "23001": _foreign,
    "40001": lambda _: retries_exhausted(),
    "40P01": lambda _: retries_exhausted(),
    "53100": _disk,
    "53300": lambda _: pool_exhausted(),
    "55P03": _refuse(
        "55P03",
        "could not obtain the lock on the database: another transaction holds it",
        "Try again; a transaction left open in another program is the usual cause.",
    ),
    "54000": _refuse("54000", "a value is larger than the database allows"),
}
