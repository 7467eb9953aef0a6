"""The requests of webhooks: sent to an address that was looked at, under a time limit.

In charge of connecting, and of what counts as delivered. Must not know what is sent, nor when.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

from jotbase.tasks.webhooks import is_public

#: The longest to connect and between two pieces of the answer, and for a whole message, in seconds.
TIMEOUT, LONGEST = 10.0, 30.0


class NotDelivered(Exception):
    """A message that was not accepted; the text says why, and holds no secret."""


def read_url(url: str) -> tuple[SplitResult, str | None]:
    """Return a URL's parts, and what is wrong with it."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError for what is no port
    except ValueError as error:
        return SplitResult("", "", "", "", ""), f"the URL of a webhook cannot be read: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return parts, f"{parts.scheme}://… is no URL of http or https"
    return parts, "a URL holds no password" if parts.username or parts.password else None


def post(url: str, headers: dict[str, str], body: bytes, private: bool) -> None:
    """Send a POST to an address that was looked at, whatever the name resolves to next.

    Redirects are not followed: a public server could name a private address. Raises NotDelivered
    or OSError.
    """
    parts, _ = read_url(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    with _connected(_addresses(host, port, private), port) as plain:
        connection = HTTPConnection(parts.netloc, timeout=TIMEOUT)
        connection.sock = plain
        if secure:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, headers)
            status = connection.getresponse().status
        except HTTPException as error:
            raise NotDelivered(f"the answer is no HTTP: {type(error).__name__}") from error
        finally:
            connection.close()
    if not 200 <= status < 300:
        raise NotDelivered(f"the receiver answered {status}")


@contextmanager
def _connected(addresses: list[str], port: int) -> Iterator[socket.socket]:
    """Give a connection to the first address that takes one; it ends after the longest time."""
    for number, address in enumerate(addresses, 1):
        try:
            plain = socket.create_connection((address, port), TIMEOUT)
            break
        except OSError:
            if number == len(addresses):
                raise
    # TLS takes the socket away from this object, so that another one has to end the connection.
    with plain, plain.dup() as twin:
        ending = threading.Timer(LONGEST, _end, (twin,))
        ending.daemon = True
        ending.start()
        try:
            yield plain
        finally:
            ending.cancel()


def _end(plain: socket.socket) -> None:
    try:
        plain.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has ended already
        return


def _addresses(host: str, port: int, private: bool) -> list[str]:
    """Resolve a name once. Raises NotDelivered if any of its addresses is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not private and not all(map(is_public, addresses)):
        raise NotDelivered("its address is not public; JOTBASE_WEBHOOKS_PRIVATE=true allows others")
    return addresses
