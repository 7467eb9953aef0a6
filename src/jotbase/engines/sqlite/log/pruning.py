"""Pruning the change log: a bounded slice at a time, oldest changes first.

In charge of slices of bounded cost, whatever the size of the log and its rows. Must not know how
much is kept, or when pruning runs.
"""

from __future__ import annotations

from jotbase.sql.units import Statement, UnitOfWork

#: The most changes and bytes that one unit of work prunes, since other writes wait meanwhile.
#: SQLite reads each page of the rows that it deletes.
SLICE, SLICE_BYTES = 500, 4 << 20

_OLDEST = (
    'SELECT number, ifnull(octet_length("old"), 0) + ifnull(octet_length("new"), 0), committed_at'
    f' FROM "jotbase.changes" ORDER BY number LIMIT {SLICE}'
)
_PRUNE = 'DELETE FROM "jotbase.changes" WHERE number <= ?'


def prune(last: int, before: str) -> UnitOfWork[tuple[int, bool]]:
    """Delete a slice of the changes with a number up to `last`, or committed before that time
    (RFC 3339, UTC), oldest first; return (number of deleted changes, whether there are more).

    Times increase with the numbers, so the first change to be kept ends the slice.
    """
    size = count = until = 0
    rows = yield Statement(_OLDEST)
    for number, length, committed_at in rows:
        if number > last and committed_at >= before:
            break
        if count and size + length > SLICE_BYTES:
            break
        size, count, until = size + length, count + 1, number
    if not count:
        return 0, False
    yield Statement(_PRUNE, (until,))
    yield Statement('DELETE FROM "jotbase.transactions" WHERE "last" <= ?', (until,))
    left = count < len(rows) and not _stays(rows[count], last, before)
    return count, left or count == SLICE


def _stays(row: tuple[int, int, str], last: int, before: str) -> bool:
    number, _, committed_at = row
    return number > last and committed_at >= before
