"""The rows of a table, then its changes, as one stream that survives reconnects: for supabase-py.

In charge of reading, joining, and joining again where the last change was told. One file without
imports of others here, so that it can be copied into a client's project. Must not know the server.

    from jotbase.follow import follow
    async for change in follow(client, "jobs", filter="status=eq.open"):
        print(change.type, change.row)
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

#: Rows read at a time.
PAGE = 1000
#: How often the first rows are asked for where there is no connection, and the seconds until the
#: second time, which double up to the longest.
TRIES, SECONDS, LONGEST = 5, 0.1, 5.0
#: What a proxy answers while the server behind it is away.
_AWAY = (502, 503, 504)
_STAMP = re.compile(r"\.[0-9]{3}([0-9]{15})")
_TERM = re.compile(r"([^=]+=(?:not\.)?)(\w+)\.(.*)", re.DOTALL)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Followed:
    """One item of the stream. `type` is ROW (one of the first rows), INSERT, UPDATE, DELETE (`old`
    is the row; it may have left the filter), or RESYNC: changes were missed that cannot be told any
    more, so forget all rows; they follow again as ROW. `cursor` is where to go on with `since`.
    """

    type: str
    row: dict[str, Any] | None
    old: dict[str, Any] | None
    cursor: str


class FollowError(Exception):
    """The server refused the rows or the subscription, or has closed the channel."""


class _AwayError(FollowError):
    """There was no connection, or it broke."""


async def follow(
    client: Any,
    table: str,
    *,
    filter: str | Iterable[str] = (),  # noqa: A002 - the name that supabase-py has for it
    select: list[str] | None = None,
    key: str = "id",
    since: str | None = None,
) -> AsyncIterator[Followed]:
    """Yield the rows of a table, then its changes, as the client's user may see them.

    `client` is an `AsyncClient` of supabase. `filter` has filters as the data API has them, all of
    which must fit; `key` is the primary key. With `since` the first rows are left out.
    Raises FollowError.
    """
    terms = [filter] if isinstance(filter, str) else list(filter)
    cursor = since
    if cursor is None:
        rows, cursor = await _rows(client, table, terms, select, key, TRIES)
        for row in rows:
            yield Followed("ROW", row, None, cursor)
    waiting: asyncio.Queue[Followed | Exception] = asyncio.Queue()
    joined = _channel(client, table, terms, select, waiting)
    joined.join_push.update_payload({"resume": cursor})
    known = ""
    try:
        await joined.subscribe(lambda status, error=None: _note(status, error, waiting))
        while True:
            item = await waiting.get()
            if isinstance(item, Exception):
                raise item
            if item.type != "RESYNC" and _number(item.cursor) > known:
                yield item
            elif item.type == "RESYNC":
                yield item
                rows, position = await _rows(client, table, terms, select, key)
                known = _number(position)
                for row in rows:
                    yield Followed("ROW", row, None, position)
    finally:
        await client.remove_channel(joined)


def _channel(
    client: Any,
    table: str,
    terms: list[str],
    select: list[str] | None,
    waiting: asyncio.Queue[Followed | Exception],
) -> Any:
    """Return a channel that puts what it is told into the queue, and joins again behind it."""
    channel = client.channel(f"follow:{table}:{next(_numbers)}")

    def reached(cursor: str) -> None:
        channel.join_push.update_payload({"resume": cursor})

    def on_change(payload: Any) -> None:
        data = payload["data"]
        kind, cursor = getattr(data["type"], "value", data["type"]), str(data["commit_timestamp"])
        reached(cursor)
        row = None if kind == "DELETE" else data.get("record")
        waiting.put_nowait(Followed(kind, row, data.get("old_record"), cursor))

    def on_system(payload: Any) -> None:
        said = payload if isinstance(payload, dict) else vars(payload)  # an object since 2.34
        if said["extension"] != "jotbase":
            return
        text, _, cursor = str(said["message"]).rpartition(" ")
        reached(cursor)
        if text:
            waiting.put_nowait(Followed("RESYNC", None, None, cursor))

    binding: dict[str, Any] = {"schema": "public", "table": table}
    if terms:
        binding["filter"] = ",".join(map(_quoted, terms))
    if select:
        binding["select"] = select
    return channel.on_postgres_changes("*", callback=on_change, **binding).on_system(on_system)


def _note(status: Any, error: Any, waiting: asyncio.Queue[Followed | Exception]) -> None:
    if str(getattr(status, "value", status)) == "CLOSED":
        waiting.put_nowait(FollowError(str(error or "the server has closed the channel")))


async def _rows(
    client: Any,
    table: str,
    terms: list[str],
    select: list[str] | None,
    key: str,
    tries: float = inf,
) -> tuple[list[dict[str, Any]], str]:
    """Read the rows, so many times where there is no connection. Raises FollowError."""
    for made in itertools.count(1):
        try:
            return await _read(client, table, terms, select, key)
        except _AwayError:
            if made >= tries:
                raise
            await asyncio.sleep(min(SECONDS * 2.0 ** min(made - 1, 40), LONGEST))
    raise AssertionError


async def _read(
    client: Any, table: str, terms: list[str], select: list[str] | None, key: str
) -> tuple[list[dict[str, Any]], str]:
    """Read all rows by their key, a page at a time; return them and a cursor from which on nothing
    of them is missed.
    """
    from httpx import TransportError  # which supabase-py stands on

    found: list[dict[str, Any]] = []
    position = ""
    api = client.postgrest
    while True:
        query = [("order", key), ("limit", str(PAGE))]
        if select:
            query.append(("select", ",".join(dict.fromkeys([key, *select]))))
        query += [(name, rest) for name, _, rest in (term.partition("=") for term in terms)]
        if found:
            query.append((key, f"gt.{found[-1][key]}"))
        url = f"{str(client.rest_url).rstrip('/')}/{table}"
        try:
            answer = await api.session.get(url, params=query, headers=dict(api.headers))
        except TransportError as error:
            raise _AwayError(str(error)) from error
        if answer.status_code >= 300:
            refused = _AwayError if answer.status_code in _AWAY else FollowError
            raise refused(f"{answer.status_code}: {answer.text}")
        position = position or answer.headers["x-jotbase-cursor"]
        part = answer.json()
        found += part
        if len(part) < PAGE:
            return found, position


def _number(cursor: str) -> str:
    """Return the digits of the change in a cursor, or in a `commit_timestamp`, which is one."""
    stamp = _STAMP.search(cursor)
    return stamp[1] if stamp else cursor.partition("-")[0].rjust(15, "0")


def _quoted(term: str) -> str:
    """Return a filter of the data API as one of a subscription, where a comma begins the next."""
    found = _TERM.fullmatch(term)
    if found is None or found[2] == "in" or not re.search(r'[,()"\\]', found[3]):
        return term
    value = re.sub(r'(["\\])', r"\\\1", found[3])
    return f'{found[1]}{found[2]}."{value}"'
