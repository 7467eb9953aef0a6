"""The nouns that every room shares: who asks, what is asked, what is answered, what changed.

In charge of the shape of the values that cross from one room to another.
Must not know where they come from (sockets, databases) or what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: A row of user data: column name to JSON value.
Row = dict[str, Any]

ANON = "anon"
AUTHENTICATED = "authenticated"
SERVICE = "service_role"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, as the checked token says; `claims` is the token's whole payload.

    `expires_at` is in epoch seconds, None for keys that do not expire.
    """

    role: str
    id: str | None = None
    email: str | None = None
    session_id: str | None = None
    expires_at: float | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_service(self) -> bool:
        """Whether the caller passes all access rules."""
        return self.role == SERVICE

    @property
    def roles(self) -> tuple[str, ...]:
        """`app_metadata.roles`, which only the service role can set; () when absent or odd."""
        metadata = self.claims.get("app_metadata")
        roles = metadata.get("roles") if isinstance(metadata, Mapping) else None
        if not isinstance(roles, list):
            return ()
        return tuple(role for role in roles if isinstance(role, str))


ANONYMOUS = Principal(role=ANON)
SERVICE_PRINCIPAL = Principal(role=SERVICE)


def waits() -> bool:
    """Say that a request's sender is not gone: where nobody can tell, it waits."""
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: path and query undecoded, header names in lower case.

    `headers` joins repeated lines with ", " (RFC 9110 section 5.3). `gone` says whether its sender
    waits no more for an answer. `client` is the address that asks, where somebody needs it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    gone: Callable[[], bool] = field(default=waits, compare=False, repr=False)
    client: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer; `headers` in the order they are sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case, or None."""
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


ChangeKind = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change of one row; `number` orders all changes of a database.

    `old` is None for an INSERT, `new` for a DELETE. `committed_at` is RFC 3339 in UTC.
    """

    number: int
    table: str
    kind: ChangeKind
    old: Row | None
    new: Row | None
    committed_at: str
