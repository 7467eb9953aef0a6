"""A mail server on the loopback that keeps what it is sent, so that a test can read it.

In charge of just enough of RFC 5321 and of AUTH PLAIN. Must not know what the mails are for.
"""

from __future__ import annotations

import base64
import queue
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """What came in: `wait` returns the next mail; `credentials` are those of each log-in."""

    port: int = 0
    refusals: list[bytes] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    mails: queue.Queue[EmailMessage] = field(default_factory=queue.Queue)

    def wait(self) -> EmailMessage:
        """Return the next mail, once it is there."""
        return self.mails.get(timeout=20)


class _Session(socketserver.StreamRequestHandler):
    box: Mailbox
    context: ssl.SSLContext | None
    at_once: bool

    def handle(self) -> None:
        try:
            self._greet()
        except OSError:
            return  # a client that does not trust the certificate hangs up
        finally:
            self.rfile.close()
            self.connection.close()

    def _greet(self) -> None:
        if self.at_once:
            self._secure()
        self._say(b"220 mailbox")
        while line := self.rfile.readline():
            verb = line.split(None, 1)[0].upper() if line.strip() else b""
            if verb == b"DATA":
                self._take()
            elif verb == b"AUTH":
                said = base64.b64decode(line.split()[2]).decode()
                self.box.credentials.append(said.replace("\0", " ").strip())
                self._say(b"235 welcome")
            elif verb == b"QUIT":
                return self._say(b"221 bye")
            elif verb == b"STARTTLS":
                self._say(b"220 go on")
                self._secure()
            elif verb == b"MAIL" and self.box.refusals:
                self._say(self.box.refusals.pop(0))
            else:
                self._say(self._offers() if verb == b"EHLO" else b"250 ok")
        return None

    def _offers(self) -> bytes:
        secure = isinstance(self.connection, ssl.SSLSocket)
        starttls = b"" if self.context is None or secure else b"250-STARTTLS\r\n"
        return b"250-mailbox\r\n" + starttls + b"250 AUTH PLAIN"

    def _secure(self) -> None:
        assert self.context is not None
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)

    def _take(self) -> None:
        self._say(b"354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".").removesuffix(b"\r\n") + b"\n")
        self._say(b"250 taken")
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.box.mails.put(message)

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def mailbox(
    host: str = "127.0.0.1", context: ssl.SSLContext | None = None, *, at_once: bool = False
) -> Iterator[Mailbox]:
    """Run a mail server on a free port while the block runs.

    With a context it offers STARTTLS, or speaks TLS `at_once`.
    """
    box = Mailbox()
    handler = type("Handler", (_Session,), {"box": box, "context": context, "at_once": at_once})
    with socketserver.ThreadingTCPServer((host, 0), handler) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
