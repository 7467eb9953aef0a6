"""Tables of broadcasts (`"realtime": "broadcast"`): the columns that a message needs.

In charge of their faults. Must not know who is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.errors import Fault
from jotbase.schema.model.tables import Table, Type

#: The value of `realtime` by which a table is one of broadcasts.
BROADCAST = "broadcast"
#: The columns, and the types of each; `private` may be left out.
_COLUMNS = {
    "topic": ((Type.TEXT,), 'a "string"'),
    "event": ((Type.TEXT,), 'a "string"'),
    "payload": ((Type.JSON,), 'an "object"'),
    "inserted_at": ((Type.TIMESTAMP,), 'a "string" of the format "date-time"'),
    "private": ((Type.BOOLEAN,), 'a "boolean"'),
}


def broadcast_faults(table: Table) -> Iterator[Fault]:
    """Yield what a table of broadcasts lacks."""
    if not table.broadcast or table.view is not None:
        return
    if len(table.primary_key) != 1:
        reason = "a message is told by its primary key, which is one column"
        yield Fault(table.file, "/primaryKey", reason, 'for example "primaryKey": ["id"]')
    for name, (types, form) in _COLUMNS.items():
        column = table.by_name.get(name)
        if column is None and name == "private":
            continue
        if column is None or column.type not in types or (column.nullable and name != "payload"):
            hint = f'"{name}" is {form}, and required or with a default'
            reason = f"a table of broadcasts has a column {name}"
            yield Fault(table.file, "/realtime", reason, hint)
