"""The origins of a view's columns, from the parse tree of its query that PostgreSQL stores.

In charge of reading that tree. Must not know what origins are used for. `pg_rewrite.ev_action` is
the tree as text; each entry of its target list names the table and column that it shows unchanged
(resorigtbl, resorigcol in nodes/primnodes.h), 0 where it computes something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jotbase.sql.units import Rows

#: (view, its tree); (number of a table or view, column's number, table, column).
VIEWS = (
    "SELECT c.relname::text, c.oid::bigint, r.ev_action::text"
    " FROM pg_class AS c JOIN pg_rewrite AS r ON r.ev_class = c.oid"
    " WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace"
)
COLUMNS = (
    "SELECT c.oid::bigint, a.attnum::bigint,"
    " CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname,"
    " a.attname::text FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
    " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v')"
    " AND n.nspname IN ('public', 'auth') AND a.attnum > 0 AND NOT a.attisdropped"
)

_PIECE = re.compile(r"\\\\.|[{}()]", re.DOTALL)
_ENTRY = re.compile(
    r":resno (\d+) :resname (?:\\.|[^\s\\])+ :ressortgroupref \d+"
    r" :resorigtbl (\d+) :resorigcol (\d+) :resjunk (\w+)$"
)

#: A table's number and a column's.
Place = tuple[int, int]


def origins(view: str, views: Rows, columns: Rows) -> dict[str, tuple[str, str]]:
    """Return for each column of a view the (table, column) that it passes on unchanged, through
    other views too.
    """
    names = {(table, number): (of, column) for table, number, of, column in columns}
    shown = {(one, place): origin for _, one, tree in views for place, origin in _shown(tree)}
    numbers = {name: one for name, one, _ in views}
    found: dict[str, tuple[str, str]] = {}
    for place, (of, column) in names.items():
        if of == view and place[0] == numbers.get(view):
            origin = _base(place, shown)
            if origin is not None and origin in names:
                found[column] = names[origin]
    return found


def _base(place: Place, shown: Mapping[Place, Place | None]) -> Place | None:
    at: Place | None = place
    while at is not None and at in shown:
        at = shown[at]
    return at


def _shown(tree: str) -> Iterator[tuple[int, Place | None]]:
    """Yield the position of each entry of the outermost target list, and its (table, column)."""
    for text in _entries(tree):
        found = _ENTRY.search(text)
        if found is not None and found[4] == "false":
            table, column = int(found[2]), int(found[3])
            yield int(found[1]), (table, column) if table else None


def _entries(tree: str) -> Iterator[str]:
    """Yield the text of each entry; braces within names are escaped with a backslash."""
    depth, listed, began = 0, -1, 0
    for piece in _PIECE.finditer(tree):
        one = piece[0]
        if one in "({":
            depth += 1
            if one == "(" and tree[: piece.start()].endswith(":targetList ") and depth == 3:
                listed = depth
            elif one == "{" and depth == listed + 1 and listed > 0:
                began = piece.end()
        elif one in ")}":
            if one == "}" and depth == listed + 1 and listed > 0:
                yield tree[began : piece.start()]
            if depth == listed:
                return
            depth -= 1
