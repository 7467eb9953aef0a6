"""`jotbase serve`: one process that serves the project.

In charge of what a start needs and of what it prints. Must not know how anything is answered.
"""

from __future__ import annotations

import argparse
import logging
import sys

from jotbase.app import Backend, load
from jotbase.settings import Settings, fields_with_help


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments; the settings are listed in its help."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--host", help="the address to listen on (JOTBASE_HOST)")
    parser.add_argument("--port", type=int, help="the port; 0 takes a free one (JOTBASE_PORT)")
    parser.add_argument(
        "--reload", action="store_true", help="apply changes of schemas/ and functions/ while serving"
    )
    width = max(len(name) for name, _, _ in fields_with_help()) + 2
    lines = [f"  {name:<{width}}{text} [{default}]" for name, default, text in fields_with_help()]
    parser.epilog = "settings, from the environment or the project's .env:\n" + "\n".join(lines)


def run(options: argparse.Namespace) -> int:
    """Serve until the process is told to stop."""
    from jotbase.http.server import listen
    from jotbase.http.server import run as run_server

    overrides = {"host": options.host, "port": options.port}
    given = {name: value for name, value in overrides.items() if value is not None}
    backend = load(options.project, given)
    settings = backend.settings
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    backend.listens_on(port)
    started = run_server(
        backend.application(reload=options.reload), listener, lambda: _greet(backend, settings, port)
    )
    return 0 if started else 1


def _greet(backend: Backend, settings: Settings, port: int) -> None:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::1", "::") else settings.host
    url = settings.site_url or f"http://{host}:{port}"
    tables = len(backend.model.tables)
    lines = [f"Jotbase serves {tables} tables from {backend.project.root}"]
    if backend.project.public.is_dir():
        lines.append(f"  page             {url}/")
    lines += [
        f"  API              {url}/rest/v1/",
        f"  publishable key  {backend.ring.publishable_key}",
        "",
        f"Try:  curl '{url}/rest/v1/{backend.a_table()}?limit=3' -H 'apikey: <publishable key>'",
        "Keys for servers: jotbase keys    Rules and schemas: jotbase check    Stop: Ctrl-C",
    ]
    print("\n".join(lines), flush=True)
    for note in backend.notes:
        print(f"jotbase: {note}", file=sys.stderr, flush=True)
