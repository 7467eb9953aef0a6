"""The change log kept short: a slice at a time, from its old end.

In charge of a slice costing the same however long the log is, and however large its rows are. Must
not know how much is to be kept, or when.
"""

from __future__ import annotations

from jotbase.sql.units import Statement, UnitOfWork

#: How much one unit of work prunes, in changes and bytes: other writes wait meanwhile. SQLite reads
#: each page of what it deletes.
SLICE, SLICE_BYTES = 500, 4 << 20

_OLDEST = (
    'SELECT number, ifnull(octet_length("old"), 0) + ifnull(octet_length("new"), 0), committed_at'
    f' FROM "jotbase.changes" ORDER BY number LIMIT {SLICE}'
)
_PRUNE = 'DELETE FROM "jotbase.changes" WHERE number <= ?'


def prune(last: int, before: str) -> UnitOfWork[tuple[int, bool]]:
    """Prune some of what has a number up to `last`, or was committed before that time (RFC 3339,
    UTC), oldest first; return how many went, and whether more are to go.

    Times rise with the numbers: the first change that is to stay ends it.
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
    left = count < len(rows) and not _stays(rows[count], last, before)
    return count, left or count == SLICE


def _stays(row: tuple[int, int, str], last: int, before: str) -> bool:
    number, _, committed_at = row
    return number > last and committed_at >= before
