"""A log of requested mails and failed codes by address (table `auth.mail_ledger`).

In charge of the interval between two mails and of the number of failed codes for an address. It is
written for every address, with or without a user, so that neither a response nor its timing
discloses whether an account exists. Rows hold a hash of the address. Must not know users or the
content of a mail.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import epoch, is_in_future, timestamp
from jotbase.errors import AuthError
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, sql
from jotbase.sql.units import UnitOfWork

#: The window of `AuthPolicy.mail_rate`, in seconds.
HOUR = 3600

#: Failed codes for an address and slot after which a new mail is needed.
MAX_FAILED_CODES = 5


def record_mail_request(
    dialect: Dialect, policy: AuthPolicy, now: float, slot: str, email: str
) -> UnitOfWork[None]:
    """Record the request of a mail.

    Raises AuthError (over_email_send_rate_limit, 429) within `mail_spacing` of the last request for
    this address and slot, or when the project has sent `mail_rate` mails in this hour.
    """
    sent = yield _row(dialect, _hour(now))
    if sent and int(sent[0][1]) >= policy.mail_rate:
        raise AuthError(
            429,
            "over_email_send_rate_limit",
            "email rate limit exceeded",
            extra={"retry_after": math.ceil(HOUR - now % HOUR)},
        )
    rows = yield _row(dialect, _key(slot, email))
    wait = epoch(rows[0][0]) + policy.mail_spacing - now if rows else 0.0
    if wait > 0:
        raise AuthError(
            429,
            "over_email_send_rate_limit",
            f"For security purposes, you can only request this after {math.ceil(wait)} seconds.",
            extra={"retry_after": math.ceil(wait)},
        )
    yield _prune(dialect, now - max(policy.mail_spacing, policy.otp_expiry, HOUR))
    yield _count_up(dialect, _key(slot, email), now)


def record_mail_sent(dialect: Dialect, now: float) -> UnitOfWork[None]:
    """Count a mail for the project's `mail_rate`."""
    yield _count_up(dialect, _hour(now), now)


def locked_slots(
    dialect: Dialect, policy: AuthPolicy, now: float, slots: Iterable[str], email: str
) -> UnitOfWork[frozenset[str]]:
    """Read for which of these slots the address has reached `MAX_FAILED_CODES`."""
    locked = set()
    for slot in slots:
        rows = yield _row(dialect, _code_key(slot, email))
        recent = bool(rows) and is_in_future(rows[0][0], now - policy.otp_expiry)
        if recent and int(rows[0][1]) >= MAX_FAILED_CODES:
            locked.add(slot)
    return frozenset(locked)


def record_failed_code(
    dialect: Dialect, now: float, slots: Iterable[str], email: str
) -> UnitOfWork[None]:
    """Count a failed code for each of the slots that it could belong to."""
    for slot in slots:
        yield _count_up(dialect, _code_key(slot, email), now)


def reset_failed_codes(dialect: Dialect, slots: Iterable[str], email: str) -> UnitOfWork[None]:
    """Delete the counts of failed codes: a code was right, or a new one has been issued."""
    for slot in slots:
        key = bound(_code_key(slot, email))
        yield "DELETE FROM " + _table(dialect) + ' WHERE "key" = ' + key


def _code_key(slot: str, email: str) -> str:
    return _key(f"code {slot}", email)


def _key(kind: str, email: str) -> str:
    return hashlib.sha256(f"{kind}\n{email}".encode()).hexdigest()


def _hour(now: float) -> str:
    return _key("sent", str(int(now // HOUR)))


def _table(dialect: Dialect) -> Fragment:
    return sql(dialect.identifier("auth.mail_ledger"))


def _row(dialect: Dialect, key: str) -> Fragment:
    return 'SELECT "at", "count" FROM ' + _table(dialect) + ' WHERE "key" = ' + bound(key)


def _count_up(dialect: Dialect, key: str, now: float) -> Fragment:
    values = bound(key) + ", " + bound(timestamp(now)) + ", 1"
    return (
        "INSERT INTO " + _table(dialect) + ' AS entry ("key", "at", "count") VALUES (' + values
    ) + ') ON CONFLICT ("key") DO UPDATE SET "at" = excluded."at", "count" = entry."count" + 1'


def _prune(dialect: Dialect, before: float) -> Fragment:
    return "DELETE FROM " + _table(dialect) + ' WHERE "at" < ' + bound(timestamp(before))
