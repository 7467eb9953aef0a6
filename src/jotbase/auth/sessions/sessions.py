"""Sessions and the rotation of their refresh tokens.

In charge of what a refresh does to a session, as one table (`TRANSITIONS`, shown in
docs/reference/sessions.md). Must not know the database, users or HTTP; the time and the stored
session come as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal

from jotbase.auth.sessions.refresh_tokens import RefreshToken, is_genuine, issue
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import epoch, sent, timestamp
from jotbase.errors import AuthError


@dataclass(frozen=True, slots=True)
class Session:
    """One row of `auth.sessions`; times are RFC 3339 text.

    `refresh_counter` is the counter of the current refresh token; `amr` holds the entries
    {method, timestamp} of the authentication methods, the most recent first.
    """

    id: str
    user_id: str
    created_at: str
    updated_at: str
    refresh_key: bytes = field(repr=False)
    refresh_counter: int = 0
    refreshed_at: str | None = None
    not_after: str | None = None
    aal: str = "aal1"
    amr: tuple[dict[str, Any], ...] = ()
    factor_id: str | None = None
    user_agent: str | None = None
    ip: str | None = None
    tag: str | None = None


class Situation(Enum):
    """How a presented refresh token relates to its session."""

    FORGED = "forged"
    EXPIRED = "expired"
    NUMBER_AHEAD = "number ahead"
    CURRENT = "current"
    PREDECESSOR = "predecessor"
    RECENT = "recent"
    REUSED = "reused"


@dataclass(frozen=True, slots=True)
class Transition:
    """What follows from a situation: the session advances, stays or ends; a token or an error.

    `when` describes the situation in the documentation; `token_given` is None with an error.
    """

    when: str
    session: Literal["advances", "stays", "ends"]
    token_given: Literal["next", "current"] | None = None
    code: str | None = None
    message: str = ""


#: The transitions in the order in which their situations are tested; the first that applies wins.
TRANSITIONS: dict[Situation, Transition] = {
    Situation.FORGED: Transition(
        "The token was not signed with the session's key.",
        "stays",
        code="refresh_token_not_found",
        message="Invalid Refresh Token: Refresh Token Not Found",
    ),
    Situation.EXPIRED: Transition(
        "The session is past `not_after`, its time box or its longest inactivity.",
        "stays",
        code="session_expired",
        message="Invalid Refresh Token: Session Expired",
    ),
    Situation.NUMBER_AHEAD: Transition(
        "The token's counter is greater than the session's.",
        "stays",
        code="validation_failed",
        message="Invalid Refresh Token: Counter Ahead of the Session",
    ),
    Situation.CURRENT: Transition("It is the session's current token.", "advances", "next"),
    Situation.PREDECESSOR: Transition(
        "It is the token just before the current one: the client lost the last response.",
        "stays",
        "current",
    ),
    Situation.RECENT: Transition(
        "It is older, but the last refresh lies within the reuse interval.", "stays", "current"
    ),
    Situation.REUSED: Transition(
        "It is older: a copy of the token is in use.",
        "ends",
        code="refresh_token_already_used",
        message="Invalid Refresh Token: Already Used",
    ),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a refresh: the session to store (None: delete it), and a token or an error."""

    situation: Situation
    session: Session | None
    token: str | None = None
    error: AuthError | None = None


def situation(session: Session, token: RefreshToken, now: float, policy: AuthPolicy) -> Situation:
    """Return how the token relates to the session at the time `now`, in epoch seconds."""
    behind = session.refresh_counter - token.counter
    if not is_genuine(token, session.refresh_key):
        return Situation.FORGED
    if is_expired(session, now, policy):
        return Situation.EXPIRED
    if behind < 0:
        return Situation.NUMBER_AHEAD
    if behind < 2:
        return (Situation.CURRENT, Situation.PREDECESSOR)[behind]
    recent = now - _last_used(session) <= policy.reuse_interval
    return Situation.RECENT if recent else Situation.REUSED


def is_expired(session: Session, now: float, policy: AuthPolicy) -> bool:
    """Whether the session has reached `not_after`, its time box or its longest inactivity."""
    ends = [
        None if session.not_after in (None, "infinity") else epoch(session.not_after),
        _after(epoch(session.created_at), policy.session_time_box),
        _after(_last_used(session), policy.session_inactivity),
    ]
    return any(end is not None and now >= end for end in ends)


def _after(start: float, seconds: int | None) -> float | None:
    return None if seconds is None else start + seconds


def _last_used(session: Session) -> float:
    return epoch(session.refreshed_at or session.created_at)


def refresh(session: Session, token: RefreshToken, now: float, policy: AuthPolicy) -> Outcome:
    """Return the outcome of a refresh with this token.

    The caller must commit an outcome with an error and without a session: the session ends.
    """
    case = situation(session, token, now, policy)
    rule = TRANSITIONS[case]
    after: Session | None = session
    if rule.session == "ends":
        after = None
    elif rule.session == "advances":
        moment = timestamp(now)
        after = replace(
            session,
            refresh_counter=session.refresh_counter + 1,
            refreshed_at=moment,
            updated_at=moment,
        )
    if after is None or rule.token_given is None:
        return Outcome(case, after, error=AuthError(400, rule.code or "", rule.message))
    return Outcome(case, after, current_token(after))


def current_token(session: Session) -> str:
    """Return the session's current refresh token."""
    return issue(session.id, session.refresh_counter, session.refresh_key)


#: The times of a session that its JSON contains when they are set.
_TIMES = ("created_at", "updated_at", "refreshed_at", "not_after")


def session_row_json(session: Session) -> dict[str, Any]:
    """Return what the service role sees of a session: nothing that opens it."""
    body: dict[str, Any] = {"id": session.id, "user_id": session.user_id, "aal": session.aal}
    body |= {"amr": list(session.amr), "user_agent": session.user_agent, "ip": session.ip}
    return body | {
        name: sent(time) for name in _TIMES if (time := getattr(session, name)) is not None
    }
