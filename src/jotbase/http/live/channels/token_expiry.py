"""The timer that ends a channel or event stream at the moment at which its token expires.

In charge of setting the timer again with each new principal. Must not know what is ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from jotbase.auth.tokens.tokens import has_expired, last_moment
from jotbase.http.edge.clock import WallClock
from jotbase.values import Principal

#: The longest timer in seconds; for a later expiry it is set again when it ends.
_LONGEST_TIMER = 86_400.0


class TokenExpiry:
    """Calls `expired` once the token of the principal that was watched last has expired."""

    def __init__(self, now: WallClock, expired: Callable[[], None]) -> None:
        self._now = now
        self._expired = expired
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, principal: Principal) -> None:
        """Watch this principal's token instead of the previous one."""
        self.cancel()
        at = last_moment(principal)
        if at is not None:
            delay = min(max(at - self._now(), 0.0), _LONGEST_TIMER)
            self._timer = asyncio.get_running_loop().call_later(delay, self._check, principal)

    def cancel(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self, principal: Principal) -> None:
        # The wall clock may have been set back while the timer ran.
        if has_expired(principal, self._now()):
            self._expired()
        else:
            self.watch(principal)
