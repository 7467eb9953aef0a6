"""Parsing a batch's body: a list of ordinary requests, each validated before any of them runs.

In charge of the format of an operation (docs/batch.md), and of references to earlier operations.
Must not know tables or SQL; `query.response.batch` runs the operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jotbase.errors import JotError, RequestError
from jotbase.query.request.body import check_count, read_exact_json
from jotbase.query.request.grammar import PREFIX, SCHEMA
from jotbase.query.request.media import (
    parse_accept,
    parse_content_type,
    unaccepted_body,
    unavailable,
)
from jotbase.query.request.preferences import parse_preferences
from jotbase.query.request.references import (
    NAME,
    Reference,
    find_references,
    may_hold_reference,
    misplaced_reference,
    reference_of,
)
from jotbase.query.request.shape import decoded
from jotbase.schema.values.nesting import check_nesting
from jotbase.values import Request

#: The most characters of all paths of a batch together: as long as one request line may be.
PATHS = 65_536
#: The headers that an operation may have; credentials are those of the batch's own request.
HEADERS = frozenset(
    ("accept", "accept-profile", "content-profile", "content-type", "prefer", "range", "range-unit")
)
_CREDENTIALS = frozenset(("authorization", "apikey", "cookie", "dpop"))
_MEMBERS = frozenset(("method", "path", "headers", "body", "as"))
#: The HTTP methods of operations.
METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
_WITH_BODY = ("POST", "PATCH", "PUT")


@dataclass(frozen=True, slots=True)
class Operation:
    """One of a batch's requests, its body as JSON value.

    `references` are those in the body; `marked` says that the body has references or literals to be
    replaced.
    """

    index: int
    name: str | None
    request: Request
    body: Any
    references: tuple[Reference, ...]
    marked: bool


class OperationError(RequestError):
    """An error in one operation of a batch, with its index (from 0)."""

    def __init__(self, error: JotError, operation: int) -> None:
        super().__init__(
            error.code,
            error.message,
            details=error.details,
            hint=error.hint,
            status=error.status,
        )
        self.operation = operation


class OperationErrors:
    """A context manager that adds the operation's index to every JotError raised in it."""

    def __init__(self, operation: int) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        """Raise a JotError that leaves the block as OperationError."""
        if isinstance(error, JotError) and not isinstance(error, OperationError):
            raise OperationError(error, self._operation) from error


def read_operations(request: Request, most: int) -> tuple[Operation, ...]:
    """Parse the operations of a batch, at most `most`.

    Raises RequestError: PGRST102 and 22023 for a malformed body, 53400 for too many operations,
    PGRST106, PGRST107 and PGRST122 for headers; as OperationError where one operation is at fault.
    """
    transaction = _transaction(request.headers)
    value = read_exact_json(request.body)
    if not isinstance(value, list):
        raise _malformed("A batch is a JSON array of operations")
    if len(value) > most:
        raise RequestError(
            "53400",
            "The batch has too many operations",
            details=f"The limit is {most} operations.",
            hint="Send them in several batches, or raise JOTBASE_MAX_OPERATIONS.",
        )
    _check_sizes(value)
    found: list[Operation] = []
    names: set[str] = set()
    for index, one in enumerate(value):
        with OperationErrors(index):
            found.append(_operation(index, one, transaction))
            _take_name(found[-1].name, names)
    return tuple(found)


def _transaction(headers: Mapping[str, str]) -> str:
    """Return the preference `tx=…` of the whole batch, "" without one."""
    if parse_content_type(headers.get("content-type", "")) != "json":
        raise unaccepted_body(headers["content-type"])
    profile = headers.get("content-profile", "")
    if profile not in ("", SCHEMA):
        raise RequestError(
            "PGRST106",
            f"Invalid schema: {profile}",
            hint=f"Only the following schemas are exposed: {SCHEMA}",
        )
    accept = headers.get("accept", "")
    if parse_accept(accept).kind not in ("json", "array"):
        raise unavailable(accept)
    tx = parse_preferences(headers.get("prefer", "")).tx
    return f"tx={tx}" if tx else ""


