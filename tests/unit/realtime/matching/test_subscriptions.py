"""Bindings: which tables they follow, their ids, and the words that refuse others."""

from typing import Any

import pytest
from tests.unit.realtime.tables import MODEL, bound

from jotbase.errors import ChannelError
from jotbase.realtime.matching.subscriptions import binding_id, echo, subscriptions

UNABLE = (
    "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for"
    " the given connect parameters: "
)


@pytest.mark.parametrize(
    ("binding", "tables"),
    [
        ({"schema": "public", "table": "notes"}, ["notes"]),
        ({"table": "notes"}, ["notes"]),
        ({"schema": "public"}, ["notes", "teams"]),
        ({"schema": "*", "table": "*"}, ["notes", "teams"]),
    ],
)
def test_a_binding_follows_tables_that_are_realtime(
    binding: dict[str, Any], tables: list[str]
) -> None:
    """A wildcard stands for all of them, and for no other."""
    assert [one.table.name for one in subscriptions(binding, MODEL)] == tables


@pytest.mark.parametrize(
    ("event", "kinds"),
    [("*", "DELETE INSERT UPDATE"), ("INSERT", "INSERT"), (None, "DELETE INSERT UPDATE")],
)
def test_a_star_is_every_event(event: str | None, kinds: str) -> None:
    """And so is no event at all."""
    (one,) = subscriptions({"table": "notes", "event": event}, MODEL)

    assert " ".join(sorted(one.kinds)) == kinds


def test_a_selection_holds_the_primary_key() -> None:
    """Clients need it to know which row was meant."""
    assert bound(select=["title"])[0].select == frozenset(("id", "title"))


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        (
            {"event": "*"},
            "No subscription params provided. Please provide at least a `schema` or `table` to"
            " subscribe to: [event: *, schema: , table: , filters: , select: ]",
        ),
        (
            {"event": "*", "table": "hidden"},
            f"{UNABLE}[event: *, schema: , table: hidden, filters: , select: ]",
        ),
        (
            {"event": "TRUNCATE", "table": "notes"},
            f"{UNABLE}[event: TRUNCATE, schema: , table: notes, filters: , select: ]",
        ),
        (
            {"schema": "auth", "table": "notes"},
            f"{UNABLE}[event: , schema: auth, table: notes, filters: , select: ]",
        ),
        (
            {"schema": "public", "select": ["id"]},
            "Column selection is not supported for wildcard subscriptions. Provide an explicit"
            " schema and table name.",
        ),
        (
            {"table": "notes", "select": "id"},
            "Error parsing `select` params: expected a list, got 'id'",
        ),
        ({"table": "notes", "select": ["secret"]}, "invalid column for select secret"),
        ({"table": "notes", "filter": 1}, "Error parsing `filter` params: 1"),
        (
            {"table": ["notes"], "event": {}},
            f"{UNABLE}[event: {{}}, schema: , table: ['notes'], filters: , select: ]",
        ),
    ],
)
def test_a_binding_is_refused_in_the_protocols_words(binding: dict[str, Any], message: str) -> None:
    """Tables that are not realtime do not exist here, and writeOnly columns neither."""
    with pytest.raises(ChannelError) as caught:
        subscriptions(binding, MODEL)

    assert caught.value.message == message


def test_equal_parameters_have_equal_ids() -> None:
    """Whatever their order; different ones have different ids, and none is zero."""
    first = {"event": "*", "table": "notes"}
    ids = {binding_id({**first, "filter": f"id=eq.{number}"}) for number in range(200)}

    assert binding_id(first) == binding_id({"table": "notes", "event": "*", "filter": None})
    assert len(ids) == 200
    assert all(0 < one < 2**31 for one in ids)


def test_an_echo_has_the_keys_that_were_sent() -> None:
    """Older clients compare strictly, so what was left out stays out, and null stays null."""
    binding = {"event": "*", "table": "notes", "filter": None, "colour": "red"}

    assert echo(binding) == {
        "id": binding_id(binding),
        "event": "*",
        "table": "notes",
        "filter": None,
    }
