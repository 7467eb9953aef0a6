"""`jotbase pull`: writes schema files for the tables of an existing database.

In charge of the files' paths, of never overwriting a different file, and of configuring the project
to serve this database. Must not know the content of a file (`schema.pulling`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from jotbase.engines.sqlite import SqliteEngine
from jotbase.engines.sqlite.database.catalog import introspect
from jotbase.errors import Fault, ProjectError
from jotbase.project.folder import Project, keep_in_dotenv, read_dotenv
from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Model
from jotbase.schema.pulling.columns import CONDITIONS
from jotbase.schema.pulling.pull import Pulled, adoption_statements, pull
from jotbase.settings import Settings, variable
from jotbase.sql.units import UnitOfWork

_SCHEME = "sqlite:///"
_IGNORED = "data/\n.env\n__pycache__/\n"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("url", metavar="URL", help="the database: sqlite:///app.db")
    parser.add_argument("--out", metavar="DIR", help="the project's folder (default: --project)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Write the schema files, and configure the project to serve the database as it is."""
    database = _path(options.url)
    project = Project(Path(options.out or options.project).absolute())
    catalog = introspect(str(database), CONDITIONS)
    pulled = pull(catalog)
    _write_files(project, pulled)
    _set_database_url(project, database, pulled)
    if catalog.stored_model != serialization.dump(pulled.model):
        asyncio.run(_adopt(str(database), pulled.model))
    _print(options, project, pulled)
    return 0


def _path(url: str) -> Path:
    if "://" in url and not url.startswith(_SCHEME):
        reason = "only SQLite databases can be pulled yet"
        raise ProjectError([Fault(url.partition("://")[0], "", reason, "write sqlite:///app.db")])
    return Path(url.removeprefix(_SCHEME)).absolute()


def _write_files(project: Project, pulled: Pulled) -> None:
    """Write all files, or none when one exists with other content."""
    faults: list[Fault] = []
    for name, data in pulled.files.items():
        path = project.schemas / name
        if path.exists() and path.read_bytes() != data:
            reason = "the file is there already and says something else"
            faults.append(Fault(str(path), "", reason, "move it away, or name another --out"))
    if faults:
        raise ProjectError(faults)
    project.schemas.mkdir(parents=True, exist_ok=True)
    for name, data in pulled.files.items():
        (project.schemas / name).write_bytes(data)
    ignored = project.root / ".gitignore"
    if not ignored.exists():
        ignored.write_text(_IGNORED, encoding="utf-8")


def _set_database_url(project: Project, database: Path, pulled: Pulled) -> None:
    """Write the database's URL to `.env`, unless it names a database already."""
    name = variable("database_url")
    configured = read_dotenv(project).get(name)
    if Path(project.database(configured or Settings().database_url)) == database:
        return
    if configured is None:
        inside = database.is_relative_to(project.root)
        path = database.relative_to(project.root) if inside else database
        keep_in_dotenv(project, {name: f"{_SCHEME}{path.as_posix()}"})
    else:
        pulled.notes.append(f"{name} in .env names another database: it is left as it is")


async def _adopt(database: str, model: Model) -> None:
    engine = SqliteEngine(database)
    await engine.open()
    try:
        await engine.write(lambda: _note_model(model), timed=False)
    finally:
        await engine.close()


def _note_model(model: Model) -> UnitOfWork[None]:
    yield from adoption_statements(model)


def _print(options: argparse.Namespace, project: Project, pulled: Pulled) -> None:
    if options.json:
        document = {"files": list(pulled.files), "notes": pulled.notes}
        print(json.dumps(document, indent=2))
        return
    for note in pulled.notes:
        print(note)
    count = len(pulled.files)
    print(f"Wrote {count} schema {'file' if count == 1 else 'files'} to {project.schemas}.")
    print('No file has access rules: until you add "access", the service role alone may read.')
    where = "" if project.root == Path.cwd() else f" --project {project.root}"
    print(f"Next: jotbase serve{where}")