def _check_sizes(value: Sequence[Any]) -> None:
    """Check the batch as a whole against the limits of one request."""
    paths = 0
    rows = 0
    for one in value:
        if isinstance(one, dict):
            path, body = one.get("path"), one.get("body")
            paths += len(path) if isinstance(path, str) else 0
            rows += len(body) if isinstance(body, list) else 1
    check_count(rows)
    if paths > PATHS:
        raise RequestError(
            "53400",
            "The paths of the batch are too long",
            details=f"The limit is {PATHS} characters for all of them.",
        )


def _operation(index: int, value: Any, transaction: str) -> Operation:
    if not isinstance(value, dict):
        raise _malformed("An operation is a JSON object")
    unknown = sorted(value.keys() - _MEMBERS)
    if unknown:
        raise _malformed(
            f"An operation has no member {unknown[0][:80]!r}",
            hint=f"Its members are {', '.join(sorted(_MEMBERS))}.",
        )
    method = value.get("method")
    if method not in METHODS:
        raise _malformed(f"An operation's method is one of {', '.join(METHODS)}")
    path, query = _target(value.get("path"))
    headers = _headers(value.get("headers", {}), transaction)
    name = value.get("as")
    if name is not None and not (isinstance(name, str) and NAME.fullmatch(name)):
        raise _malformed(
            "An operation's name is at most 63 letters, digits, - and _, a letter first",
        )
    body = value.get("body")
    if "body" in value and method not in _WITH_BODY:
        raise _malformed(f"A {method} has no body")
    found = _marks(body)
    references = tuple([one for mark in found if (one := reference_of(mark)) is not None])
    request = Request(method, path, query, headers)
    return Operation(index, name, request, body, references, bool(found))


def _target(value: Any) -> tuple[str, str]:
    if not isinstance(value, str) or not value:
        raise _malformed("An operation's path is a text such as jobs?id=eq.1")
    path, _, query = value.removeprefix("/").partition("?")
    if "#" in value or "//" in path or path.startswith("/") or ":" in path:
        raise _malformed(
            "An operation's path is relative to the data API", hint="Such as jobs?id=eq.1."
        )
    if may_hold_reference(decoded(path)):
        raise misplaced_reference(decoded(path))
    return f"{PREFIX}/{path}", query


def _headers(value: Any, transaction: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise _malformed("An operation's headers are an object of texts")
    headers: dict[str, str] = {}
    for written, text in value.items():
        name = written.lower()
        if name in _CREDENTIALS:
            raise _malformed(
                f"An operation must not bring the header {written[:80]!r}",
                hint="All operations of a batch are those of its one caller.",
            )
        if name not in HEADERS:
            raise _malformed(
                f"An operation does not take the header {written[:80]!r}",
                hint=f"It takes {', '.join(sorted(HEADERS))}.",
            )
        if name in headers:
            raise _malformed(f"An operation gives the header {written[:80]!r} twice")
        headers[name] = text
    if parse_content_type(headers.get("content-type", "")) != "json":
        raise RequestError("PGRST102", "An operation's body is JSON")
    prefer = headers.get("prefer", "")
    if parse_preferences(prefer).tx is not None:
        raise _malformed(
            "An operation cannot end the batch's transaction",
            hint="Put Prefer: tx=… on the request that carries the batch.",
        )
    if transaction:
        headers["prefer"] = f"{prefer}, {transaction}" if prefer else transaction
    return headers


def _marks(body: Any) -> list[dict[str, Any]]:
    """Return the objects in a body that are references or literals: values, never whole rows."""
    if not isinstance(body, dict | list):
        return []
    check_nesting(body)
    for row in body if isinstance(body, list) else [body]:
        if isinstance(row, dict) and row.keys() in ({"$ref"}, {"$literal"}):
            raise misplaced_reference(next(iter(row)))
    return list(find_references(body))


def _take_name(name: str | None, names: set[str]) -> None:
    if name is None:
        return
    if name in names:
        raise _malformed(f"Two operations are called {name!r}")
    names.add(name)


def _malformed(message: str, hint: str | None = None) -> RequestError:
    return RequestError("PGRST102", message, hint=hint)
