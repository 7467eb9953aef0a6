"""The ledger of mails asked for and codes tried, by address, whether or not anybody has it.

In charge of the pause between two mails and of how many wrong codes an address may take. Known and
unknown addresses leave the same lines, so neither an answer nor its timing tells them apart. Lines
hold a hash of the address. Must not know users or what a mail is for.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import epoch, timestamp
from jotbase.errors import AuthError
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, sql
from jotbase.sql.units import UnitOfWork

#: The stretch of time that `mail_rate` is counted over, in seconds.
HOUR = 3600

#: Wrong codes that an address may take, of one slot, before a new mail is needed.
TRIES = 5


def record_mail_request(
    dialect: Dialect, policy: AuthPolicy, now: float, slot: str, email: str
) -> UnitOfWork[None]:
    """Note that a mail is asked for.

    Raises AuthError (over_email_send_rate_limit, 429) too soon, or when too many went out.
    """
    sent = yield _line(dialect, _hour(now))
    if sent and int(sent[0][1]) >= policy.mail_rate:
        raise AuthError(
            429,
            "over_email_send_rate_limit",
            "email rate limit exceeded",
            extra={"retry_after": math.ceil(HOUR - now % HOUR)},
        )
    rows = yield _line(dialect, _key(slot, email))
    wait = epoch(rows[0][0]) + policy.mail_spacing - now if rows else 0.0
    if wait > 0:
        raise AuthError(
            429,
            "over_email_send_rate_limit",
            f"For security purposes, you can only request this after {math.ceil(wait)} seconds.",
            extra={"retry_after": math.ceil(wait)},
        )
    yield _pruned(dialect, now - max(policy.mail_spacing, policy.otp_expiry, HOUR))
    yield _noted(dialect, _key(slot, email), now)


def record_mail_sent(dialect: Dialect, now: float) -> UnitOfWork[None]:
    """Note that a mail goes out, for the whole project's rate."""
    yield _noted(dialect, _hour(now), now)


def locked_slots(
    dialect: Dialect, policy: AuthPolicy, now: float, slots: Iterable[str], email: str
) -> UnitOfWork[frozenset[str]]:
    """Read for which of these slots the address has taken all its wrong codes."""
    found = set()
    for slot in slots:
        rows = yield _line(dialect, _code_key(slot, email))
        recent = bool(rows) and now < epoch(rows[0][0]) + policy.otp_expiry
        if recent and int(rows[0][1]) >= TRIES:
            found.add(slot)
    return frozenset(found)


def record_failed_code(
    dialect: Dialect, now: float, slots: Iterable[str], email: str
) -> UnitOfWork[None]:
    """Note a wrong code, for every slot that it might have been of."""
    for slot in slots:
        yield _noted(dialect, _code_key(slot, email), now)


def reset_failed_codes(dialect: Dialect, slots: Iterable[str], email: str) -> UnitOfWork[None]:
    """Let the address be tried anew: a code was right, or a new one is on its way."""
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


def _line(dialect: Dialect, key: str) -> Fragment:
    return 'SELECT "at", "count" FROM ' + _table(dialect) + ' WHERE "key" = ' + bound(key)


def _noted(dialect: Dialect, key: str, now: float) -> Fragment:
    values = bound(key) + ", " + bound(timestamp(now)) + ", 1"
    return (
        "INSERT INTO " + _table(dialect) + ' AS line ("key", "at", "count") VALUES (' + values
    ) + ') ON CONFLICT ("key") DO UPDATE SET "at" = excluded."at", "count" = line."count" + 1'


def _pruned(dialect: Dialect, before: float) -> Fragment:
    return "DELETE FROM " + _table(dialect) + ' WHERE "at" < ' + bound(timestamp(before))
