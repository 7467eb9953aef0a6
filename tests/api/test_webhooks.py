"""Webhooks: what a receiver is sent, and where none is ever sent to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from typing import Any

import pytest
from tests.api.data_world import Serve, table

from jotbase.background import webhook_requests
from jotbase.errors import ProjectError
from jotbase.tasks.webhooks import read_secrets, signatures
from jotbase.testing import TestBackend

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CODE = 'from jotbase.functions import webhook\nwebhook("insert", "jobs", url=%r, secret="S1")\n'
SCHEMAS = {"jobs": table({"title": {"type": "string"}})}


#: In place of a status: no answer.
SILENT = 0


class Receiver:
    """Keeps the requests, and answers them with the statuses in turn, 204 in the end."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: SimpleQueue[int] = SimpleQueue()
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status = 204 if outer.statuses.empty() else outer.statuses.get()
                if status == SILENT:
                    outer.closing.wait(20)
                    return
                self.send_response(status)
                if status == 302:
                    self.send_header("location", outer.url)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/told?by=us"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("S1", SECRET)
    made = Receiver()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.closing.set()
    made.server.shutdown()
    made.server.server_close()


def backend_of(serve: Serve, url: str, **settings: Any) -> TestBackend:
    return serve(SCHEMAS, {"functions/__init__.py": CODE % url}, **settings)


def test_a_change_is_sent_signed(serve: Serve, receiver: Receiver) -> None:
    """Body, id, time and signature are those of Standard Webhooks, over what is sent."""
    backend = backend_of(serve, receiver.url, webhooks_private=True)
    backend.service.request("POST", "/rest/v1/jobs", None, {"title": "cook"})
    backend.run_tasks()
    ((path, headers, body),) = receiver.got

    told = json.loads(body)
    assert path == "/told?by=us"
    assert (told["type"], told["table"], told["old_record"]) == ("INSERT", "jobs", None)
    assert told["record"] == {"id": 1, "title": "cook"}
    identity, stamp = headers["webhook-id"], int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signatures(read_secrets(SECRET), identity, stamp, body)


def test_a_refused_message_is_sent_again_with_its_id(serve: Serve, receiver: Receiver) -> None:
    """Any status but 2xx is a failure, and a redirect is not followed."""
    backend = backend_of(serve, receiver.url, webhooks_private=True)
    receiver.statuses.put(500)
    receiver.statuses.put(302)
    backend.service.request("POST", "/rest/v1/jobs", None, {"title": "cook"})
    for _ in range(4):
        backend.run_tasks()
        backend.clock.advance(10)
    assert len(receiver.got) == 3
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1


def test_a_receiver_that_does_not_answer_is_given_up(
    serve: Serve,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The connection is ended after its time, and the message is sent again."""
    monkeypatch.setattr(webhook_requests, "LONGEST", 0.1)
    backend = backend_of(serve, receiver.url, webhooks_private=True)
    receiver.statuses.put(SILENT)
    backend.service.request("POST", "/rest/v1/jobs", None, {"title": "cook"})
    backend.run_tasks()
    assert "failed and is tried again: NotDelivered" in caplog.text
    receiver.closing.set()
    backend.clock.advance(10)
    backend.run_tasks()
    assert len(receiver.got) == 2
    assert backend.dead_tasks() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0"])
def test_no_private_address_is_asked(serve: Serve, receiver: Receiver, host: str) -> None:
    """However it is spelled, a server of the own machine hears nothing."""
    url = f"http://{host}:{receiver.server.server_port}/"
    backend = backend_of(serve, url)
    backend.service.request("POST", "/rest/v1/jobs", None, {"title": "cook"})
    for _ in range(8):
        backend.run_tasks()
        backend.clock.advance(3600)
    (dead,) = backend.dead_tasks()
    assert "its address is not public" in dead.error
    assert receiver.got == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://", "https://me:pw@example.com/", "http://a:b/"]
)
def test_what_is_no_url_is_told_at_load(serve: Serve, url: str) -> None:
    """Another scheme, no host, or a password in it is a mistake of the project."""
    with pytest.raises(ProjectError):
        backend_of(serve, url)


def test_a_message_ends_at_its_time_under_tls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose socket is another object: a receiver that says nothing is cut off, not waited for."""
    monkeypatch.setattr(webhook_requests, "LONGEST", 0.1)
    monkeypatch.setattr(webhook_requests, "TIMEOUT", 5.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(OSError, match=r"EOF|reset|closed") as error:
            webhook_requests.post(url, {}, b"", private=True)

    assert not isinstance(error.value, TimeoutError)
