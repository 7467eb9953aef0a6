"""Variables of a project's `.env` in the environment of its own code.

In charge of what is set, and of taking it back. Must not know the settings, which are read apart.
"""

from __future__ import annotations

import os

from jotbase.errors import Fault, ProjectError
from jotbase.project.folder import Project, read_dotenv
from jotbase.settings import PREFIX


class DotenvVariables:
    """The variables that `.env` has set for the project's code; the environment's own win."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._set: dict[str, str] = {}

    def apply(self) -> None:
        """Set what the file says now, and take back what it said before.

        Settings stay in the file: they may be keys, and a process that code starts gets the whole
        environment. Raises ProjectError.
        """
        wanted = {
            name: value
            for name, value in read_dotenv(self._project).items()
            if not name.startswith(PREFIX)
        }
        if any("\0" in name + value for name, value in wanted.items()):
            raise ProjectError([Fault(".env", "", "a variable holds the character U+0000")])
        self.withdraw()
        self._set = {name: text for name, text in wanted.items() if name not in os.environ}
        os.environ.update(self._set)

    def withdraw(self) -> None:
        """Remove what was set, unless the code has set it anew."""
        for name, value in self._set.items():
            if os.environ.get(name) == value:
                del os.environ[name]
        self._set = {}
