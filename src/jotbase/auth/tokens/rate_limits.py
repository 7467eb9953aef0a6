"""Rate limits of passwords, codes and mails: by client, by account, and by both together.

In charge of the limits and of counting, in the process's bounded memory. Only failed attempts are
counted, so that a caller with the right password is not limited by its own successful requests.
Must not know requests, the database, or how an attempt is verified. Decision 58.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from jotbase.errors import AuthError


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket's parameters: `count` at once, refilled evenly within `seconds`."""

    count: int
    seconds: float


#: Failed passwords for one account from one client.
PASSWORDS = Rate(10, 300)
#: Failed passwords for one account from all clients that have not signed in to it before.
PASSWORDS_OF_ACCOUNT = Rate(100, 3600)
#: Failed passwords from one client, for all accounts.
PASSWORDS_OF_CLIENT = Rate(100, 300)
#: Failed codes from one client, for all addresses.
CODES_OF_CLIENT = Rate(30, 300)
#: The most buckets kept; the least recently used is dropped first.
CAPACITY = 65_536
#: The largest share of `JOTBASE_MAIL_RATE` that one client may use.
LARGEST_SHARE = 0.8

_HOUR = 3600.0


class TokenBuckets:
    """Token buckets by key; a bucket that was never used is full."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._used: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._used)

    def wait(self, key: Hashable, rate: Rate, now: float) -> float:
        """Return the seconds until a token is available, 0 when one is."""
        missing = self._level(key, rate, now) + 1 - rate.count
        return max(0.0, missing * rate.seconds / rate.count)

    def take(self, key: Hashable, rate: Rate, now: float) -> None:
        """Take a token; an empty bucket stays empty."""
        self._put(key, min(self._level(key, rate, now) + 1, rate.count), now)

    def give_back(self, key: Hashable, rate: Rate, now: float) -> None:
        """Return a token to the bucket, undoing a `take`."""
        self._put(key, max(self._level(key, rate, now) - 1, 0.0), now)

    def forget(self, key: Hashable) -> None:
        """Fill the key's bucket again."""
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
    """The rate limits of one process; `mails` is the most mails per hour and client."""

    def __init__(self, mails: int = 50, mail_rate: int = 500) -> None:
        self._mails = Rate(min(mails, max(1, math.ceil(mail_rate * LARGEST_SHARE))), _HOUR)
        self._buckets = TokenBuckets()
        self._known: OrderedDict[int, None] = OrderedDict()

    def check_password(self, account: str, client: str, now: float) -> None:
        """Raise AuthError (over_request_rate_limit, 429) when a limit of failures is reached."""
        waits = [
            self._buckets.wait(key, rate, now) for key, rate in self._passwords(account, client)
        ]
        if any(waits):
            raise _too_many(max(waits))

    def wrong_password(self, account: str, client: str, now: float) -> None:
        """Count a failed password."""
        for key, rate in self._passwords(account, client):
            self._buckets.take(key, rate, now)

    def right_password(self, account: str, client: str) -> None:
        """Remember the client as one of the account's owner, and reset its failures.

        From then on `PASSWORDS_OF_ACCOUNT`, which other clients can use up, does not apply to it.
        """
        both = hash(("both", account, client))
        self._buckets.forget(both)
        self._known[both] = None
        self._known.move_to_end(both)
        if len(self._known) > CAPACITY:
            self._known.popitem(last=False)

    def _passwords(self, account: str, client: str) -> list[tuple[int, Rate]]:
        # Addresses may be long: only a 64-bit hash with the process's random seed is kept.
        both = hash(("both", account, client))
        keys = [(both, PASSWORDS), (hash(("passwords", client)), PASSWORDS_OF_CLIENT)]
        if both not in self._known:
            keys.append((hash(("account", account)), PASSWORDS_OF_ACCOUNT))
        return keys

    def take_code(self, client: str, now: float) -> None:
        """Count a code before it is verified; `right_code` takes the count back.

        Raises AuthError (over_request_rate_limit, 429) when the limit is reached.
        """
        wait = self._buckets.wait(("codes", client), CODES_OF_CLIENT, now)
        if wait:
            raise _too_many(wait)
        self._buckets.take(("codes", client), CODES_OF_CLIENT, now)

    def right_code(self, client: str, now: float) -> None:
        """Take back the count of a code that was right."""
        self._buckets.give_back(("codes", client), CODES_OF_CLIENT, now)

    def take_mail(self, client: str, now: float) -> None:
        """Count a requested mail. Raises AuthError (over_email_send_rate_limit, 429)."""
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
        """Take back the count of a mail that was not sent."""
        self._buckets.give_back(("mails", client), self._mails, now)


def _too_many(wait: float) -> AuthError:
    return AuthError(
        429,
        "over_request_rate_limit",
        "Request rate limit reached",
        extra={"retry_after": math.ceil(wait)},
    )
