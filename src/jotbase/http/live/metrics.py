"""`/metrics`: counters and gauges of realtime in Prometheus' text format, for the service role.

In charge of the metrics' names and of the format. Must not know how a number is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from jotbase.errors import AccessError
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.values import Request, Response

WITHHELD = "jotbase_realtime_withheld_total"
#: (name, type, what it counts); docs/running.md describes each.
METRICS = (
    ("jotbase_realtime_sockets", "gauge", "WebSockets that are open."),
    ("jotbase_realtime_streams", "gauge", "Streams of server-sent events that are open."),
    ("jotbase_realtime_channels", "gauge", "Channels that are joined."),
    ("jotbase_realtime_bindings", "gauge", "Bindings of postgres_changes that are followed."),
    ("jotbase_realtime_presences", "gauge", "Channels that are present."),
    ("jotbase_realtime_changes_behind", "gauge", "Changes that are logged and not yet told."),
    ("jotbase_realtime_lag_seconds", "gauge", "The age of the first change that is not yet told."),
    ("jotbase_realtime_unsent_bytes", "gauge", "Bytes that wait for their clients to read."),
    ("jotbase_realtime_deliveries_total", "counter", "Frames of changes, one a subscriber."),
    (WITHHELD, "counter", "Changes and broadcasts that a subscriber was not told, by cause."),
    ("jotbase_realtime_joins_total", "counter", "Joins that were accepted."),
    ("jotbase_realtime_refused_joins_total", "counter", "Joins that were refused."),
    ("jotbase_realtime_broadcasts_total", "counter", "Broadcasts that were sent to a room."),
    ("jotbase_realtime_broadcast_frames_total", "counter", "Frames that broadcasts became."),
)
#: By name without the prefix; of a counter with causes, by cause.
Numbers = Mapping[str, float | Mapping[str, int]]
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsPage:
    """Answers a scrape with the numbers of `read`, by the names above without their prefix."""

    def __init__(self, credentials: CredentialCheck, read: Callable[[], Numbers]) -> None:
        self._credentials = credentials
        self._read = read

    async def answer(self, request: Request) -> Response:
        """Return the numbers. Raises AccessError for anybody but the service role."""
        caller = await self._credentials.principal(request.headers)
        if not caller.is_service:
            hint = "Send the secret key as `apikey`, or as the bearer token."
            raise AccessError("42501", "Metrics are for the service role", hint=hint)
        return Response(200, (("Content-Type", _TYPE),), rendered(self._read()).encode())


def rendered(numbers: Numbers) -> str:
    """Return the numbers in the text format."""
    prefix = "jotbase_realtime_"
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        + "".join(f"{name}{at}\n" for at in _samples(numbers[name.removeprefix(prefix)]))
        for name, kind, text in METRICS
    )


def _samples(value: float | Mapping[str, int]) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f" {value}"
        return
    for cause, number in value.items():
        yield f'{{cause="{cause}"}} {number}'
