"""The values that every room shares: caller, request, response, change of a row.

In charge of the types that cross from one room to another.
Must not know where the values come from (sockets, databases) or how they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal, Protocol

from jotbase.records import dataclass

#: A row of user data: column name to JSON value.
Row = dict[str, Any]

ANON = "anon"
AUTHENTICATED = "authenticated"
SERVICE = "service_role"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller, as the verified token describes it.

    `claims` is the token's whole payload. `expires_at` is in epoch seconds, None for an API key,
    which does not expire.
    """

    role: str
    id: str | None = None
    email: str | None = None
    session_id: str | None = None
    expires_at: float | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_service(self) -> bool:
        """Whether the caller has the service role, which bypasses all access rules."""
        return self.role == SERVICE

    @property
    def roles(self) -> tuple[str, ...]:
        """The strings of the claim `app_metadata.roles`, () when it is absent or no array.

        Only the service role can write `app_metadata`, so that users cannot grant themselves roles.
        """
        metadata = self.claims.get("app_metadata")
        roles = metadata.get("roles") if isinstance(metadata, Mapping) else None
        if not isinstance(roles, list):
            return ()
        return tuple(role for role in roles if isinstance(role, str))


ANONYMOUS = Principal(role=ANON)
SERVICE_PRINCIPAL = Principal(role=SERVICE)


def never_disconnected() -> bool:
    """Return False: the default of `Request.gone`, for requests that come over no connection."""
    return False


def never_ended() -> None:
    """Return None: the default of what may end a call before its time."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: path and query undecoded, header names in lower case.

    `headers` joins repeated lines with ", " (RFC 9110 section 5.3). `gone` returns whether the
    client has disconnected. `client` is the client's address where rate limits need it, else "".
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    gone: Callable[[], bool] = field(default=never_disconnected, compare=False, repr=False)
    client: str = ""


class SpooledBody(Protocol):
    """The body of an answer that is too large for memory; of one owner, who closes it."""

    size: int

    def read(self, start: int, length: int) -> bytes:
        """Return so many bytes from there on, fewer at the end."""

    def close(self) -> None:
        """Let go of it; a second call does nothing."""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; `headers` in the order in which they are sent.

    A large body is `spooled`, and `body` is empty then.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    spooled: SpooledBody | None = None

    @property
    def size(self) -> int:
        """How many bytes the body has."""
        return len(self.body) if self.spooled is None else self.spooled.size

    def content(self) -> bytes:
        """Return the whole body, in memory."""
        spooled = self.spooled
        return self.body if spooled is None else spooled.read(0, spooled.size)

    def header(self, name: str) -> str | None:
        """Return the value of the first header of that name (case-insensitive), or None."""
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


ChangeKind = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change of one row, as the change log holds it.

    `number` increases with the order of commits in one database. `old` is the row before the change
    (None for an INSERT), `new` the row after it (None for a DELETE). `committed_at` is RFC 3339 in
    UTC. `transaction` has the first and the last number of its transaction, None where it is the
    only change.
    """

    number: int
    table: str
    kind: ChangeKind
    old: Row | None
    new: Row | None
    committed_at: str
    transaction: tuple[int, int] | None = None

    @property
    def first(self) -> int:
        """The number of the first change of its transaction."""
        return self.number if self.transaction is None else self.transaction[0]

    @property
    def last(self) -> int:
        """The number of the last change of its transaction."""
        return self.number if self.transaction is None else self.transaction[1]
