"""Computed decimals as the decimals that they are: SQLite computes with doubles, 0.1 * 3 being
0.30000000000000004.

In charge of the SQL that rounds a computed value to the digits of which a double keeps every
decimal, and of which columns of a view are computed. It is SQLite's own, so that every program that
opens the database reads and writes the same. Must not know how a value is stored.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.schema.ddl.definitions import Token, group_parentheses
from jotbase.schema.ddl.file_sql import in_parentheses
from jotbase.schema.keywords.vocabulary import words
from jotbase.schema.model.tables import Table, Type
from jotbase.schema.values.convert import EXACT_DIGITS
from jotbase.sql.dialect import SQLITE

#: Where the SELECT of a view begins that rounds another's columns; `pull` leaves it away.
_ROUNDS = "/* decimals as they are */ FROM ("
#: Aggregates of columns: sums and averages are exact, the others are values that are there.
_AGGREGATES = words("SUM AVG MIN MAX")
_COMPOUND = words("UNION INTERSECT EXCEPT WITH VALUES")


def rounded(expression: str) -> str:
    """Return an expression whose doubles are the nearest decimals; all else is as it is."""
    whole = in_parentheses(expression)
    number = f"CAST(printf('%.{EXACT_DIGITS}g', {whole}) AS NUMERIC)"
    finite = f"typeof({whole}) = 'real' AND abs({whole}) < 9e999"
    return f"CASE WHEN {finite} THEN {number} ELSE {whole} END"


def unrounded(text: str) -> str:
    """Return the expression that `rounded` was given, or another's text as it is."""
    beginning = rounded("").index(")")
    for breaks in (0, 4):
        size = (len(text) - len(rounded("")) - breaks) // 4
        inner = text[beginning : beginning + max(size, 0)]
        if rounded(inner) == text:
            return inner
    return text


def view_body(view: Table) -> str:
    """Return a view's SELECT, within one that rounds the decimals that it computes."""
    body = (view.view or "").strip().rstrip(";")
    decimals = {column.name for column in view.columns if column.type is Type.DECIMAL}
    computed = decimals - _plain(body, decimals) if decimals else set()
    if not computed:
        return body
    listed = ", ".join(
        f"{rounded(name)} AS {name}" if column.name in computed else name
        for column in view.columns
        for name in [SQLITE.identifier(column.name)]
    )
    return f"SELECT {listed} {_ROUNDS}{body}\n)"


def inner_body(body: str) -> str:
    """Return the SELECT that `view_body` was given."""
    _, rounds, inner = body.partition(_ROUNDS)
    return inner.removesuffix(")").rstrip("\n") if rounds else body


def _plain(body: str, names: set[str]) -> set[str]:
    """Return which of these columns a SELECT passes on, or are aggregates of such; none of a
    SELECT that unites others, of which any may compute.
    """
    pieces = group_parentheses(body)
    if any(one.word in _COMPOUND for one in pieces):
        return set()
    named: dict[str, bool] = {}
    has_all = False
    for item in _items(pieces):
        has_all = has_all or item[-1].text == "*"
        named[item[-1].name.lower()] = _is_plain(item) or _is_plain(item[:-1])
    return {name for name in names if named.get(name.lower(), has_all)}


def _items(pieces: list[Token]) -> Iterator[list[Token]]:
    """Yield the columns between SELECT and FROM, each with its name as the last piece."""
    item: list[Token] = []
    for one in pieces[1:]:
        if one.word == "FROM":
            break
        if one.text == "," and one.kind == "other":
            if item:
                yield item
            item = []
        elif one.word not in ("DISTINCT", "ALL", "AS"):
            item.append(one)
    if item:
        yield item


def _is_plain(item: list[Token]) -> bool:
    """Return whether a column is one of a table, by its name, or an aggregate of one."""
    names = [one for one in item if one.kind in ("word", "name")]
    if len(item) == 2 and item[0].word in _AGGREGATES and item[1].kind == "inside":
        return _is_plain(group_parentheses(item[1].text))
    dots = [one for one in item if one.text == "." and one.kind == "other"]
    return len(names) + len(dots) == len(item) and len(names) == len(dots) + 1
