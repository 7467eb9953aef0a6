"""The server process: uvicorn on uvloop, with the protocols of this package.

In charge of listening, signals, memory settings and reporting readiness. Must not know what is
served.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from uvicorn.config import Config
from uvicorn.server import Server as UvicornServer

from jotbase.errors import Fault, ProjectError
from jotbase.http.edge.asgi import Application
from jotbase.http.edge.connections import Connections
from jotbase.http.live.sending.frames import FrameProtocol
from jotbase.http.server.fast_path import FastPath, fast_path_protocol
from jotbase.http.server.forking import end_children, release_in_children

#: The largest WebSocket message of a client, in bytes: Supabase Realtime's limit.
MAX_FRAME = 5_000_000
#: The backlog of the listening socket (listen(2)): uvicorn's default.
BACKLOG = 2048

#: File descriptors that are reserved for the database, the log and the program itself.
OWN_FILES = 128

#: How long a thread keeps the interpreter's lock once the loop wants it, in seconds: a request
#: wants it a few times, and Python's own 5 ms each would be its 20 ms beside a search.
SWITCH = 0.0005

#: The signals that end the process, the last one if all else fails.
ENDING = {signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGALRM", signal.SIGTERM)}
#: Seconds from the first signal to the end of the process, at most.
STOP_WITHIN = 15

#: How long after the start all that stays has been loaded, in seconds.
SETTLED = 1.0
#: Bytes from which on a block of memory is the system's own, and glibc's number of that option.
LARGE_BLOCK, _M_MMAP_THRESHOLD = 256 * 1024, -3
#: Objects made until the collector looks at the young ones; Python's 700 are a handful of requests.
YOUNG = 10_000


def freeze_garbage_collector() -> None:
    """Exclude the loaded objects from garbage collection, which would traverse them repeatedly.

    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    _return_large_blocks()


def _return_large_blocks() -> None:
    """Have glibc give large blocks back to the system as soon as they are free (mallopt(3)).

    It would raise its own threshold to 32 MiB after the first large answer, and keep the next ones.
    """
    with contextlib.suppress(AttributeError, OSError):  # no glibc
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


class Server(UvicornServer):
    """uvicorn's server, which calls `ready` once it listens."""

    def __init__(self, config: Config, ready: Callable[[], None], services: Connections) -> None:
        super().__init__(config)
        self._ready = ready
        self._services = services

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGTERM end the process with 0, once the server has stopped as it was told to.

        uvicorn would raise the signal again, and the supervisor read a death by it. SIGINT still
        is: a script that Ctrl-C interrupts must not go on.
        """
        with super().capture_signals():
            if hasattr(signal, "pthread_sigmask"):  # the project's code may have blocked them
                signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            yield
            self._captured_signals[:] = [
                one for one in self._captured_signals if one != signal.SIGTERM
            ]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and within STOP_WITHIN seconds in any case: the kernel sees to that, whatever
        hangs, a thread of the project's or the interpreter. What was acknowledged is on disk.
        """
        if hasattr(signal, "alarm"):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(STOP_WITHIN)
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()
            self._watch = asyncio.create_task(self._services.watch())
            asyncio.get_running_loop().call_later(SETTLED, freeze_garbage_collector)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ProjectError when the address cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Bound with SO_REUSEADDR, a port can be bound again until somebody listens on it.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        hint = "choose another with --port, or stop the program that has it"
        fault = Fault(f"{host}:{port}", "", f"cannot listen there: {error.strerror}", hint)
        raise ProjectError([fault]) from error
    listener.set_inheritable(False)
    return listener


def connection_limit(wanted: int) -> int:
    """Raise the limit of open files as far as possible; return the resulting limit of
    connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OWN_FILES
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(wanted, soft - OWN_FILES), 1)


def run(
    served: tuple[Application, FastPath],
    listener: socket.socket,
    ready: Callable[[], None],
    most: tuple[int, int],
    proxies: int = 0,
) -> bool:
    """Serve until SIGINT or SIGTERM; return whether the server had started.

    `most` is the limit of connections (in total, from one address, which so many `proxies` tell).
    """
    application, direct = served
    sys.setswitchinterval(SWITCH)
    services = Connections(connection_limit(most[0]), most[1], proxies)
    config = Config(
        application,
        loop="uvloop",
        http=fast_path_protocol(direct, services),
        ws=FrameProtocol,
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config, ready, services)
    release_in_children(listener.getsockname()[1])
    try:
        server.run(sockets=[listener])
    except SystemExit:  # uvicorn raises it when the application cannot start
        return False
    finally:
        end_children()
    return server.started
