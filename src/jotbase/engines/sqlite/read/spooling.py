"""Large results, written row by row to a file instead of memory.

In charge of the aggregate `jot_spool`, and of the bound of one row. Must not know what a row is.
"""

from __future__ import annotations

from time import thread_time
from typing import Any

import apsw

from jotbase.engines.spool import Spool
from jotbase.engines.sqlite.read.lanes import Timed
from jotbase.sql.units import Rows, Spooling

#: What a statement gives its rows to.
AGGREGATE = "jot_spool"


def spooling_work(spooling: Spooling, most: int) -> Timed:
    """Return the work that gives the statement's only row, the spool in the first place of it."""

    def work(connection: apsw.Connection) -> tuple[Rows, float]:
        start = thread_time()
        text, values = spooling.statement()
        spool = Spool(most)
        try:
            row = _spool_rows(connection, text, values, spooling, spool)
        except BaseException:
            spool.close()
            raise
        return [(spool, *row[1:])], thread_time() - start

    return work


def _spool_rows(
    connection: apsw.Connection, text: str, values: Any, spooling: Spooling, spool: Spool
) -> tuple[Any, ...]:
    writer = spooling.writer()
    write, made = spool.write, writer.row

    def begin() -> tuple[Any, ...]:
        return None, lambda _, row: write(made(row)), lambda _: None

    connection.create_aggregate_function(AGGREGATE, begin, 1)
    rows: Rows = connection.execute(text, values).fetchall()
    write(writer.end())
    spool.flush()
    return rows[0]
