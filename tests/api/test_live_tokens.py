"""Whose token a channel acts under, and what ends it: expiry, sign-out, a refused token."""

from collections.abc import Iterator

import pytest
from tests.api.live_world import ANA, ANON_KEY, BEN, RING, Socket, World, a_world, note

from jotbase.auth.tokens.tokens import sign, sign_shared
from jotbase.sql.units import Rows
from jotbase.values import Principal


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def ends(socket: Socket) -> tuple[str, str]:
    """Return what a channel is told at its end: the system message, and that it is closed."""
    told, closed = socket.hear(), socket.hear()
    assert told["payload"]["status"] == "error"
    return told["payload"]["message"], closed["event"]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("nonsense", "MalformedJWT: The token provided is not a valid JWT"),
        ("a.b.c", "JwtSignatureError: Failed to validate JWT signature"),
    ],
)
def test_a_join_with_a_bad_token_is_refused(world: World, token: str, reason: str) -> None:
    """The reply says why, in the protocol's words, and the topic is not joined."""
    socket = world.connect()

    assert socket.join(token=token)["payload"] == {
        "status": "error",
        "response": {"reason": reason},
    }
    socket.say("realtime:r", "broadcast", {})
    assert socket.hear()["payload"]["response"] == {"reason": "unmatched topic"}


def test_a_token_that_is_over_or_of_an_ended_session_is_refused(world: World) -> None:
    """Beyond the seconds that clocks may differ by no good signature helps."""
    over, ended = world.token(ANA, lasts=-31), world.token(ANA, session="s2")
    world.ended.add("s2")
    reasons = [
        world.connect().join(token=token)["payload"]["response"]["reason"]
        for token in (over, ended)
    ]

    assert reasons == [
        "InvalidJWTToken: Token has expired",
        "InvalidJWTToken: The session of this token has ended",
    ]


def test_an_opaque_key_in_the_tokens_place_stands_for_the_connection(world: World) -> None:
    """Clients that have no user send their API key as the token."""
    assert world.connect().join(token=ANON_KEY)["payload"]["status"] == "ok"


def test_an_expired_token_ends_its_channel_and_nothing_else(world: World) -> None:
    """Channel by channel, at the moment when REST refuses the token too; the socket stays."""
    socket = world.connect()
    socket.follow("notes", topic="realtime:short", token=world.token(ANA, lasts=60))
    socket.follow("notes", topic="realtime:long", token=world.token(ANA, lasts=120))
    world.pass_time(90)
    assert socket.silent()
    world.pass_time(1)
    first = ends(socket)
    world.commit("notes", None, note(1))

    assert first == ("Token has expired", "phx_close")
    assert socket.hear()["topic"] == "realtime:long"
    assert socket.silent()


def test_a_timer_ends_a_channel_without_being_asked(world: World) -> None:
    """A token with no time left ends its channel as soon as the loop turns."""
    socket, token = world.connect(), world.token(ANA, lasts=-30)
    world.now += 0.99
    socket.follow("notes", token=token)
    world.now += 0.01

    assert ends(socket) == ("Token has expired", "phx_close")


def test_a_sign_out_ends_the_sessions_channels_at_once(world: World) -> None:
    """Of a user with two sessions, the one that ended is closed, on whatever socket."""
    here, there = world.connect(), world.connect()
    here.follow("notes", token=world.token(ANA, session="s1"))
    there.follow("notes", token=world.token(ANA, session="s2"))
    world.revoke(ANA, "s1")
    world.commit("notes", None, note(1))

    assert ends(here) == ("The session of this token has ended", "phx_close")
    assert here.silent()
    assert there.hear_data()["record"]["id"] == 1


def test_a_deleted_user_loses_every_channel(world: World) -> None:
    """Without a session named, all of the user's end, and those of the API key stay."""
    socket, other = world.connect(), world.connect()
    socket.follow("notes", token=world.token(ANA))
    other.follow("open")
    world.revoke(ANA)

    assert ends(socket)[1] == "phx_close"
    assert other.silent()


def test_a_new_token_changes_what_a_channel_may_know(world: World) -> None:
    """Without a reply, the channel acts for another from the next change on."""
    socket = world.connect()
    socket.follow("notes", token=world.token(ANA))
    socket.say("realtime:r", "access_token", {"access_token": world.token(BEN)}, None)
    again = socket.hear()["payload"]["message"]
    world.commit("notes", None, note(1, ANA))
    world.commit("notes", None, note(2, BEN))

    assert again == "Subscribed to PostgreSQL"
    assert socket.hear_data()["record"]["id"] == 2


