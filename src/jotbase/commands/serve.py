"""`jotbase serve`: one process that serves the project.

In charge of starting the server and of what it prints. Must not know how requests are handled.
"""

from __future__ import annotations

import argparse
import logging
from contextlib import ExitStack
from typing import Any

from jotbase.app import Backend
from jotbase.auth.tokens.apikeys import opaque_key
from jotbase.errors import ProjectError
from jotbase.http.server.routes import application, direct
from jotbase.project.folder import served as announced
from jotbase.settings import settings_help
from jotbase.startup.loading import load, load_settings, server_url
from jotbase.startup.reload import reloading
from jotbase.values import ANON


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments; the settings are listed in its help."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--host", help="the address to listen on (JOTBASE_HOST)")
    parser.add_argument("--port", type=int, help="the port; 0 takes a free one (JOTBASE_PORT)")
    parser.add_argument(
        "--reload", action="store_true", help="apply changes of schemas/ and functions/ at once"
    )
    rows = settings_help()
    width = max(len(name) for name, _, _ in rows) + 2
    lines = [
        f"  {name:<{width}}{text}" + (f" [{default}]" if default else "")
        for name, default, text in rows
    ]
    parser.epilog = "settings, from the environment or the project's .env:\n" + "\n".join(lines)


def run(options: argparse.Namespace) -> int:
    """Serve until the process receives SIGINT or SIGTERM."""
    from jotbase.http.server import process as server

    overrides: dict[str, Any] = {"host": options.host, "port": options.port}
    given = {name: value for name, value in overrides.items() if value is not None}
    project, settings = load_settings(options.project, given)
    _log(settings.log_level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # A failed start is reported by its error; uvicorn's message would repeat it.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "startup" not in record.msg)
    listener = server.listen(settings.host, settings.port)
    url = server_url(settings, listener.getsockname()[1])
    backend = load(project, settings, url, changing=options.reload)
    failures: list[ProjectError] = []
    routes = backend.routes(on_failure=failures.append)
    served = application(routes)
    if options.reload:
        served = reloading(served, backend)
    with ExitStack() as running:
        database = project.database(settings.database_url)

        def ready() -> None:
            running.enter_context(announced(database, url))
            _greet(backend)

        most = (settings.max_connections, settings.max_connections_per_address)
        served_by = (served, direct(routes))
        started = server.run(served_by, listener, ready, most, settings.proxies)
    if failures:
        raise failures[0]
    return 0 if started else 1


def _log(level: str) -> None:
    lines = "%(asctime)s %(levelname)s %(name)s%(in_request)s: %(message)s"
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(lines, defaults={"in_request": ""}))
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _greet(backend: Backend) -> None:
    tables = backend.definition.model.tables
    first = next(iter(tables), "TABLE")
    page = [f"  page             {backend.url}/"] if backend.project.public.is_dir() else []
    lines = [
        f"Jotbase serves {len(tables)} tables from {backend.project.root}",
        *page,
        f"  API              {backend.url}/rest/v1/",
        f"  publishable key  {opaque_key(ANON, backend.ring)}",
        "",
        f"Try: curl '{backend.url}/rest/v1/{first}?limit=3' -H 'apikey: <publishable key>'",
        "Keys for servers: jotbase keys   Mistakes: jotbase check   Stop: Ctrl-C",
    ]
    print("\n".join(lines), flush=True)
