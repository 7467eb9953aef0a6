"""Keys: primary keys, unique lists, indexes and foreign keys of a project, and what ails them.

In charge of names of columns that must exist, and of references between tables. Must not know how
a file is parsed or a column read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from jotbase.errors import Fault
from jotbase.records import dataclass
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.keywords.vocabulary import nearest
from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import (
    MISSING,
    USERS,
    ForeignKey,
    Index,
    Search,
    Table,
    Type,
    Unique,
)


@dataclass(frozen=True, slots=True)
class KnownTables:
    """The tables by name, and the names of those whose files, or whose keys, could not be read:
    what is wrong with them is told of them alone.
    """

    tables: Mapping[str, Table]
    unread: frozenset[str] = frozenset()
    unkeyed: frozenset[str] = frozenset()

    def get(self, name: str) -> Table | None:
        """Return a table, the accounts among them."""
        return USERS if name == USERS.name else self.tables.get(name)


def column_list_faults(
    document: Mapping[str, Any], columns: Sequence[str], file: str
) -> Iterator[Fault]:
    """Yield a fault for each name in `required`, keys and indexes that is no column's."""
    for keyword in ("required", "primaryKey"):
        for index, name in enumerate(document.get(keyword, ())):
            if name not in columns:
                yield _unknown(file, [keyword, index], name, columns)
    for keyword in ("unique", "indexes"):
        seen: list[tuple[str, ...]] = []
        for index, names in enumerate(document.get(keyword, ())):
            if isinstance(names, Mapping):
                continue
            for place, name in enumerate(names):
                if name not in columns:
                    yield _unknown(file, [keyword, index, place], name, columns)
            if tuple(names) in seen:
                yield Fault(file, pointer([keyword, index]), "stands in the list twice")
            seen.append(tuple(names))


def _unknown(file: str, path: list[str | int], name: str, columns: Iterable[str]) -> Fault:
    hint = _hint(name, columns) or f"its columns: {', '.join(columns)}"
    return Fault(file, pointer(path), f'there is no column "{name}"', hint)


def _hint(name: str, names: Iterable[str]) -> str | None:
    close = nearest(name, names, 0.6)
    return f'did you mean "{close}"?' if close else None


def uniques(document: Mapping[str, Any], table: str, taken: set[str]) -> tuple[Unique, ...]:
    """Return the unique constraints with their names."""
    return tuple(
        Unique(_free(table, names, "key", taken), tuple(names))
        for names in document.get("unique", ())
    )


def indexes(document: Mapping[str, Any], table: str, taken: set[str]) -> tuple[Index, ...]:
    """Return the indexes with their names; `taken` holds the names that are given already."""
    return tuple(
        Index(_free(table, names, "idx", taken), tuple(names))
        for names in document.get("indexes", ())
        if not isinstance(names, Mapping)
    )


def searches(document: Mapping[str, Any], table: str) -> tuple[Search, ...]:
    """Return the full-text indexes, named by what they are over."""
    found: list[Search] = []
    for said in document.get("indexes", ()):
        if isinstance(said, Mapping):
            language, columns = said.get("language", "english"), tuple(said["columns"])
            found.append(Search(".".join((table, language, *columns)), columns, language))
    return tuple(found)


def search_faults(document: Mapping[str, Any], table: Table) -> Iterator[Fault]:
    """Yield what keeps full-text indexes from being ones."""
    taken: set[tuple[str, str]] = set()
    for index, said in enumerate(document.get("indexes", ())):
        if not isinstance(said, Mapping):
            continue
        at: list[str | int] = ["indexes", index]
        if not table.primary_key:
            # VACUUM numbers the rows of a table without any key anew (sqlite.org/lang_vacuum.html).
            reason = "a table that is searched needs a key"
            yield Fault(table.file, pointer(at), reason, 'add "primaryKey"')
        if table.without_rowid:
            reason = "a full-text index needs row numbers, and the table is without"
            yield Fault(table.file, pointer(at), reason, 'take away "withoutRowid"')
        for place, name in enumerate(said["columns"]):
            path = [*at, "columns", place]
            column = table.by_name.get(name)
            if column is None:
                yield _unknown(table.file, path, name, table.by_name)
            elif column.type is not Type.TEXT:
                reason = f"{name} is {column.type_name}, and words are searched in text"
                yield Fault(table.file, pointer(path), reason)
            if (name, said.get("language", "english")) in taken:
                yield Fault(table.file, pointer(path), "the column has such an index already")
            taken.add((name, said.get("language", "english")))


def _free(table: str, names: Sequence[str], label: str, taken: set[str]) -> str:
    """Return PostgreSQL's name, numbered if it is taken: `t_a_key1`."""
    number = 0
    while (name := default_name(table, names, f"{label}{number or ''}")).lower() in taken:
        number += 1
    taken.add(name.lower())
    return name


@dataclass(frozen=True, slots=True)
class _Asked:
    """A foreign key as a file states it, and where."""

    path: list[str | int]
    at: list[str | int]
    name: str | None
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str
    on_update: str


