"""Whether rows that are in the change log may still be told after a change of the model.

In charge of comparing two models in what decides who is told which values of a logged row: rules
are asked when a change is told, so a replay would show old rows to whom the new rule lets see
them. Must not know the log or its readers.
"""

from __future__ import annotations

from typing import Any

from jotbase.schema.model.tables import Column, Model, Table


def may_be_told_otherwise(old: Model, new: Model) -> bool:
    """Return whether a row that was logged under the old model may be shown to more callers, or
    with more of its values, under the new one.
    """
    return any(_may(before, new.tables.get(before.name)) for before in old if before.realtime)


def _may(old: Table, new: Table | None) -> bool:
    if new is None:
        return False  # a later table of this name begins without changes
    if not new.realtime:
        return True  # the rule may change before the table is followed again
    return _rule(old) != _rule(new) or any(
        _shows_more(column, new.by_name.get(column.name)) for column in old.columns
    )


def _rule(table: Table) -> Any:
    """Return what the answer of the select rule depends on: its text, and where it leads to."""
    leads = {name: (key.target, key.target_columns) for name, key in table.references.items()}
    return table.access.get("select"), leads


def _shows_more(old: Column, new: Column | None) -> bool:
    """Return whether logged values of a column may be read otherwise than when they were logged.

    Of a column that was dropped, a later one of its name would show them. A column that was not
    there, or that is hidden from now on, shows none.
    """
    return new is None or old.type_name != new.type_name or (old.write_only and not new.write_only)
