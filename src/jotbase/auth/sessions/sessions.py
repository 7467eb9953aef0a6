"""Sessions and their refresh tokens: what becomes of a session when a token is brought back.

In charge of rotation, as one table (`TRANSITIONS`); docs/reference/sessions.md shows it. Must not
know the database, users or HTTP; the time and the session as stored come as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal

from jotbase.auth.sessions.refresh_tokens import RefreshToken, is_genuine, issue
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import epoch, timestamp
from jotbase.errors import AuthError


@dataclass(frozen=True, slots=True)
class Session:
    """One row of `auth.sessions`; times are RFC 3339 text.

    `refresh_counter` is the number of the current refresh token; `amr` holds {method, timestamp}
    entries, the most recent first.
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
    """How a refresh token that was brought back stands to its session."""

    FORGED = "forged"
    OVER = "over"
    AHEAD = "ahead"
    CURRENT = "current"
    PREDECESSOR = "predecessor"
    RECENT = "recent"
    REUSED = "reused"


@dataclass(frozen=True, slots=True)
class Transition:
    """What follows from a situation: the session's fate, the token given, or the error."""

    when: str
    session: Literal["advances", "stays", "ends"]
    gives: Literal["next", "current"] | None = None
    code: str | None = None
    message: str = ""


#: The rules in the order in which they are asked; the first that holds decides.
TRANSITIONS: dict[Situation, Transition] = {
    Situation.FORGED: Transition(
        "The token was not signed with the session's key.",
        "stays",
        code="refresh_token_not_found",
        message="Invalid Refresh Token: Refresh Token Not Found",
    ),
    Situation.OVER: Transition(
        "The session has outlived `not_after`, its time box or its longest idle time.",
        "stays",
        code="session_expired",
        message="Invalid Refresh Token: Session Expired",
    ),
    Situation.AHEAD: Transition(
        "The token's number lies above the session's.",
        "stays",
        code="validation_failed",
        message="Invalid Refresh Token: Counter Ahead of the Session",
    ),
    Situation.CURRENT: Transition("It is the session's current token.", "advances", "next"),
    Situation.PREDECESSOR: Transition(
        "It is the token just before the current one: the answer was lost on its way.",
        "stays",
        "current",
    ),
    Situation.RECENT: Transition(
        "It is older, but the last refresh lies within the reuse interval.", "stays", "current"
    ),
    Situation.REUSED: Transition(
        "It is older: somebody kept a copy.",
        "ends",
        code="refresh_token_already_used",
        message="Invalid Refresh Token: Already Used",
    ),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh comes to: the session to store (None: delete it), and a token or an error."""

    situation: Situation
    session: Session | None
    token: str | None = None
    error: AuthError | None = None


def situation(session: Session, token: RefreshToken, now: float, policy: AuthPolicy) -> Situation:
    """Return how the token stands to the session at this time."""
    behind = session.refresh_counter - token.counter
    if not is_genuine(token, session.refresh_key):
        return Situation.FORGED
    if is_over(session, now, policy):
        return Situation.OVER
    if behind < 0:
        return Situation.AHEAD
    if behind < 2:
        return (Situation.CURRENT, Situation.PREDECESSOR)[behind]
    recent = now - _last_used(session) <= policy.reuse_interval
    return Situation.RECENT if recent else Situation.REUSED


def is_over(session: Session, now: float, policy: AuthPolicy) -> bool:
    """Whether one of the session's limits is reached."""
    ends = [
        None if session.not_after is None else epoch(session.not_after),
        _after(epoch(session.created_at), policy.session_time_box),
        _after(_last_used(session), policy.session_inactivity),
    ]
    return any(end is not None and now >= end for end in ends)


def _after(start: float, seconds: int | None) -> float | None:
    return None if seconds is None else start + seconds


def _last_used(session: Session) -> float:
    return epoch(session.refreshed_at or session.created_at)


def refresh(session: Session, token: RefreshToken, now: float, policy: AuthPolicy) -> Outcome:
    """Return what a refresh with this token comes to.

    An outcome with an error and without a session must still be committed: the session ends.
    """
    case = situation(session, token, now, policy)
    rule = TRANSITIONS[case]
    kept: Session | None = session
    if rule.session == "ends":
        kept = None
    elif rule.session == "advances":
        moment = timestamp(now)
        kept = replace(
            session,
            refresh_counter=session.refresh_counter + 1,
            refreshed_at=moment,
            updated_at=moment,
        )
    if kept is None or rule.gives is None:
        return Outcome(case, kept, error=AuthError(400, rule.code or "", rule.message))
    return Outcome(case, kept, current_token(kept))


def current_token(session: Session) -> str:
    """Return the session's current refresh token."""
    return issue(session.id, session.refresh_counter, session.refresh_key)
