"""The rows that the barrier's tests ask about: what may be seen, and what is hidden beside it.

In charge of rows as hostile as each database takes them, put there past all checks. Must not know
what is asked.
"""

from __future__ import annotations

VISIBLE = [
    "(10, 'me', 1, 'my text', '{\"mine\":true,\"a\":1}', '[\"me\"]', '[1,5)', 1, 1.5,"
    " '2026-01-01', 12.5)",
    "(20, 'me', 1, '7', '{\"mine\":true,\"a\":\"x\"}', '[\"me\",\"b\"]', 'empty', -5, 0.0,"
    " NULL, NULL)",
    "(30, 'me', 1, NULL, '{\"mine\":true}', '[\"me\"]', NULL, NULL, NULL, '2026-02-03', 0)",
]
#: What no table of ours would take; a pulled one holds it.
_SQLITE = [
    "(5, 'you', 2, 'my secret', '{', '[', '[9,1)', 9223372036854775807, 9e999, 'never', 'x')",
    "(15, 'you', 2, '((((', 'NaN', '{}', '(', -9223372036854775808, -9e999, '', 9e999)",
    "(25, 'you', NULL, CAST(x'fffe' AS TEXT), x'00', 'null', x'ff', 'text', 'text', x'00', x'00')",
    "(35, 'you', 2, replace(hex(zeroblob(60000)), '00', 'a%'), '[1,2]', '[[[1]]]', '', 0, 0, 0, 0)",
    "(45, 'you', 2, '\\', replace(hex(zeroblob(3000)), '00', '['), '1', '[1,', 1, 1, '1', '1e999')",
    "(55, 'you', 2, 'my text', '{\"a\":1}', '[\"b\"]', '[1,5)', 1, 1.5, '2026-01-01', 12.5)",
]
#: The types hold whatever the checks say: what is no JSON, no number, no list, no end.
_POSTGRES = [
    "(5, 'you', 2, 'my secret', '\"{\"', '{}', '(,)', 9223372036854775807, 'Infinity',"
    " 'infinity', 'NaN')",
    "(15, 'you', 2, '((((', '[]', 'null', '(,1)', -9223372036854775808, '-Infinity',"
    " '-infinity', 'Infinity')",
    "(25, 'you', NULL, E'\\x01\\uffff', 'null', '\"me\"', '[1,)', 0, 'NaN', '4713-01-01 BC',"
    " '-Infinity')",
    "(35, 'you', 2, repeat('a%', 60000), '[1,2]', '[[[1]]]', NULL, 0, 0, NULL, 1e400)",
    "(45, 'you', 2, '\\', (repeat('[', 3000) || repeat(']', 3000))::jsonb, '1', 'empty', 1, 1,"
    " NULL, 1e-400)",
    "(55, 'you', 2, 'my text', '{\"a\":1}', '[\"b\"]', '[1,5)', 1, 1.5, '2026-01-01', 12.5)",
]
_NO_CHECKS = """
DO $body$ DECLARE one record; BEGIN
  FOR one IN SELECT conrelid::regclass AS "table", conname AS name FROM pg_constraint
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one."table", one.name); END LOOP;
END $body$"""


def hidden(is_postgres: bool) -> list[str]:
    """Return the rows that nobody but their owner may see."""
    return _POSTGRES if is_postgres else _SQLITE


def stored(columns: str, tables: dict[str, list[str]], lines: str, is_postgres: bool) -> list[str]:
    """Return the statements that store rows in each table, whatever its checks say of them."""
    return [
        _NO_CHECKS if is_postgres else "PRAGMA ignore_check_constraints = ON",
        "INSERT INTO firms (id, name) VALUES (1, 'mine'), (2, 'theirs')",
        *(
            f"INSERT INTO {name} ({columns}) VALUES {', '.join(rows)}"
            for name, rows in tables.items()
            if rows
        ),
        f'INSERT INTO lines (id, "row", body) VALUES {lines}',
        "ANALYZE",
    ]
