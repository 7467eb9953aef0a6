"""The numbers of realtime for Prometheus, on each engine."""

from __future__ import annotations

from tests.api.data_world import refused
from tests.api.test_private_topics import Hall, hall

from jotbase.delivery import CAUSES

__all__ = ["hall"]

WITHHELD = {f'withheld_total{{cause="{cause}"}}': 0 for cause in CAUSES}


def scraped(hall: Hall) -> dict[str, float]:
    """Return the numbers by name."""
    answer = hall.backend.service.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(number) for name, _, number in (line.partition(" ") for line in lines)}


def test_the_numbers_follow_what_happens(hall: Hall) -> None:
    """Sockets, joins by their end, presences, broadcasts and their frames."""
    ana, eve = hall.connect("ana", speaks=True), hall.connect("eve", speaks=None)
    assert ana.enter() == "ok"
    assert eve.enter() != "ok"
    eve.join(topic="realtime:r")
    assert ana.answer("presence", {"event": "track", "payload": {}})["status"] == "ok"
    assert ana.hear_events(2) == ["presence_state", "presence_diff"]
    assert ana.answer("broadcast", {"event": "e", "payload": {}})["status"] == "ok"

    told = {name.removeprefix("jotbase_realtime_"): n for name, n in scraped(hall).items()}
    assert told == {
        "sockets": 2,
        "streams": 0,
        "channels": 2,
        "bindings": 0,
        "presences": 1,
        "changes_behind": 0,
        "lag_seconds": 0,
        "unsent_bytes": 0,
        "deliveries_total": 0,
        **WITHHELD,
        "joins_total": 2,
        "refused_joins_total": 1,
        "broadcasts_total": 1,
        "broadcast_frames_total": 0,
    }


def test_metrics_are_for_the_service_role(hall: Hall) -> None:
    """Users and visitors learn nothing."""
    refused(hall.backend.anonymous.request("GET", "/metrics"), 403, "42501")
    refused(hall.user("ana", speaks=None).request("GET", "/metrics"), 403, "42501")
