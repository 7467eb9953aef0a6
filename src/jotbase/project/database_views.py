"""Reflecting the model's views from the database: the origins of their columns, and triggers.

In charge of reading these facts. Must not know their use in requests (`query.plan`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import apsw

from jotbase.engines.base import Engine
from jotbase.engines.sqlite.database.view_columns import column_origins
from jotbase.project.data import ProjectDefinition
from jotbase.project.sql_trial import emptied
from jotbase.query.plan.relations import with_view_columns
from jotbase.query.plan.triggered_views import (
    POSTGRES_VIEW_TRIGGERS,
    VIEW_TRIGGERS,
    with_triggers,
)
from jotbase.schema.ddl.tables import create_view
from jotbase.schema.model.tables import Model

_TRIGGERS = {"sqlite": VIEW_TRIGGERS, "postgres": POSTGRES_VIEW_TRIGGERS}


async def with_views(definition: ProjectDefinition, engine: Engine) -> ProjectDefinition:
    """Return the definition with its views' reflected facts; unchanged if it has no view."""
    model = definition.model
    views = [table.name for table in model if table.view is not None]
    if not views:
        return definition
    origins = {view: await engine.origins(view) for view in views}
    found = await engine.read(_TRIGGERS[engine.dialect.name], ())
    return replace(definition, model=with_triggers(with_view_columns(model, origins), found))


def with_views_of_files(model: Model) -> Model:
    """Return the model with what its views' columns show, found on an empty database in memory."""
    views = [table for table in model if table.view is not None]
    if not views:
        return model
    with emptied(model) as connection:
        for view in views:
            with suppress(apsw.Error):  # in PostgreSQL's own words, it shows what its file says
                connection.execute(create_view(view))
        shown = {view.name: _origins(connection, view.name) for view in views}
    return with_view_columns(model, shown)


def _origins(connection: apsw.Connection, view: str) -> dict[str, tuple[str, str]]:
    try:
        return column_origins(connection, view)
    except apsw.Error:
        return {}
