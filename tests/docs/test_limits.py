"""The page of limits: its numbers are the code's."""

from __future__ import annotations

from pathlib import Path

import pytest

from jotbase.auth.accounts import request_bodies as bodies
from jotbase.auth.factors import enrolment, verification
from jotbase.auth.mail import attempt_log as ledger
from jotbase.auth.mail import mail_tokens as letters
from jotbase.auth.sessions import factors
from jotbase.auth.tokens import rate_limits as limits
from jotbase.engines.base import LONG_QUESTION
from jotbase.engines.calls import call_deadline
from jotbase.engines.postgresql.write import computed_values
from jotbase.engines.sqlite.database import code_calls
from jotbase.engines.sqlite.database import result_rows as given
from jotbase.engines.sqlite.log import change_log as log
from jotbase.engines.sqlite.read import reader
from jotbase.functions import hooks, loading
from jotbase.functions.api.rpc import MOST_DETAILS
from jotbase.http.accounts import routes as accounts
from jotbase.http.edge import connections, hashing
from jotbase.http.edge import large_responses as grants
from jotbase.http.live import broadcast_api
from jotbase.http.live.channels import owners
from jotbase.http.live.channels import quotas as shares
from jotbase.http.live.sending import frames, replay, rooms
from jotbase.http.live.streams import event_stream
from jotbase.http.server import message_heads as heads
from jotbase.http.server import process as server
from jotbase.query.request import weights
from jotbase.query.response.prepared import LONG_VALUES
from jotbase.realtime.relational import hidden_rows
from jotbase.realtime.rooms import broadcast, http_messages, outbox, presence, stored_messages
from jotbase.schema.ddl import past_tables
from jotbase.schema.values import json_length, regex
from jotbase.search.lexing import MAX_SEARCHED
from jotbase.settings import Settings

