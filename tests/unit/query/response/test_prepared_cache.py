"""What is remembered of questions stays bounded."""

from __future__ import annotations

from tests.unit.query.board import asked, planned, request

from jotbase.query.request.shape import shape
from jotbase.query.response.prepared import Prepared
from jotbase.query.response.prepared_cache import MAX_ENTRIES, Key, PreparedCache

ANY = Prepared(asked("GET /jobs"), planned("GET /jobs"))


def key(query: str) -> Key:
    return shape(request(f"GET /jobs?{query}"))[0], False


def test_the_oldest_are_forgotten() -> None:
    """A flood of new shapes leaves the newest of them."""
    known = PreparedCache()
    for number in range(MAX_ENTRIES + 10):
        known.keep(key(f"order=a{number}"), ANY)

    assert len(known) == MAX_ENTRIES
    assert key("order=a9") not in known
    assert known[key("order=a10")] is ANY


def test_long_questions_leave_room_for_fewer() -> None:
    """Characters count, of whatever parameters and headers."""
    known = PreparedCache()
    for number in range(1000):
        known.keep(key(f"order={'a' * 2500}{number}&{'b' * 2500}=eq.1"), ANY)

    assert len(known) == 198


def test_what_alone_takes_much_is_not_remembered() -> None:
    """It is made ready each time it is asked, and displaces nothing."""
    known = PreparedCache()
    known.keep(key("order=id"), ANY)
    known.keep(key("order=" + "a" * 10_000), ANY)

    assert list(known) == [key("order=id")]
