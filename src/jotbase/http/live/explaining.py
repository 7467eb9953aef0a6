"""Explains why a subscriber receives a change or not, by the code that delivers changes.

In charge of matching one change with one hypothetical subscriber, with and without its filters.
Must not know how a rule or a filter is evaluated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from jotbase.errors import AccessError, ChannelError, RequestError
from jotbase.http.live.channels.joined import ChannelServices, pass_over
from jotbase.realtime.matching.filters import terms
from jotbase.realtime.matching.groups import Groups, Subscriber
from jotbase.realtime.matching.subscriptions import subscriptions
from jotbase.realtime.messages.cursors import read_cursor
from jotbase.realtime.messages.wire import unframe
from jotbase.values import ANON, Change, Principal, Request, Response

Binding = Mapping[str, Any]
#: Who is asked about: a user's id, "" for a visitor.
WhoIs = Callable[[str], Awaitable[Principal]]


async def explain(
    services: ChannelServices, cursor: str, principal: Principal, binding: Binding
) -> dict[str, Any]:
    """Return what a subscriber receives of a change, and if nothing, what withheld it.

    `withheld_by` is `table`, `rule`, `filter` or `event`. Raises RequestError for a change that the
    log does not have, and for a binding that would be refused.
    """
    change = await _logged(services, cursor)
    wide = {"event": "*", "schema": "public", "table": change.table}
    try:
        told = await _told(services, change, principal, binding)
        by = None if told else await _withheld(services, change, principal, binding, wide)
    except ChannelError as error:
        raise RequestError("PGRST100", error.message) from None
    return {
        "change": change.number,
        "table": change.table,
        "type": change.kind,
        "delivered": bool(told),
        "told_as": told,
        "withheld_by": by and by[0],
        "detail": by and by[1],
    }


async def _withheld(
    services: ChannelServices, change: Change, principal: Principal, binding: Binding, wide: Binding
) -> tuple[str, str]:
    if binding.get("table", "*") not in ("*", change.table):
        return "table", f"the change is of {change.table}"
    if not await _told(services, change, principal, wide):
        return "rule", f"the select rule of {change.table} hides the row"
    for term in terms(binding.get("filter") or ""):
        if not await _told(services, change, principal, {**wide, "filter": term}):
            return "filter", term
    unfiltered = {key: value for key, value in binding.items() if key != "filter"}
    if not await _told(services, change, principal, unfiltered):
        return "event", str(binding.get("event"))
    return "filter", str(binding.get("filter"))


async def _told(
    services: ChannelServices, change: Change, principal: Principal, binding: Binding
) -> str | None:
    """Return the event type as which the subscriber receives the change, None if it does not."""
    feed, ready = services.feed, list[bytes]()
    found = subscriptions(binding, services.model)
    groups = Groups(feed.groups.rules)
    groups.add(Subscriber("explain", "1.0.0", principal, found, ready.append, pass_over))
    await feed.delivery.deliver(change, groups, feed.mark)
    if not ready:
        return None
    return str(orjson.loads(unframe(ready[0])[0])["payload"]["data"]["type"])


async def _logged(services: ChannelServices, cursor: str) -> Change:
    place = read_cursor(cursor)
    found = [] if place is None else await services.feed.engine.changes(place.number - 1, 1)
    if place is None or not found or found[0].number != place.number:
        raise RequestError("PGRST100", f"The log has no change {cursor!r}")
    return found[0]


def explain_page(
    services: ChannelServices, whois: WhoIs
) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of the endpoint, which only the service role may use."""

    async def answer(request: Request) -> Response:
        caller = await services.credentials.principal(request.headers)
        if not caller.is_service:
            raise AccessError("42501", "Only the service role may ask what others are told")
        given = dict(parse_qsl(request.query, keep_blank_values=True))
        binding = {"event": "*", "schema": "public"}
        binding |= {name: given[name] for name in ("table", "filter", "event") if name in given}
        principal = await whois(given["user"]) if given.get("user") else Principal(ANON)
        said = await explain(services, given.get("change", ""), principal, binding)
        return Response(200, (("Content-Type", "application/json"),), orjson.dumps(said))

    return answer
