"""What to write instead of SQL that SQLite refuses: the other dialects' words, and near names.

In charge of hints to the database's own words. Must not know files, nor run anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from jotbase.search.spelling import nearest

_FUNCTIONS: Mapping[str, str] = {
    **dict.fromkeys(("now", "current_timestamp", "getdate", "sysdate"), "datetime('now')"),
    **dict.fromkeys(("curdate", "today", "current_date"), "date('now')"),
    **dict.fromkeys(("date_trunc", "to_char", "date_format", "extract", "date_part"),
                    "strftime('%Y-%m', column)"),
    **dict.fromkeys(("array_agg", "listagg"), "group_concat(column, ', ')"),
    **dict.fromkeys(("json_agg", "jsonb_agg"), "json_group_array(column)"),
    **dict.fromkeys(("json_build_object", "jsonb_build_object"), "json_object('key', column)"),
    **dict.fromkeys(("greatest",), "max(a, b)"),
    **dict.fromkeys(("least",), "min(a, b)"),
    **dict.fromkeys(("left", "right", "substring", "mid"), "substr(column, 1, 3)"),
    **dict.fromkeys(("char_length", "character_length", "len"), "length(column)"),
    **dict.fromkeys(("gen_random_uuid", "uuid_generate_v4", "uuid"), '"defaultExpression": "uuid()"'
                    " on a column"),
    "isnull": "ifnull(a, b)",
    "nvl": "ifnull(a, b)",
    "split_part": "substr(column, 1, instr(column, ',') - 1)",
    "position": "instr(column, 'a')",
    "strpos": "instr(column, 'a')",
}  # fmt: skip

#: What a text holds, and what to write instead, where SQLite cannot read it.
_WRITTEN: tuple[tuple[str, str], ...] = (
    (r"\bauth\s*\.\s*(uid|jwt|role|email)\s*\(", "SQL knows no caller: who may see which rows is"
     ' said in "access", as in "row.owner == user.id"'),
    (r'(?<!")\bauth\s*\.\s*users\b|"auth"\s*\.\s*"?users', 'the accounts are one name in double'
     ' quotes: from \\"auth.users\\"'),
    (r"\bpublic\s*\.|\"public\"\s*\.", "tables stand without a schema: leave public. out"),
    (r"::", "write cast(column as text)"),
    (r"\bgenerated\s+always\b|\balways\s+as\b|\bstored\b", "write the expression alone"),
    (r"\bilike\b", "write like, which takes no heed of case"),
    (r"\bdistinct\s+on\b", "write group by, or row_number() over (…)"),
    (r"\bselect\s+top\b", "write limit at the end"),
    (r"\binterval\b", "write datetime('now', '-1 day')"),
    (r"\blateral\b", "SQLite has no lateral: write a subquery"),
    (r"\bwith\s*\(\s*security_invoker|\bsecurity_invoker\b",
     'a view has its own "access"; write the SELECT alone'),
    (r"@>|<@|&&|\?\|", "write json_each(column) to look into JSON"),
)  # fmt: skip


def hint(said: str, text: str, tables: Mapping[str, Iterable[str]]) -> str | None:
    """Return what to write instead of the text that the database says this of.

    `tables` are the names of the project's tables with those of their columns.
    """
    for asked in (_no_function, _no_table, _no_column):
        if found := asked(said, text, tables):
            return found
    if "non-deterministic" in said:
        return _NO_CLOCK
    if "circularly" in said:
        return "views read each other in a circle: have one of them read tables alone"
    if "ambiguous column name" in said:
        return "write the table's name before it: t.id"
    if "wrong number of arguments" in said:
        return _ALL_FUNCTIONS
    if "generated column loop" in said:
        return "computed columns read each other in a circle: have one read plain columns alone"
    if "subqueries prohibited" in said or "aggregate" in said:
        return 'a computed column sees its own row alone: make it a "view"'
    if re.search("syntax error|unrecognized token|objects in database|unknown database", said):
        lower = text.lower()
        return next((written for found, written in _WRITTEN if re.search(found, lower)), _PLAIN)
    return None


_NO_CLOCK = "a stored value depends on the row alone: no time of now, no chance"
_CLOCKS = ("now", "today", "getdate", "sysdate", "curdate", "clock_timestamp", "gen_random_uuid")
_ALL_FUNCTIONS = "SQLite's functions: sqlite.org/lang_corefunc.html"
_PLAIN = "it is SQLite's dialect: sqlite.org/lang.html"


def of_computed(said: str, expression: str) -> str | None:
    """Return the same of a computed column's expression, which knows no time."""
    name = _behind("no such function: ", said) or ""
    return _NO_CLOCK if name.lower() in _CLOCKS else hint(said, expression, {})


def _no_function(said: str, text: str, tables: Mapping[str, Iterable[str]]) -> str | None:
    name = _behind("no such function: ", said)
    if name is None:
        return None
    written = _FUNCTIONS.get(name.lower())
    return f"write {written}" if written else _ALL_FUNCTIONS


def _no_table(said: str, text: str, tables: Mapping[str, Iterable[str]]) -> str | None:
    name = _behind("no such table: ", said)
    if name is None:
        return None
    close = nearest(name.rpartition(".")[2], list(tables), 0.6)
    return f"did you mean {close}?" if close else f"its tables: {', '.join(sorted(tables))}"


def _no_column(said: str, text: str, tables: Mapping[str, Iterable[str]]) -> str | None:
    name = _behind("no such column: ", said)
    if name is None:
        return None
    if name.startswith('"') and name.partition(" - ")[0] not in text:
        return None
    words = set(re.findall(r"\w+", text.lower()))
    names = [one for table, listed in tables.items() if table.lower() in words for one in listed]
    close = nearest(name.partition(" - ")[0].strip('"').rpartition(".")[2], names, 0.6)
    if close:
        return f"did you mean {close}?"
    return f"the columns there: {', '.join(dict.fromkeys(names))}" if names else None


def _behind(words: str, said: str) -> str | None:
    _, found, name = said.partition(words)
    return name if found else None
