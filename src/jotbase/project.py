"""A project's folder on disk: its files read, its keys made and kept on first start.

In charge of the folder's layout (schemas/, seeds/, functions/, public/, .env, data/). Must not know
what the files mean.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jotbase.errors import Fault, ProjectError


@dataclass(frozen=True, slots=True)
class Project:
    """A project's folder; `root` is absolute."""

    root: Path

    @property
    def schemas(self) -> Path:
        """Where the schema files are."""
        return self.root / "schemas"

    @property
    def public(self) -> Path:
        """Where the static files are."""
        return self.root / "public"

    @property
    def functions(self) -> Path:
        """Where the user's Flask code is."""
        return self.root / "functions"

    def database(self, url: str) -> str:
        """Return the path of a `sqlite:///` URL; a relative one starts at the project."""
        return str(self.root / url.removeprefix("sqlite:///"))


def find_project(folder: str | os.PathLike[str]) -> Project:
    """Return the project in that folder. Raises ProjectError when it is none."""
    root = Path(folder).absolute()
    if not root.is_dir():
        raise ProjectError([Fault(str(root), "", "there is no such folder", _INIT)])
    project = Project(root)
    if not project.schemas.is_dir():
        raise ProjectError([Fault(str(root), "", "the folder holds no schemas/", _INIT)])
    return project


_INIT = "`jotbase init` makes a project; `--project DIR` names one elsewhere"


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the JSON files of a folder by name, in alphabetical order; none if it is absent."""
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


def read_dotenv(project: Project) -> dict[str, str]:
    """Return the variables of the project's `.env`, {} without one."""
    from dotenv import dotenv_values  # 37 ms, and production has no .env

    path = project.root / ".env"
    if not path.is_file():
        return {}
    return {key: value or "" for key, value in dotenv_values(path, interpolate=False).items()}


def keep_in_dotenv(project: Project, values: Mapping[str, str]) -> None:
    """Append variables to `.env`, which only its owner may read (mode 600)."""
    path = project.root / ".env"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    kept = [line for line in before.splitlines() if line.partition("=")[0].strip() not in values]
    lines = [*kept, *(f"{key}='{value}'" for key, value in values.items())]
    fresh = path.with_name(".env.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
