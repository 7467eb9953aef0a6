"""What a unit of work derives from its random bytes."""

from __future__ import annotations

from uuid import UUID

from tests.unit.auth.driving import CONTEXT, MOMENT

from jotbase.auth.accounts.context import RANDOMNESS


def test_ids_are_random_and_differ() -> None:
    """Three of the bytes themselves, and any number by name."""
    ids = {CONTEXT.new_id(0), CONTEXT.new_id(1), CONTEXT.new_id(2), CONTEXT.derived_id("a")}

    assert len(ids) == 4
    assert {UUID(one).version for one in ids} == {4}
    assert CONTEXT.derived_id("a") == CONTEXT.derived_id("a") != CONTEXT.derived_id("b")


def test_key_and_codes_share_no_byte() -> None:
    """Each part of the random bytes is used for one thing."""
    parts = (CONTEXT.session_key, CONTEXT.code_bytes(0), CONTEXT.code_bytes(1))

    assert sum(map(len, parts)) + 3 * 16 == RANDOMNESS == len(CONTEXT.random)
    assert b"".join(parts) == CONTEXT.random[48:]


def test_the_moment_is_the_time_as_it_is_stored() -> None:
    """RFC 3339, in UTC."""
    assert CONTEXT.moment == MOMENT
