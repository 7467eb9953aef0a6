"""Rows that may be there already: ON CONFLICT, and the old rows that the rules must see.

In charge of `resolution=merge-duplicates`, `ignore-duplicates` and PUT. Must not know answers.
"""

from __future__ import annotations

from typing import Any

from jotbase.errors import AccessError, RequestError
from jotbase.query.nodes import InsertPlan
from jotbase.query.row_keys import Key, among, spelled
from jotbase.query.storing import load, returned
from jotbase.query.updatable import Face
from jotbase.query.written import Means
from jotbase.schema.convert import stored
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row


def conflict_clause(
    plan: InsertPlan, names: tuple[str, ...], rows: list[Row], dialect: Dialect
) -> str:
    """Return ` ON CONFLICT …` that merges the named columns, or nothing if a clash is an error.

    Raises RequestError 21000 if two of the rows have the same key.
    """
    if plan.resolution is None or not rows:
        return ""
    columns = ", ".join(map(dialect.identifier, plan.conflict))
    if plan.resolution == "ignore":
        return f" ON CONFLICT ({columns}) DO NOTHING"
    _refuse_twice(plan, rows)
    listed = map(dialect.identifier, names or plan.conflict)
    setting = ", ".join(f"{name} = excluded.{name}" for name in listed)
    return f" ON CONFLICT ({columns}) DO UPDATE SET {setting}"


def _keyed(plan: InsertPlan, rows: list[Row]) -> list[Row]:
    """Return the rows that bring a whole key; the others are new in any case."""
    return [row for row in rows if all(row.get(name) is not None for name in plan.conflict)]


def _refuse_twice(plan: InsertPlan, rows: list[Row]) -> None:
    keys = [tuple(repr(row[name]) for name in plan.conflict) for row in _keyed(plan, rows)]
    if len(set(keys)) < len(keys):
        raise RequestError(
            "21000",
            "ON CONFLICT DO UPDATE command cannot affect row a second time",
            hint="Ensure that no rows proposed for insertion within the same command have"
            " duplicate constrained values.",
            status=500,
        )


def existing_rows(
    plan: InsertPlan, rows: list[Row], means: Means
) -> UnitOfWork[dict[tuple[Any, ...], Row]]:
    """Return the rows that are about to be merged into, by the columns of the conflict.

    Raises AccessError 42501 for rows that the view which is written through does not have.
    """
    bringing = _keyed(plan, rows) if plan.resolution == "merge" else []
    if not bringing:
        return {}
    table, dialect = plan.table, means.dialect
    kinds = [table.by_name[name].type for name in plan.conflict]
    values = [
        tuple(
            stored(kind, row[name], dialect)
            for name, kind in zip(plan.conflict, kinds, strict=True)
        )
        for row in bringing
    ]
    keys = [one[0] for one in values] if len(kinds) == 1 else values
    wanted = among(plan.conflict, keys, dialect)
    text = f"SELECT {returned(table, dialect)} FROM {dialect.identifier(table.name)} WHERE "
    found = yield text + wanted
    known, olds = load(table, found, dialect)
    if olds and isinstance(table, Face):
        yield from _refuse_unseen(table, known, dialect)
    return {tuple(row[name] for name in plan.conflict): row for row in olds}


def _refuse_unseen(face: Face, keys: list[Key], dialect: Dialect) -> UnitOfWork[None]:
    """Refuse to merge into rows that the view does not have. Raises AccessError 42501."""
    names = spelled(face.row_key, dialect)
    unseen = yield (
        f"SELECT 1 FROM {dialect.identifier(face.name)} WHERE "
        + among(face.row_key, keys, dialect)
        + f" AND ({names}) NOT IN (SELECT {names} {face.rows_of}) LIMIT 1"
    )
    if unseen:
        raise AccessError(
            "42501",
            "new row violates row-level security policy (USING expression) for table"
            f' "{face.shown.name}"',
            details="A row of that key is there, but the view does not show it.",
            status=403,
        )
