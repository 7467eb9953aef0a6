"""Full-text indexes: FTS5 tables of lexemes, and a queue of rows to be indexed for each.

In charge of the statements that create, fill and drop them. Must not know how a text becomes
lexemes (`jot_lexemes`, which the engine registers on its connections), or the searches.

Other programs that write have no `jot_lexemes`, so the triggers only queue the changed rows. A
search reads a queued row itself until it is indexed.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.schema.ddl.constraints import literal
from jotbase.schema.model.tables import Model, Search, Table
from jotbase.sql.dialect import SQLITE
from jotbase.sql.fragment import bound, sql
from jotbase.sql.units import Statement, UnitOfWork

#: The most rows and characters that one unit of work indexes: other writes wait meanwhile.
BATCH, CHARACTERS = 100, 50_000

#: The key in "jotbase.meta" of the indexes' tokenizer version (`search.lexing.lexing_version`).
TOKENIZER_KEY = "words"

_META = '"jotbase.meta"'


def index_name(search: Search) -> str:
    """Return the name of the FTS5 table; its columns are c0, c1 and so on."""
    return f"jotbase.search.{search.name}"


def queue_name(search: Search) -> str:
    """Return the name of the queue: a table of the rowids that are not indexed yet."""
    return f"jotbase.queue.{search.name}"


def _called(name: str) -> str:
    return SQLITE.identifier(name)


def create_statements(table: Table, search: Search) -> Iterator[str]:
    """Yield the statements that create an index and queue every row of the table."""
    yield from drop_statements(search)  # some parts may exist while others were dropped by hand
    columns = ", ".join(f"c{place}" for place, _ in enumerate(search.columns))
    # Contentless and without positions: the index finds candidate rows; the search itself is
    # evaluated on the table's texts. The tokenizer leaves lexemes unchanged.
    yield (
        f"CREATE VIRTUAL TABLE {_called(index_name(search))} USING fts5({columns}, content='',"
        " contentless_delete=1, detail='column', tokenize='ascii')"
    )
    yield (
        f'CREATE TABLE {_called(queue_name(search))} ("row" INTEGER PRIMARY KEY NOT NULL) STRICT'
    )
    yield from _triggers(table, search)
    yield enqueue_all(table, search)


def enqueue_all(table: Table, search: Search) -> str:
    """Return the statement that queues every row of the table."""
    number = table.row_key[0]
    return (
        f'INSERT OR IGNORE INTO {_called(queue_name(search))} ("row")'
        f" SELECT {number} FROM {_called(table.name)}"
    )


def drop_statements(search: Search) -> Iterator[str]:
    """Yield the statements that drop an index, its queue and its triggers."""
    for kind in ("insert", "update", "delete"):
        yield f"DROP TRIGGER IF EXISTS {_called(_trigger(search, kind))}"
    yield f"DROP TABLE IF EXISTS {_called(index_name(search))}"
    yield f"DROP TABLE IF EXISTS {_called(queue_name(search))}"


def _trigger(search: Search, kind: str) -> str:
    return f"jotbase.search.{kind}.{search.name}"


def _triggers(table: Table, search: Search) -> Iterator[str]:
    on, number = _called(table.name), table.row_key[0]
    changed = [f"OLD.{number} <> NEW.{number}"]
    changed += [f"OLD.{_called(name)} IS NOT NEW.{_called(name)}" for name in search.columns]
    when = f" WHEN {' OR '.join(changed)}"
    for kind, condition, sides in (
        ("insert", "", ("NEW",)),
        ("update", when, ("OLD", "NEW")),
        ("delete", "", ("OLD",)),
    ):
        noted = " ".join(f"{_enqueue(search, f'{side}.{number}')};" for side in sides)
        yield (
            f"CREATE TRIGGER {_called(_trigger(search, kind))} AFTER {kind.upper()} ON {on}"
            f"{condition} BEGIN {noted} END"
        )


def _enqueue(search: Search, number: str) -> str:
    # No OR IGNORE: the conflict clause of the statement that fires a trigger overrides it
    # (sqlite.org/lang_createtrigger.html, section 2).
    queue = _called(queue_name(search))
    return (
        f'INSERT INTO {queue} ("row") SELECT {number}'
        f' WHERE NOT EXISTS (SELECT 1 FROM {queue} WHERE "row" = {number})'
    )


def pending_query(model: Model) -> str:
    """Return the statement that reads whether any queue has rows; "" without any index."""
    queues = [
        f"EXISTS (SELECT 1 FROM {_called(queue_name(search))})"
        for table in model
        for search in table.searches
    ]
    return f"SELECT {' OR '.join(queues)}" if queues else ""


def index_pending(model: Model, limit: int = BATCH) -> UnitOfWork[bool]:
    """Index at most `limit` queued rows of each index; return whether queued rows are left."""
    left = False
    for table in model:
        for search in table.searches:
            left = (yield from _batch(table, search, limit)) or left
    return left


def skip_first(model: Model) -> UnitOfWork[list[tuple[str, int]]]:
    """Remove the first row of each queue from queue and index, because indexing it takes too long.

    Returns (table, rowid) of these rows; no search finds them until they are written again.
    """
    aside = []
    for table in model:
        for search in table.searches:
            index, queue = _called(index_name(search)), _called(queue_name(search))
            for (row,) in (yield Statement(f'SELECT "row" FROM {queue} ORDER BY "row" LIMIT 1')):
                yield Statement(f"DELETE FROM {index} WHERE rowid = ?", (row,))
                yield Statement(f'DELETE FROM {queue} WHERE "row" = ?', (row,))
                aside.append((table.name, row))
    return aside


def _batch(table: Table, search: Search, limit: int) -> UnitOfWork[bool]:
    index, queue = _called(index_name(search)), _called(queue_name(search))
    number = table.row_key[0]
    batch = _first(table, search, limit)
    names = [f"c{place}" for place, _ in enumerate(search.columns)]
    texts = ", ".join(
        f"jot_lexemes({_called(name)}, {literal(search.language)})" for name in search.columns
    )
    yield Statement(f"DELETE FROM {index} WHERE rowid IN {batch}")
    yield Statement(
        f"INSERT INTO {index} (rowid, {', '.join(names)}) SELECT {number}, {texts}"
        f" FROM {_called(table.name)} WHERE {number} IN {batch}"
    )
    yield Statement(f'DELETE FROM {queue} WHERE "row" IN {batch}')
    found = yield Statement(f"SELECT EXISTS (SELECT 1 FROM {queue})")
    return bool(found[0][0])


def _first(table: Table, search: Search, limit: int) -> str:
    """Return a SELECT of the next rows: at least one, then as many as have `CHARACTERS` in all."""
    number, queue = table.row_key[0], _called(queue_name(search))
    sizes = " + ".join(f"ifnull(length(t.{_called(name)}), 0)" for name in search.columns)
    some = f'(SELECT "row" FROM {queue} ORDER BY "row" LIMIT {limit}) AS q'
    sized = (
        f'SELECT q."row", {sizes} AS own, sum({sizes}) OVER (ORDER BY q."row") AS total'
        f' FROM {some} LEFT JOIN {_called(table.name)} AS t ON t.{number} = q."row"'
    )
    return f'(SELECT "row" FROM ({sized}) WHERE total - own < {CHARACTERS})'


def set_tokenizer_version(model: Model, words: str) -> UnitOfWork[None]:
    """Store the tokenizer's version; if it differs from the stored one, queue every row."""
    noted = yield Statement(f'SELECT "value" FROM {_META} WHERE "key" = ?', (TOKENIZER_KEY,))
    if noted == [(words,)]:
        return
    for table in model:
        for search in table.searches:
            yield Statement(enqueue_all(table, search))
    insert = sql(
        f'INSERT OR REPLACE INTO {_META} ("key", "value") VALUES ({literal(TOKENIZER_KEY)}, '
    )
    yield insert + bound(words) + ")"