PAGE = (Path(__file__).parent.parent.parent / "docs/reference/limits.md").read_text("utf-8")
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("connections in all", str(Settings().max_connections)),
        ("connections from one address", str(Settings().max_connections_per_address)),
        ("a request's head", f"| {connections.HEAD:.0f} s"),
        ("a request's body", f"| {connections.BODY:.0f} s"),
        ("an answer to be read", f"| {connections.WRITE:.0f} s"),
        ("the rest of a body", f"| {connections.REST:.0f} s"),
        ("a connection that is closed", f"| {connections.CLOSING:.0f} s"),
        ("request line and headers", f"{heads.MAX_HEAD // 1024} KiB"),
        ("header lines", str(heads.MAX_HEADERS)),
        ("trailers and chunk", f"{heads.MAX_HEAD // 1024} KiB"),
        ("requests that wait", str(connections.MOST_PIPELINED)),
        ("bytes of large bodies", f"{connections.MOST_BODIES // MIB} MiB in all"),
        ("bytes of large bodies", f"{connections.MOST_BODIES_OF_ONE // MIB} MiB from one"),
        ("characters of a regular expression", f"| {regex.MAX_LENGTH};"),
        (
            "regular expressions of a request",
            f"| {(weights.MAX_WEIGHT - 1) // weights.EXPRESSION} |",
        ),
        ("parameters of a request", f"| {weights.MOST_PARAMETERS} |"),
        ("characters of `Prefer`", f"| {weights.MOST_HEADER} |"),
        ("answers made of", f"above {reader.PLAIN // MIB} MiB"),
        (
            "answers made of",
            f"{grants.MOST_LARGE} at one time, {grants.MOST_LARGE_OF_ONE} for an address;"
            f" more wait for {grants.PATIENCE:.0f} s",
        ),
        ("such an answer", f"each {connections.LARGE_STEP // MIB} MiB of it"),
        ("what is under way", f"then {connections.PARTING:.0f} s"),
        ("a message |", f"{server.MAX_FRAME:,} bytes in {frames.MOST_FRAGMENTS} frames"),
        ("a message, each", f"| {connections.BODY:.0f} s"),
        ("pings from the client", f"{frames.MOST_PINGS} a second"),
        ("the rows that one writing statement", f"| {given.MOST_GIVEN // MIB} MiB |"),
        ("such rows of a statement that runs", f"| {given.MOST_ON_LOOP // MIB} MiB |"),
        ("characters of a text that a search", f"| {MAX_SEARCHED} |"),
        ("changes read from the log", f"| {log.READ_AT_ONCE // MIB} MiB"),
        (
            f"reads of more than {reader.SHORT * 1000:.0f} ms",
            f"| {reader.LANES}, {reader.LANES - reader.SPARED} |",
        ),
        ("code of a computed column in what", f"| {call_deadline.CODE_HOLDS:.0f} s |"),
        (
            "values that a statement has computed",
            f"| {computed_values.MOST_ASKED}, {computed_values.MOST_CHARACTERS // MIB} Mi |",
        ),
        (
            "what a function of the project returns",
            f"| {json_length.MOST_JSON // MIB} Mi characters of JSON, {json_length.MOST_ITEMS} ",
        ),
        ("details of a `Refusal`", f"| {MOST_DETAILS // MIB} Mi characters of JSON |"),
        ("details of a `Refusal`", f"| {hooks.MOST_ANSWER // MIB} Mi characters of JSON |"),
        ("code that is loaded while", f"| {loading.TIMEOUT:.0f} s |"),
        ("statements that computed columns ask for", f"| {code_calls.DEEPEST} |"),
        ("characters of a question, or", f"| {LONG_QUESTION}, {LONG_VALUES} |"),
        ("a stop, from the first", f"| {server.STOP_WITHIN} s |"),
        ("what waits to be read", f"{frames.MOST_WAITING // MIB} MiB"),
        ("a client that takes nothing of what waits", f"{replay.PATIENCE:.0f} s"),
        (
            "what waits besides, and stands in no log (broadcasts)",
            f"{frames.MOST_BESIDE // MIB} MiB",
        ),
        ("channels of a socket", str(shares.MOST_CHANNELS)),
        ("bindings of `postgres_changes`", str(shares.MOST_BINDINGS)),
        ("bindings of a socket", str(shares.SOCKET_BINDINGS)),
        ("bytes of the filters of a socket", str(shares.SOCKET_BYTES)),
        ("channels of all", str(shares.ALL_CHANNELS)),
        ("bindings of all", str(shares.ALL_BINDINGS)),
        ("bytes of the filters of all", f"{shares.ALL_BYTES // MIB} MiB"),
        ("joins and new tokens of a socket", f"{shares.MOST_JOINS} in {owners.WINDOW:.0f} s"),
        ("sockets of an address", f"{owners.OF_ADDRESS.sockets} of 8192"),
        ("sockets of a user", f"`JOTBASE_REALTIME_SOCKETS_PER_USER`, {owners.OF_USER.sockets} |"),
        ("sockets of a user", f"{Settings().realtime_sockets_per_user} |"),
        ("channels of an address", f"| {owners.OF_ADDRESS.channels} |"),
        ("channels of an address", f"| {shares.ALL_CHANNELS // 2} |"),
        ("channels of a user", f"| {owners.OF_USER.channels} |"),
        ("joins and new tokens of an address", f"{owners.OF_ADDRESS.joins} in 10 s"),
        ("joins and new tokens of a user", f"{owners.OF_USER.joins} in 10 s"),
        ("broadcasts of an address", f"{owners.OF_ADDRESS.messages} in 10 s"),
        ("broadcasts of a user", f"{owners.OF_USER.messages} in 10 s"),
        ("owners whose counts", f"| {owners.MOST_PARTED} |"),
        ("messages that a join", f"| {stored_messages.MOST_REPLAYED} |"),
        ("messages of a table", f"KEEP`, {Settings().messages_keep}, for"),
        ("messages of a table", f"AGE`, {Settings().messages_max_age} hours"),
        ("bytes of a topic", str(shares.LONGEST_TOPIC)),
        (
            "calls of `track`",
            f"{shares.PRESENCE_CALLS} in {shares.PRESENCE_WINDOW:.0f} s",
        ),
        (
            "requests that broadcast over HTTP",
            f"| {broadcast_api.REQUESTS.count} in {broadcast_api.REQUESTS.seconds} s |",
        ),
        ("messages of such a request", f"| {http_messages.MOST_MESSAGES} |"),
        (
            "messages of one transaction of the project's code",
            f"| {http_messages.MOST_MESSAGES}, {outbox.MOST_BYTES:,} |",
        ),
        (
            "messages of the project's code on behalf",
            f"| {broadcast_api.REQUESTS.count} in {broadcast_api.REQUESTS.seconds} s |",
        ),
        ("bytes of a broadcast", f"| {broadcast.LARGEST:,} |"),
        ("broadcasts of a socket", f"| {shares.MOST_MESSAGES} in {owners.WINDOW:.0f} s |"),
        ("members of a tracked object", f"| {presence.MOST_KEYS} |"),
        ("bytes of a tracked object", f"| {presence.LARGEST_META} |"),
        ("bytes of a presence key", f"| {presence.LONGEST_KEY} |"),
        ("bytes of the tracked objects of a room", f"| {rooms.ROOM_PRESENCE // MIB} MiB |"),
        ("bytes of all tracked objects", f"| {rooms.ALL_PRESENCE // MIB} MiB |"),
        (
            "wrong passwords for one account by one client",
            f"{limits.PASSWORDS.count} in {limits.PASSWORDS.seconds / 60:.0f} minutes",
        ),
        (
            "wrong passwords for one account by clients",
            f"{limits.PASSWORDS_OF_ACCOUNT.count} in an hour",
        ),
        ("wrong passwords by one client", f"{limits.PASSWORDS_OF_CLIENT.count} in 5 minutes"),
        ("wrong codes and links", f"{limits.CODES_OF_CLIENT.count} in 5 minutes"),
        ("wrong codes for one address", f"{ledger.MAX_FAILED_CODES} until"),
        ("mails that one client", f"({Settings().mail_rate_client})"),
        ("mails of the project", f"({Settings().mail_rate})"),
        ("seconds between two mails", f"({Settings().mail_spacing})"),
        ("clients whose letters", str(letters.MAX_PENDING_MAILS)),
        ("password hashes under way", f"{hashing.MOST}, of one client {hashing.MOST // 2}"),
        ("second factors of a user", f"| {enrolment.MAX_FACTORS}, with"),
        ("second factors of a user", f"names of {enrolment.LONGEST_NAME} characters"),
        ("bytes of a factor's", f"| {enrolment.LONGEST_URI} |"),
        ("wrong codes for one factor", f"| {verification.MAX_WRONG_CODES}, then"),
        ("wrong codes for one factor", f"for {verification.LOCKED // 60} minutes"),
        ("challenges of one factor", f"| {verification.MAX_CHALLENGES} a minute"),
        ("challenges of one factor", f"holds for {factors.CHALLENGE_LIFETIME} s"),
        ("rows that one change of another table", f"| {hidden_rows.TOLD_ROWS} |"),
        ("changes that are undone to judge one", f"| {past_tables.MOST_UNDONE:,} |"),
        ("unsent bytes of a stream", f"| {event_stream.MOST_UNSENT // MIB} MiB |"),
        ("counts that are kept", str(limits.CAPACITY)),
        ("bytes of a body of the accounts", f"{accounts.LARGEST_BODY // MIB} MiB"),
        ("bytes of a user's metadata", str(bodies.LARGEST_METADATA)),
        ("a socket that reads nothing", f"| {connections.WRITE:.0f} s"),
    ],
)
def test_the_page_says_what_the_code_does(limit: str, value: str) -> None:
    """Each limit stands in one row, with its number."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {limit}")]
    assert value in row