def test_a_new_token_lengthens_a_channels_life(world: World) -> None:
    """The expiry that counts is that of the token which came last."""
    socket = world.connect()
    socket.follow("notes", token=world.token(ANA, lasts=60))
    socket.say("realtime:r", "access_token", {"access_token": world.token(ANA, lasts=600)})
    socket.hear()
    world.pass_time(120)

    assert socket.silent()


@pytest.mark.parametrize("what", ["change", "broadcast"])
def test_a_clock_that_is_set_ends_channels_before_they_are_told_more(
    world: World, what: str
) -> None:
    """Timers do not run by that clock: it is looked at before anything is delivered."""
    socket, other = world.connect(), world.connect()
    socket.follow("notes", token=world.token(ANA))
    other.follow("open")
    world.now += 30 * 86_400
    if what == "change":
        world.commit("notes", None, note(1))
    else:
        other.say("realtime:r", "broadcast", {"event": "hello", "type": "broadcast"})

    assert ends(socket) == ("Token has expired", "phx_close")
    assert socket.silent()


@pytest.mark.parametrize("given", [None, ANON_KEY, 7])
def test_what_is_no_token_changes_nothing(world: World, given: object) -> None:
    """Null, an opaque key and what is no text are ignored."""
    socket = world.connect()
    socket.follow("notes", token=world.token(ANA))
    socket.say("realtime:r", "access_token", {"access_token": given})

    assert socket.silent()


def test_a_bad_new_token_closes_the_channel(world: World) -> None:
    """The old one is not kept when somebody tries a forged one."""
    socket = world.connect()
    socket.follow("notes", token=world.token(ANA))
    socket.say("realtime:r", "access_token", {"access_token": "a.b.c"})

    assert ends(socket) == ("Failed to validate JWT signature", "phx_close")


def test_a_session_that_ends_while_a_join_waits_does_not_slip_in(world: World) -> None:
    """The sign-out that comes between the look at the database and the join is seen."""
    standing = world._standing

    async def alive_and_then_revoked(principal: Principal) -> Rows:
        found = await standing(principal)
        if not world.ended:
            world.ended.add("s1")
            world.credentials.live.clear()
        return found

    world.credentials._standing = alive_and_then_revoked
    reply = world.connect().join(token=world.token(ANA))

    assert "session of this token has ended" in reply["payload"]["response"]["reason"]


def test_changed_facts_count_from_the_next_change_on(world: World) -> None:
    """A channel acts under its user's facts as they are, and nobody else's changes it."""
    socket, other = world.connect(), world.connect()
    socket.follow("own", token=world.token(ANA))
    other.follow("own", token=world.token(BEN))
    world.renew(ANA, email="ana@example.com")
    world.commit("own", None, note(1, title="ana@example.com"))

    assert socket.hear_data()["record"]["id"] == 1
    assert other.silent()


def test_facts_of_a_token_without_a_session_are_its_own(world: World) -> None:
    """Whoever made it said so."""
    socket = world.connect()
    claims = {"sub": ANA, "role": "authenticated", "exp": int(world.now + 60)}
    socket.follow("own", token=sign(claims, RING))
    world.renew(ANA, email="ana@example.com")
    world.commit("own", None, note(1, title="ana@example.com"))

    assert socket.silent()


def test_a_key_that_expires_ends_the_channels_that_it_opened(world: World) -> None:
    """A key in token form is refused by REST from then on, and by the next join on its socket."""
    key = sign_shared({"role": "anon", "exp": int(world.now) + 60}, RING)
    socket, other = world.connect(key=key), world.connect()
    socket.follow("open")
    other.follow("open")
    world.pass_time(90)
    assert socket.silent()
    world.pass_time(1)

    assert ends(socket) == ("Token has expired", "phx_close")
    again = socket.join()["payload"]["response"]["reason"]
    assert again == "InvalidJWTToken: Token has expired"
    assert other.silent()


@pytest.mark.parametrize("how", ["role", "token"])
def test_a_private_channel_ends_with_the_right_to_it(world: World, how: str) -> None:
    """A role that is taken away, or a token without the role in place of one that has it."""
    claims = {"sub": ANA, "role": "service_role", "session_id": "s1", "exp": int(world.now) + 600}
    socket = world.connect()
    reply = socket.join(token=sign(claims, RING), private=True)
    assert reply["payload"]["status"] == "ok"
    if how == "role":
        world.renew(ANA, role="authenticated")
    else:
        socket.say("realtime:r", "access_token", {"access_token": world.token(BEN)}, None)

    reason = "You do not have permissions to read from this Channel topic: r"
    assert ends(socket) == (reason, "phx_close")
    assert socket.silent()