def foreign_keys(
    document: Mapping[str, Any],
    table: Table,
    world: KnownTables,
    broken: AbstractSet[str] = frozenset(),
) -> tuple[tuple[ForeignKey, ...], list[Fault]]:
    """Return the table's foreign keys, those of columns first, and what is wrong with others.

    Of `broken` columns nothing but the name is known.
    """
    found: list[ForeignKey] = []
    faults: list[Fault] = []
    taken = {unique.name.lower() for unique in table.unique}
    for asked in _asked(document):
        wrong = list(_reference_faults(asked, table, world))
        if broken & set(asked.columns):
            continue
        if asked.name is not None and asked.name.lower() in taken:
            at = pointer([*asked.path, "name"])
            wrong.append(Fault(table.file, at, f'the name "{asked.name}" is taken'))
        faults.extend(wrong)
        if wrong:
            continue
        name = asked.name or _free(table.name, asked.columns, "fkey", taken)
        taken.add(name.lower())
        found.append(
            ForeignKey(
                name,
                asked.columns,
                asked.target,
                asked.target_columns,
                asked.on_delete,
                asked.on_update,
            )
        )
    return tuple(found), faults


def _asked(document: Mapping[str, Any]) -> Iterator[_Asked]:
    for column, schema in document.get("properties", {}).items():
        if isinstance(schema, Mapping) and "references" in schema:
            path: list[str | int] = ["properties", column]
            table, name = _split(schema["references"])
            yield _Asked(path, [*path, "references"], None, (column,), table, (name,), *_do(schema))
    for index, key in enumerate(document.get("foreignKeys", ())):
        path = ["foreignKeys", index]
        target = key["references"]
        yield _Asked(
            path,
            [*path, "references"],
            key.get("name"),
            tuple(key["columns"]),
            target["table"],
            tuple(target["columns"]),
            *_do(key),
        )


def _split(reference: str) -> tuple[str, str]:
    """Split `table.column`; only the server's own tables have a dot in their name."""
    if reference.startswith(f"{USERS.name}."):
        return USERS.name, reference[len(USERS.name) + 1 :]
    table, _, column = reference.partition(".")
    return table, column


def _do(said: Mapping[str, Any]) -> tuple[str, str]:
    return said.get("onDelete", "no action"), said.get("onUpdate", "no action")


def _reference_faults(asked: _Asked, table: Table, world: KnownTables) -> Iterator[Fault]:
    """Yield what keeps a foreign key from being one."""
    file, at = table.file, pointer(asked.at)
    unknown = [name for name in asked.columns if name not in table.by_name]
    for name in unknown:
        yield _unknown(file, [*asked.path, "columns"], name, table.by_name)
    if asked.target in world.unread:
        return
    target = world.get(asked.target)
    if target is None:
        reason = f'there is no table "{asked.target}"'
        yield Fault(file, at, reason, _table_hint(asked, world))
        return
    lacking = [name for name in asked.target_columns if name not in target.by_name]
    for name in lacking:
        reason = f'the table "{target.name}" has no column "{name}"'
        hint = _hint(name, target.by_name) or f"its columns: {', '.join(target.by_name)}"
        yield Fault(file, at, reason, hint)
    if len(asked.columns) != len(asked.target_columns):
        yield Fault(file, at, "as many columns must refer as are referred to")
    elif not unknown and not lacking and asked.target not in world.unkeyed:
        yield from _match_faults(asked, table, target)
        yield from _action_faults(asked, table)
    elif not unknown and not lacking:
        yield from _action_faults(asked, table)


def _table_hint(asked: _Asked, world: KnownTables) -> str | None:
    """Return what a reference to no table was most likely meant to be."""
    (column, *_) = asked.target_columns
    if asked.target == "auth":
        return f'write "{USERS.name}.id"'
    if asked.target == "public":
        return f'tables stand without a schema: write "{column}"'
    names = [*world.tables, USERS.name]
    return _hint(asked.target, names) or f"the tables: {', '.join(sorted(names))}"


def _match_faults(asked: _Asked, table: Table, target: Table) -> Iterator[Fault]:
    file, at = table.file, pointer(asked.at)
    if target.view is not None:
        yield Fault(file, at, f'"{target.name}" is a view', "refer to the table behind it")
        return
    wanted = set(asked.target_columns)
    keys = [set(target.primary_key), *(set(unique.columns) for unique in target.unique)]
    if wanted not in keys:
        listed = ", ".join(f'"{name}"' for name in asked.target_columns)
        yield Fault(
            file,
            at,
            f'{listed} of "{target.name}" is neither its primary key nor unique',
            f'add "unique": [[{listed}]] to {target.file or target.name}',
        )
    for own, other in zip(asked.columns, asked.target_columns, strict=True):
        mine, theirs = table.by_name[own].type, target.by_name[other].type
        if mine is not theirs:
            reason = f"{own} is {mine.value}, and {target.name}.{other} is {theirs.value}"
            yield Fault(file, at, reason, "give both the same type and format")


def _action_faults(asked: _Asked, table: Table) -> Iterator[Fault]:
    for word, action in (("onDelete", asked.on_delete), ("onUpdate", asked.on_update)):
        at = pointer([*asked.path, word])
        for name in asked.columns:
            column = table.by_name[name]
            lacks = column.default is MISSING or column.default is None
            if column.nullable or action not in ("set null", "set default"):
                continue
            if action == "set null" or lacks:
                reason = f'"{action}" would put null into {name}, which must have a value'
                hint = 'allow null in its type, or write "cascade" or "restrict"'
                yield Fault(table.file, at, reason, hint)
