"""The transition table is complete, and what the server says by itself has its form."""

import pytest

from jotbase.realtime.messages.channel import (
    TRANSITIONS,
    Event,
    State,
    Step,
    closed,
    event_named,
    is_heartbeat,
    reply,
    resync,
    subscribed,
    system,
)
from jotbase.realtime.messages.protocol import Frame

CLIENTS = [event for event in Event if event not in (Event.EXPIRED, Event.REVOKED, Event.LIMITED)]


def test_every_message_has_a_row_in_every_state() -> None:
    """Whatever a client says, the table knows what to do."""
    assert all(event in row for row in TRANSITIONS.values() for event in CLIENTS)


def test_whatever_closes_a_channel_says_so() -> None:
    """From joined to closed there is always a `phx_close`, which clients wait for."""
    ways = [move for move in TRANSITIONS[State.JOINED].values() if move.then is State.CLOSED]

    assert len(ways) == 4
    assert all(move.steps[-1] is Step.CLOSE for move in ways)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("phx_join", Event.JOIN),
        ("access_token", Event.TOKEN),
        ("its token expired", Event.OTHER),
        ("anything", Event.OTHER),
    ],
)
def test_only_the_clients_messages_have_names(name: str, event: Event) -> None:
    """A client cannot say what only the server may notice."""
    assert event_named(name) is event


def test_a_heartbeat_has_its_own_topic() -> None:
    """The same event on another topic is none."""
    assert is_heartbeat(Frame(None, "1", "phoenix", "heartbeat"))
    assert not is_heartbeat(Frame(None, "1", "realtime:r", "heartbeat"))


def test_a_reply_carries_the_refs_of_what_it_answers() -> None:
    """Clients find their push by `ref`, their channel by `join_ref`."""
    to = Frame("1", "2", "realtime:r", "phx_leave")

    assert reply(to, "ok", {}) == Frame(
        "1", "2", "realtime:r", "phx_reply", {"status": "ok", "response": {}}
    )


def test_a_close_refers_to_its_join() -> None:
    """Its `ref` is the channel's `join_ref`."""
    assert closed("realtime:r", "4") == Frame("4", "4", "realtime:r", "phx_close", {})


def test_system_messages_have_four_texts() -> None:
    """supabase-py drops one that lacks a key; `channel` is the topic without its prefix."""
    assert system("realtime:r", "1", "error", "no").payload == {
        "extension": "system",
        "status": "error",
        "message": "no",
        "channel": "r",
    }
    assert subscribed("realtime:r", "1").payload["message"] == "Subscribed to PostgreSQL"
    assert subscribed("realtime:r", "1").ref is None


def test_a_resync_names_the_change_to_resume_from() -> None:
    """Its status is `ok`: an error makes supabase-py join again with the same cursor."""
    payload = resync("realtime:r", "1", 7).payload

    assert (payload["status"], payload["cursor"], payload["gap"]) == ("ok", 7, True)
    assert payload["message"].startswith("resync: ")
