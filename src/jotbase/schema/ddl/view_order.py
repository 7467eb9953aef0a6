"""The order in which views can be made where each must find what it reads.

In charge of that order alone: PostgreSQL looks a view's tables up when it makes the view, SQLite
when it reads it. Must not know either's statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jotbase.schema.ddl.definitions import tokens
from jotbase.schema.model.tables import Table


def views_in_order(tables: Iterable[Table]) -> list[Table]:
    """Return the views of the tables, each behind those that its text may read.

    A name anywhere in the text counts, which may put a view later than it has to be. Of views that
    read each other in a circle the database says so.
    """
    views = {table.name: table for table in tables if table.view is not None}
    named = {name: _names(view.view or "") & views.keys() for name, view in views.items()}
    order: dict[str, None] = {}
    for name in views:
        order.update(dict.fromkeys(_behind(name, named, set())))
    return [views[name] for name in order]


def _behind(name: str, named: dict[str, set[str]], seen: set[str]) -> Iterator[str]:
    """Give what a view reads, innermost first, then the view itself; each once."""
    seen.add(name)
    for other in sorted(named[name] - seen):
        if other not in seen:
            yield from _behind(other, named, seen)
    yield name


def _names(text: str) -> set[str]:
    """Return the names in SQL, those without quotes in lower case too, as PostgreSQL folds them."""
    found = [one for one in tokens(text) if one.kind in ("word", "name")]
    return {one.name for one in found} | {one.name.lower() for one in found if one.word}
