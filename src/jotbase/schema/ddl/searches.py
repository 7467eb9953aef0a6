"""Full-text indexes: FTS5 tables over words, and the queues of the rows whose words they lack.

In charge of the statements that make, fill and drop them. Must not know how a text becomes words
(`jot_lexemes`, which the engine lends its connections), or what is searched for.

SQLite's own functions cannot make these words, so the triggers only note which rows changed: any
program may write, and a search looks at a noted row itself until its words are in the index.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.schema.ddl.constraints import literal
from jotbase.schema.model.tables import Model, Search, Table
from jotbase.sql.dialect import SQLITE
from jotbase.sql.fragment import bound, sql
from jotbase.sql.units import Statement, UnitOfWork

#: How many rows' words are brought into an index at a time, and of how many characters: other
#: writes wait meanwhile.
BATCH, CHARACTERS = 100, 50_000

#: Under which key "jotbase.meta" holds what the words of the indexes were made by.
WORDS_KEY = "words"

_META = '"jotbase.meta"'


def index_name(search: Search) -> str:
    """Return the name of the FTS5 table; its columns are c0, c1 and so on."""
    return f"jotbase.search.{search.name}"


def queue_name(search: Search) -> str:
    """Return the name of the table of row numbers whose words are not in the index yet."""
    return f"jotbase.queue.{search.name}"


def _called(name: str) -> str:
    return SQLITE.identifier(name)


def create_statements(table: Table, search: Search) -> Iterator[str]:
    """Yield the statements that make an index, every row of the table in its queue."""
    yield from drop_statements(search)  # a part may be there: another may have been dropped by hand
    columns = ", ".join(f"c{place}" for place, _ in enumerate(search.columns))
    # Without texts and places: the texts stand in the table, and what a search means is decided on
    # them. The tokenizer leaves words as they are.
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
    """Return the statement that puts every row of the table into the queue."""
    number = table.row_key[0]
    return (
        f'INSERT OR IGNORE INTO {_called(queue_name(search))} ("row")'
        f" SELECT {number} FROM {_called(table.name)}"
    )


def drop_statements(search: Search) -> Iterator[str]:
    """Yield the statements that take an index away; triggers go with it, if not with the table."""
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
        noted = " ".join(f"{_noted(search, f'{side}.{number}')};" for side in sides)
        yield (
            f"CREATE TRIGGER {_called(_trigger(search, kind))} AFTER {kind.upper()} ON {on}"
            f"{condition} BEGIN {noted} END"
        )


def _noted(search: Search, number: str) -> str:
    # No OR IGNORE: the conflict clause of the statement that fires a trigger rules in it too.
    queue = _called(queue_name(search))
    return (
        f'INSERT INTO {queue} ("row") SELECT {number}'
        f' WHERE NOT EXISTS (SELECT 1 FROM {queue} WHERE "row" = {number})'
    )


def pending_query(model: Model) -> str:
    """Return the statement that tells whether any queue has rows; "" without any index."""
    queues = [
        f"EXISTS (SELECT 1 FROM {_called(queue_name(search))})"
        for table in model
        for search in table.searches
    ]
    return f"SELECT {' OR '.join(queues)}" if queues else ""


def index_pending(model: Model, most: int = BATCH) -> UnitOfWork[bool]:
    """Bring the words of a few rows of each index up to date; return whether rows are left."""
    left = False
    for table in model:
        for search in table.searches:
            left = (yield from _batch(table, search, most)) or left
    return left


def skip_first(model: Model) -> UnitOfWork[list[tuple[str, int]]]:
    """Take the first row from each queue, and its words from the index: it holds up all others.
    Return the tables and numbers of the rows; no search finds them until they are written again.
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


def _batch(table: Table, search: Search, most: int) -> UnitOfWork[bool]:
    index, queue = _called(index_name(search)), _called(queue_name(search))
    number = table.row_key[0]
    batch = _first(table, search, most)
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


def _first(table: Table, search: Search, most: int) -> str:
    """Return a select of the rows that are next: one at least, and no more than are soon done."""
    number, queue = table.row_key[0], _called(queue_name(search))
    sizes = " + ".join(f"ifnull(length(t.{_called(name)}), 0)" for name in search.columns)
    some = f'(SELECT "row" FROM {queue} ORDER BY "row" LIMIT {most}) AS q'
    sized = (
        f'SELECT q."row", {sizes} AS own, sum({sizes}) OVER (ORDER BY q."row") AS total'
        f' FROM {some} LEFT JOIN {_called(table.name)} AS t ON t.{number} = q."row"'
    )
    return f'(SELECT "row" FROM ({sized}) WHERE total - own < {CHARACTERS})'


def note_tokenizer(model: Model, words: str) -> UnitOfWork[None]:
    """Note by what words are made; if it was otherwise before, every row goes into the queues."""
    noted = yield Statement(f'SELECT "value" FROM {_META} WHERE "key" = ?', (WORDS_KEY,))
    if noted == [(words,)]:
        return
    for table in model:
        for search in table.searches:
            yield Statement(enqueue_all(table, search))
    insert = sql(f'INSERT OR REPLACE INTO {_META} ("key", "value") VALUES ({literal(WORDS_KEY)}, ')
    yield insert + bound(words) + ")"
