"""Joins are read as leniently as their clients need."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.realtime.messages.cursors import Cursor
from jotbase.realtime.messages.joining import JoinRequest, filter_bytes, read_join, read_token

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def config(**entries: Any) -> JoinRequest:
    """Return the request that a configuration asks for."""
    return read_join({"config": entries})


def test_a_full_join_is_read() -> None:
    """Everything that supabase-js can ask for."""
    binding = {"event": "*", "schema": "public", "table": "notes"}
    payload = {
        "config": {
            "broadcast": {"ack": True, "self": True},
            "presence": {"key": "me", "enabled": True},
            "postgres_changes": [binding],
            "private": True,
            "cursor": 12,
        },
        "access_token": "a.b.c",
    }

    assert read_join(payload) == JoinRequest(
        (binding,), "a.b.c", private=True, broadcast_ack=True, broadcast_self=True,
        presence=True, presence_key="me", cursor=Cursor(12),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "flag"), [("True", True), ("false", False), (1, False), (None, False)]
)
def test_flags_may_be_words(given: object, flag: bool) -> None:
    """The texts true and false count, in any case; all else is false."""
    assert config(private=given).private is flag


def test_nulls_among_the_bindings_are_dropped() -> None:
    """And null in the place of the list is an empty one."""
    assert config(postgres_changes=[None, {"table": "t"}, 3]).bindings == ({"table": "t"},)
    assert config(postgres_changes=None).bindings == ()


def test_the_older_name_of_the_token_comes_first() -> None:
    """`user_token`, else `access_token`."""
    assert read_join({"user_token": "u", "access_token": "a"}).token == "u"


@pytest.mark.parametrize("given", [None, "", "sb_publishable_x", 5])
def test_what_is_no_users_token_is_none(given: object) -> None:
    """An opaque key says no more than the connection's own."""
    assert read_token(given) is None


@given(JSON)
def test_no_payload_raises(payload: Any) -> None:
    """A payload that makes no sense joins with the defaults."""
    assert isinstance(read_join(payload), JoinRequest)
    assert isinstance(read_join({"config": payload}), JoinRequest)


@pytest.mark.parametrize(
    ("binding", "size"),
    [
        ({"table": "a"}, 0),
        ({"table": "a", "filter": "id=eq.1"}, 9),
        ({"filter": "x" * 1000}, 1002),
        ({"filter": ["x" * 1000]}, 759),
        ({"select": ["x" * 1000]}, 759),
    ],
)
def test_what_a_binding_costs(binding: dict[str, Any], size: int) -> None:
    """Its filter counts whole, the rest beyond what such things are long."""
    assert filter_bytes(binding) == size


def test_what_means_nothing_in_a_binding_is_not_kept() -> None:
    """It would be kept with the channel."""
    join = read_join({"config": {"postgres_changes": [{"table": "a", "other": 1}]}})

    assert join.bindings == ({"table": "a"},)
