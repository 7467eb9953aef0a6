"""How often one may guess, and ask for mails: by client, by account, and by both together.

In charge of the figures and of counting. What is wrong is counted, so that whoever is right is
limited by wrong guesses alone; a bounded memory of the process holds the counts. Must not know
requests, the database, or whether a guess is right. Decision 58.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from jotbase.errors import AuthError


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and as many again spread over so many seconds."""

    count: int
    seconds: float


#: Wrong passwords for one account by one client.
PASSWORDS = Rate(10, 300)
#: Wrong passwords for one account by all clients that were not signed in to it before.
PASSWORDS_OF_ACCOUNT = Rate(100, 3600)
#: Wrong passwords by one client, for whatever accounts.
PASSWORDS_OF_CLIENT = Rate(100, 300)
#: Wrong codes by one client, for whatever addresses.
CODES_OF_CLIENT = Rate(30, 300)
#: Counts that are kept; the one that was used longest ago goes first.
CAPACITY = 65_536
#: The most of `JOTBASE_MAIL_RATE` that one client may ask for.
LARGEST_SHARE = 0.8

_HOUR = 3600.0


class TokenBuckets:
    """Token buckets by key: each holds `rate.count`, and fills up again in `rate.seconds`."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._used: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._used)

    def wait(self, key: Hashable, rate: Rate, now: float) -> float:
        """Return after how many seconds there is one to take, 0 when there is."""
        missing = self._level(key, rate, now) + 1 - rate.count
        return max(0.0, missing * rate.seconds / rate.count)

    def take(self, key: Hashable, rate: Rate, now: float) -> None:
        """Take one, whether or not there is one."""
        self._put(key, min(self._level(key, rate, now) + 1, rate.count), now)

    def give_back(self, key: Hashable, rate: Rate, now: float) -> None:
        """Undo a `take`."""
        self._put(key, max(self._level(key, rate, now) - 1, 0.0), now)

    def forget(self, key: Hashable) -> None:
        """Let the key have all again."""
        self._used.pop(key, None)

    def _level(self, key: Hashable, rate: Rate, now: float) -> float:
        used, at = self._used.get(key, (0.0, now))
        return max(0.0, used - max(0.0, now - at) * rate.count / rate.seconds)

    def _put(self, key: Hashable, used: float, now: float) -> None:
        self._used[key] = (used, now)
        self._used.move_to_end(key)
        if len(self._used) > self._capacity:
            self._used.popitem(last=False)


class AuthRateLimits:
    """The counts of one process. `mails` is what one client may ask for in an hour."""

    def __init__(self, mails: int = 50, mail_rate: int = 500) -> None:
        self._mails = Rate(min(mails, max(1, math.ceil(mail_rate * LARGEST_SHARE))), _HOUR)
        self._buckets = TokenBuckets()
        self._known: OrderedDict[int, None] = OrderedDict()

    def check_password(self, account: str, client: str, now: float) -> None:
        """Raise AuthError (over_request_rate_limit, 429) where no further guess is looked at."""
        waits = [
            self._buckets.wait(key, rate, now) for key, rate in self._passwords(account, client)
        ]
        if any(waits):
            raise _too_many(max(waits))

    def wrong_password(self, account: str, client: str, now: float) -> None:
        """Count a wrong password."""
        for key, rate in self._passwords(account, client):
            self._buckets.take(key, rate, now)

    def right_password(self, account: str, client: str) -> None:
        """Take the client for the account's owner: a stranger's guesses no longer limit it."""
        both = hash(("both", account, client))
        self._buckets.forget(both)
        self._known[both] = None
        self._known.move_to_end(both)
        if len(self._known) > CAPACITY:
            self._known.popitem(last=False)

    def _passwords(self, account: str, client: str) -> list[tuple[int, Rate]]:
        # Addresses may be long: 64 bits of each key are kept, by the process's own secret hash.
        both = hash(("both", account, client))
        keys = [(both, PASSWORDS), (hash(("passwords", client)), PASSWORDS_OF_CLIENT)]
        if both not in self._known:
            keys.append((hash(("account", account)), PASSWORDS_OF_ACCOUNT))
        return keys

    def take_code(self, client: str, now: float) -> None:
        """Count a code before it is looked at. Raises AuthError (over_request_rate_limit, 429)."""
        wait = self._buckets.wait(("codes", client), CODES_OF_CLIENT, now)
        if wait:
            raise _too_many(wait)
        self._buckets.take(("codes", client), CODES_OF_CLIENT, now)

    def right_code(self, client: str, now: float) -> None:
        """Uncount it: it was right."""
        self._buckets.give_back(("codes", client), CODES_OF_CLIENT, now)

    def take_mail(self, client: str, now: float) -> None:
        """Count a mail asked for. Raises AuthError (over_email_send_rate_limit, 429)."""
        wait = self._buckets.wait(("mails", client), self._mails, now)
        if wait:
            raise AuthError(
                429,
                "over_email_send_rate_limit",
                "email rate limit exceeded",
                extra={"retry_after": math.ceil(wait)},
            )
        self._buckets.take(("mails", client), self._mails, now)

    def give_back_mail(self, client: str, now: float) -> None:
        """Uncount it: it was refused."""
        self._buckets.give_back(("mails", client), self._mails, now)


def _too_many(wait: float) -> AuthError:
    return AuthError(
        429,
        "over_request_rate_limit",
        "Request rate limit reached",
        extra={"retry_after": math.ceil(wait)},
    )
