"""From a folder to a backend: settings, keys, files and engine, in the order in which they fail.

In charge of what every command does first. Must not know what the command does then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jotbase.app import Backend
from jotbase.data import Meaning, constraint_names, read_meaning, row_decoder
from jotbase.engines.sqlite import SqliteEngine, SqliteOptions
from jotbase.keychain import read_keys, with_keys
from jotbase.project import Project, find_project, read_dotenv
from jotbase.query.operators import SQL_FUNCTIONS
from jotbase.settings import Settings, read_settings


def load_settings(folder: str, overrides: Mapping[str, Any] | None = None) -> tuple[Project, Settings]:
    """Return the project of a folder and its settings, options of the command line winning.

    Raises ProjectError and SettingError.
    """
    project = find_project(folder)
    settings = read_settings(os.environ, read_dotenv(project))
    return project, replace(settings, **(overrides or {}))


def site_url(settings: Settings, port: int | None = None) -> str:
    """Return the URL that users see."""
    if settings.site_url is not None:
        return settings.site_url
    local = settings.host in ("127.0.0.1", "0.0.0.0", "::1", "::")  # noqa: S104 - compared, not bound
    host = "localhost" if local else settings.host
    return f"http://{host}:{settings.port if port is None else port}"


def sqlite_options(
    meaning: Meaning, settings: Settings, image: bytes | None = None
) -> SqliteOptions:
    """Return what the embedded engine is given for a project; `image` fills a new database."""
    return SqliteOptions(
        functions=SQL_FUNCTIONS,
        decode=row_decoder(meaning.model),
        constraint=constraint_names(meaning.model),
        statement_timeout=settings.statement_timeout,
        image=image,
    )


def load(project: Project, settings: Settings, url: str) -> Backend:
    """Return the project's backend, not yet started; keys are made if there are none.

    Raises ProjectError for mistakes in its files, before anything is made.
    """
    meaning = read_meaning(project)
    settings = with_keys(project, settings)
    ring = read_keys(settings)
    options = sqlite_options(meaning, settings)
    engine = SqliteEngine(project.database(settings.database_url), options)
    return Backend(project, settings, meaning, ring, engine, url)
