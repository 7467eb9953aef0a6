"""Loading a backend from a project's folder: settings, schema files, keys, engine.

In charge of the steps that every command begins with. Must not know what the command does then.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from jotbase.app import Backend, Compute, EngineMaker
from jotbase.engines.base import Engine
from jotbase.engines.sqlite import CallLimits, SqliteEngine, SqliteOptions
from jotbase.engines.sqlite.database.files import keep_private
from jotbase.expression.data_types.exact_sums import aggregates
from jotbase.project.data import ConstraintName, read_definition
from jotbase.project.folder import Project, dialect_of, find_project, is_postgresql, read_dotenv
from jotbase.project.keychain import read_keys, with_keys
from jotbase.project.sql_trial import FUNCTIONS
from jotbase.query.plan.computed import SQL_NAME
from jotbase.schema.model.tables import Model
from jotbase.settings import PREFIX, Settings, read_settings, variable
from jotbase.values import Row

log = logging.getLogger(__name__)


def load_settings(
    folder: str, overrides: Mapping[str, Any] | None = None
) -> tuple[Project, Settings]:
    """Return the project of a folder and its settings; `overrides` are command-line options.

    Raises ProjectError and SettingError.
    """
    project = find_project(folder)
    settings = settings_of(project)
    return project, replace(settings, **(overrides or {}))


def settings_of(project: Project) -> Settings:
    """Return the settings of the environment and of the project's `.env`.

    Logs which variables of `.env` would be settings if they had the prefix. Raises ProjectError
    and SettingError.
    """
    dotenv = read_dotenv(project)
    known = {variable(item.name) for item in fields(Settings)}
    for name in dotenv:
        if (meant := f"{PREFIX}{name.upper()}") in known:
            log.warning(".env: %s is not read by Jotbase; the setting is %s", name, meant)
    return read_settings(os.environ, dotenv)


def server_url(settings: Settings, port: int | None = None) -> str:
    """Return the public URL of the server: that of its own, of the site, else host and port."""
    if public := settings.api_url or settings.site_url:
        return public
    local = settings.host in ("127.0.0.1", "0.0.0.0", "::1", "::")  # noqa: S104 - compared, not bound
    host = "localhost" if local else settings.host
    return f"http://{host}:{settings.port if port is None else port}"


def engine_maker(
    path: str,
    settings: Settings,
    model: Model,
    image: bytes | None = None,
    *,
    changing: bool = False,
) -> EngineMaker:
    """Return a factory of the engine for the model; `image` is the content of a new database, as
    bytes of a database file. A `changing` model is one that reloads replace.

    `path` is a file's, or the URL of a PostgreSQL database.
    """
    if is_postgresql(path):
        return _postgresql_maker(path, settings)

    def make(
        decode: Callable[[str, str], Row], constraint: ConstraintName, compute: Compute
    ) -> Engine:
        return SqliteEngine(
            path,
            SqliteOptions(
                functions={**FUNCTIONS, **aggregates(model, changing=changing)},
                connection_functions={SQL_NAME: compute},
                decode=decode,
                constraint=constraint,
                statement_timeout=settings.statement_timeout,
                unit_timeout=settings.transaction_timeout,
                calls=CallLimits(settings.functions_threads, settings.functions_queue),
                image=image,
                max_answer=settings.max_answer,
            ),
        )

    return make


def _postgresql_maker(url: str, settings: Settings) -> EngineMaker:
    def make(
        decode: Callable[[str, str], Row], _constraint: ConstraintName, compute: Compute
    ) -> Engine:
        # 60 ms of imports that a project on the embedded database need not wait for.
        from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
        from jotbase.engines.postgresql.database.pool import PoolLimits

        seconds = settings.database_pool_timeout
        return PostgresEngine(
            url,
            PostgresOptions(
                decode=decode,
                statement_timeout=settings.statement_timeout,
                unit_timeout=settings.transaction_timeout,
                pool=PoolLimits(settings.database_pool, settings.database_pool * 100, seconds),
                calls=CallLimits(settings.functions_threads, settings.functions_queue),
                compute=compute,
                replicas=settings.database_replicas,
                max_answer=settings.max_answer,
            ),
        )

    return make


def load(project: Project, settings: Settings, url: str, *, changing: bool = False) -> Backend:
    """Return the project's backend, not started yet; missing keys are generated. A `changing` one
    may be reloaded.

    Raises ProjectError for mistakes in its files, before any file is written.
    """
    definition = read_definition(project, dialect=dialect_of(settings.database_url))
    settings = with_keys(project, settings)
    ring = read_keys(settings)
    database = Path(project.database(settings.database_url))
    keep_private(project.root / ".env")
    if database.parent == project.root / "data":
        keep_private(database.parent)
    place = settings.database_url if is_postgresql(settings.database_url) else str(database)
    make = engine_maker(place, settings, definition.model, changing=changing)
    return Backend(project, settings, definition, ring, make, url)
