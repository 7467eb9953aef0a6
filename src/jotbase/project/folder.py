"""A project's folder on disk: reading its files, and storing variables in `.env`.

In charge of the folder's layout (schemas/, channels.json, seeds/, functions/, public/, .env,
data/). Must not know the content of the files.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jotbase.errors import Fault, ProjectError
from jotbase.schema.model.topics import FILE
from jotbase.sql.dialect import POSTGRES, SQLITE, Dialect


@dataclass(frozen=True, slots=True)
class Project:
    """A project's folder; `root` is absolute."""

    root: Path

    @property
    def schemas(self) -> Path:
        """The folder of the schema files."""
        return self.root / "schemas"

    @property
    def public(self) -> Path:
        """The folder of the static files."""
        return self.root / "public"

    @property
    def channels(self) -> Path:
        """The file of the project's private topics."""
        return self.root / FILE

    @property
    def functions(self) -> Path:
        """The folder of the project's Flask code."""
        return self.root / "functions"

    def database(self, url: str) -> str:
        """Return the path of a `sqlite:///` URL; a relative one starts at the project.

        Of a server's URL it is where the project's own part of the data would be.
        """
        if is_postgresql(url):
            return str(self.root / "data" / "postgresql")
        return str(self.root / url.removeprefix("sqlite:///"))


def is_postgresql(url: str) -> bool:
    """Return whether a database's URL names a PostgreSQL server."""
    return url.startswith(("postgresql://", "postgres://"))


def dialect_of(url: str) -> Dialect:
    """Return the dialect of SQL that a database's URL stands for."""
    return POSTGRES if is_postgresql(url) else SQLITE


def find_project(folder: str | os.PathLike[str]) -> Project:
    """Return the project in that folder. Raises ProjectError if there is none."""
    root = Path(folder).absolute()
    if not root.is_dir():
        raise ProjectError([Fault(str(root), "", "there is no such folder", _INIT)])
    project = Project(root)
    if not project.schemas.is_dir():
        raise ProjectError([Fault(str(root), "", "the folder holds no schemas/", _INIT)])
    return project


_INIT = "`jotbase init` makes a project; `--project DIR` names one elsewhere"


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the JSON files of a folder by name, in alphabetical order; {} if it is absent."""
    if not folder.is_dir():
        return {}
    files: dict[str, bytes] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.json")):
        try:
            files[path.name] = path.read_bytes()
        except OSError as error:
            faults.append(Fault(f"{folder.name}/{path.name}", "", f"unreadable: {error.strerror}"))
    if faults:
        raise ProjectError(faults)
    return files


def unread_files(folder: Path) -> list[Fault]:
    """Return a fault for each file that is ignored although it was probably meant as a schema."""
    if not folder.is_dir():
        return []
    faults: list[Fault] = []
    for path in sorted(folder.iterdir()):
        place = f"{folder.name}/{path.name}"
        if path.suffix.lower() in _OTHER_FORMATS and path.suffix != ".json" and path.is_file():
            faults.append(Fault(place, "", "schema files are JSON", f"call it {path.stem}.json"))
        elif path.is_dir() and any(path.glob("*.json")):
            hint = f"move its files to {folder.name}/"
            faults.append(Fault(place, "", "folders of schemas are not read", hint))
    return faults


#: How files are called that hold schemas for other tools, or for other eyes.
_OTHER_FORMATS = frozenset(
    {".json", ".json5", ".jsonc", ".yaml", ".yml", ".toml", ".sql", ".prisma"}
)


def read_dotenv(project: Project) -> dict[str, str]:
    """Return the variables of the project's `.env`, {} without one.

    Raises ProjectError with every line that is no assignment; their text may be a secret.
    """
    path = project.root / ".env"
    if not path.is_file():
        return {}
    from dotenv.parser import parse_stream  # 5 ms, and production has no .env

    with path.open(encoding="utf-8") as stream:
        found = list(parse_stream(stream))
    hint = "write NAME=value; a value with blanks, # or line ends stands in quotes"
    faults = [
        Fault(".env", "", f"line {one.original.line} is no assignment", hint)
        for one in found
        if one.error
    ]
    if faults:
        raise ProjectError(faults)
    return {one.key: one.value or "" for one in found if one.key is not None}


def keep_in_dotenv(project: Project, values: Mapping[str, str]) -> None:
    """Set variables in `.env`, which has mode 0600."""
    with _locked(project.root):
        _keep(project, values)


def keep_if_missing(
    project: Project, names: Collection[str], make: Callable[[], Mapping[str, str]]
) -> dict[str, str]:
    """Return these variables of `.env`; what is missing is made and kept.

    Of processes that do so at one moment, one makes them and all return the same.
    """
    with _locked(project.root):
        present = read_dotenv(project)
        missing = [name for name in names if not present.get(name)]
        if missing:
            made = make()
            fresh = {name: made[name] for name in missing}
            _keep(project, fresh)
            present |= fresh
        return {name: present[name] for name in names}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder for one process; the lock ends with the process (flock(2))."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _keep(project: Project, values: Mapping[str, str]) -> None:
    path = project.root / ".env"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    kept = [line for line in before.splitlines() if line.partition("=")[0].strip() not in values]
    lines = [*kept, *(f"{key}='{value}'" for key, value in values.items())]
    fresh = path.with_name(".env.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)  # where an attempt that was cut short had left it otherwise
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@contextmanager
def served(database: str, url: str) -> Iterator[None]:
    """Publish the URL of the running server of a database, for other commands."""
    path = Path(f"{database}.served")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, url.encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def where_served(database: str) -> str | None:
    """Return the URL of the running server of a database, None when there is none."""
    try:
        descriptor = os.open(f"{database}.served", os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(descriptor, 4096).decode() or None
    else:
        return None  # what a server left that was killed
    finally:
        os.close(descriptor)
