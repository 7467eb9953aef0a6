"""Pruning the change log: whole partitions are dropped, the rest is deleted.

In charge of the statements. Must not know how much is kept, or when the log is pruned.
"""

from __future__ import annotations

from jotbase.sql.units import Statement, UnitOfWork

_OLD = (
    'SELECT coalesce(max("number"), 0) FROM "jotbase"."changes"'
    ' WHERE "number" <= ? OR "committed_at" < ?::text::timestamptz'
)
_PARTS = (
    "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
    ' WHERE i.inhparent = \'"jotbase"."changes"\'::regclass'
)


def prune(last: int, before: str, size: int) -> UnitOfWork[int]:
    """Prune what has a number up to `last`, or was committed before that time (RFC 3339); return
    how many changes went. Partitions have `size` numbers.
    """
    found = yield Statement(_OLD, (last, before or "-infinity"))
    until = int(found[0][0])
    if not until:
        return 0
    pruned = 0
    parts = yield Statement(_PARTS)
    for (name,) in parts:
        first = int(str(name).rpartition("_")[2])
        if first + size - 1 <= until:
            part = f'"jotbase"."{name}"'
            rows = yield Statement(f"SELECT count(*) FROM {part}")
            pruned += int(rows[0][0])
            yield Statement(f"DROP TABLE {part}")
    rows = yield Statement(
        'WITH gone AS (DELETE FROM "jotbase"."changes" WHERE "number" <= ? RETURNING 1)'
        " SELECT count(*) FROM gone",
        (until,),
    )
    yield Statement('DELETE FROM "jotbase"."transactions" WHERE "last" <= ?', (until,))
    return pruned + int(rows[0][0])
