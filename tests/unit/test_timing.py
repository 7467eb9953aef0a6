"""The Server-Timing header: a step each, in milliseconds, and nothing without a clock."""

from __future__ import annotations

from jotbase.timing import Timing
from jotbase.values import Response

PLAIN = Response(200, (("Content-Type", "text/plain"),), b"x")


def test_each_step_is_told_in_milliseconds() -> None:
    """A step lasts from the end of the one before it."""
    times = iter((10.0, 10.001, 10.0035))
    timing = Timing(lambda: next(times))
    timing.step("parse")
    timing.step("plan")

    assert timing.with_header(PLAIN).header("Server-Timing") == "parse;dur=1.000, plan;dur=2.500"
    assert timing.with_header(PLAIN).body == b"x"


def test_without_a_clock_no_header_is_added() -> None:
    """Without a clock the response is returned unchanged."""
    timing = Timing(None)
    timing.step("parse")

    assert timing.with_header(PLAIN) is PLAIN
