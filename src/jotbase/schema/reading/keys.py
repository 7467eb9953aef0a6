"""Reading primary keys, unique constraints, indexes and foreign keys, with their faults.

In charge of checking that their columns exist, and of references between tables. Must not know how
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
    """All tables by name; `unread` and `unkeyed` are those whose file or keys have faults.

    A reference to one of these is not checked: the fault is reported for its own file only.
    """

    tables: Mapping[str, Table]
    unread: frozenset[str] = frozenset()
    unkeyed: frozenset[str] = frozenset()

    def get(self, name: str) -> Table | None:
        """Return a table of the project or `auth.users`, None if there is none."""
        return USERS if name == USERS.name else self.tables.get(name)


def column_list_faults(
    document: Mapping[str, Any], columns: Sequence[str], file: str
) -> Iterator[Fault]:
    """Yield a fault for each name in `required`, keys and indexes that is no column."""
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
        Unique(_unused_name(table, names, "key", taken), tuple(names))
        for names in document.get("unique", ())
    )


def indexes(document: Mapping[str, Any], table: str, taken: set[str]) -> tuple[Index, ...]:
    """Return the indexes with their names; `taken` are the names in use, to which these are
    added.
    """
    return tuple(
        Index(_unused_name(table, names, "idx", taken), tuple(names))
        for names in document.get("indexes", ())
        if not isinstance(names, Mapping)
    )


def searches(document: Mapping[str, Any], table: str) -> tuple[Search, ...]:
    """Return the full-text indexes, named after their columns and language."""
    found: list[Search] = []
    for schema in document.get("indexes", ()):
        if isinstance(schema, Mapping):
            language, columns = schema.get("language", "english"), tuple(schema["columns"])
            found.append(Search(".".join((table, language, *columns)), columns, language))
    return tuple(found)


def search_faults(document: Mapping[str, Any], table: Table) -> Iterator[Fault]:
    """Yield the faults of the full-text indexes."""
    taken: set[tuple[str, str]] = set()
    for index, schema in enumerate(document.get("indexes", ())):
        if not isinstance(schema, Mapping):
            continue
        at: list[str | int] = ["indexes", index]
        if not table.primary_key:
            # VACUUM may change the rowids of a table without a key (sqlite.org/lang_vacuum.html).
            reason = "a table that is searched needs a key"
            yield Fault(table.file, pointer(at), reason, 'add "primaryKey"')
        if table.without_rowid:
            reason = "a full-text index needs row numbers, and the table is without"
            yield Fault(table.file, pointer(at), reason, 'take away "withoutRowid"')
        for place, name in enumerate(schema["columns"]):
            path = [*at, "columns", place]
            column = table.by_name.get(name)
            if column is None:
                yield _unknown(table.file, path, name, table.by_name)
            elif column.type is not Type.TEXT:
                reason = f"{name} is {column.type_name}, and words are searched in text"
                yield Fault(table.file, pointer(path), reason)
            if (name, schema.get("language", "english")) in taken:
                yield Fault(table.file, pointer(path), "the column has such an index already")
            taken.add((name, schema.get("language", "english")))


def _unused_name(table: str, names: Sequence[str], label: str, taken: set[str]) -> str:
    """Return PostgreSQL's default name, with a number if it is in use: `t_a_key1`."""
    number = 0
    while (name := default_name(table, names, f"{label}{number or ''}")).lower() in taken:
        number += 1
    taken.add(name.lower())
    return name


@dataclass(frozen=True, slots=True)
class _DeclaredKey:
    """A foreign key as declared in a file; `path` and `at` are its places in the file."""

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
    known: KnownTables,
    invalid_columns: AbstractSet[str] = frozenset(),
) -> tuple[tuple[ForeignKey, ...], list[Fault]]:
    """Return the table's valid foreign keys, those of single columns first, and the faults of
    others.

    Of `invalid_columns` only the names are known.
    """
    found: list[ForeignKey] = []
    faults: list[Fault] = []
    taken = {unique.name.lower() for unique in table.unique}
    for declared in _declared_keys(document):
        wrong = list(_reference_faults(declared, table, known))
        if invalid_columns & set(declared.columns):
            continue
        if declared.name is not None and declared.name.lower() in taken:
            at = pointer([*declared.path, "name"])
            wrong.append(Fault(table.file, at, f'the name "{declared.name}" is taken'))
        faults.extend(wrong)
        if wrong:
            continue
        name = declared.name or _unused_name(table.name, declared.columns, "fkey", taken)
        taken.add(name.lower())
        found.append(
            ForeignKey(
                name,
                declared.columns,
                declared.target,
                declared.target_columns,
                declared.on_delete,
                declared.on_update,
            )
        )
    return tuple(found), faults


def _declared_keys(document: Mapping[str, Any]) -> Iterator[_DeclaredKey]:
    for column, schema in document.get("properties", {}).items():
        if isinstance(schema, Mapping) and "references" in schema:
            path: list[str | int] = ["properties", column]
            table, name = _split(schema["references"])
            yield _DeclaredKey(
                path, [*path, "references"], None, (column,), table, (name,), *_actions(schema)
            )
    for index, key in enumerate(document.get("foreignKeys", ())):
        path = ["foreignKeys", index]
        target = key["references"]
        yield _DeclaredKey(
            path,
            [*path, "references"],
            key.get("name"),
            tuple(key["columns"]),
            target["table"],
            tuple(target["columns"]),
            *_actions(key),
        )


def _split(reference: str) -> tuple[str, str]:
    """Split `table.column` into both; only the server's own tables have a dot in their name."""
    if reference.startswith(f"{USERS.name}."):
        return USERS.name, reference[len(USERS.name) + 1 :]
    table, _, column = reference.partition(".")
    return table, column


def _actions(schema: Mapping[str, Any]) -> tuple[str, str]:
    return schema.get("onDelete", "no action"), schema.get("onUpdate", "no action")


def _reference_faults(declared: _DeclaredKey, table: Table, known: KnownTables) -> Iterator[Fault]:
    """Yield the faults of a declared foreign key."""
    file, at = table.file, pointer(declared.at)
    unknown = [name for name in declared.columns if name not in table.by_name]
    for name in unknown:
        yield _unknown(file, [*declared.path, "columns"], name, table.by_name)
    if declared.target in known.unread:
        return
    target = known.get(declared.target)
    if target is None:
        reason = f'there is no table "{declared.target}"'
        yield Fault(file, at, reason, _table_hint(declared, known))
        return
    lacking = [name for name in declared.target_columns if name not in target.by_name]
    for name in lacking:
        reason = f'the table "{target.name}" has no column "{name}"'
        hint = _hint(name, target.by_name) or f"its columns: {', '.join(target.by_name)}"
        yield Fault(file, at, reason, hint)
    if len(declared.columns) != len(declared.target_columns):
        yield Fault(file, at, "as many columns must refer as are referred to")
    elif not unknown and not lacking and declared.target not in known.unkeyed:
        yield from _match_faults(declared, table, target)
        yield from _action_faults(declared, table)
    elif not unknown and not lacking:
        yield from _action_faults(declared, table)


def _table_hint(declared: _DeclaredKey, known: KnownTables) -> str | None:
    """Return what a reference to no table was most likely meant to be."""
    (column, *_) = declared.target_columns
    if declared.target == "auth":
        return f'write "{USERS.name}.id"'
    if declared.target == "public":
        return f'tables stand without a schema: write "{column}"'
    names = [*known.tables, USERS.name]
    return _hint(declared.target, names) or f"the tables: {', '.join(sorted(names))}"


def _match_faults(declared: _DeclaredKey, table: Table, target: Table) -> Iterator[Fault]:
    file, at = table.file, pointer(declared.at)
    if target.view is not None:
        yield Fault(file, at, f'"{target.name}" is a view', "refer to the table behind it")
        return
    wanted = set(declared.target_columns)
    keys = [set(target.primary_key), *(set(unique.columns) for unique in target.unique)]
    if wanted not in keys:
        listed = ", ".join(f'"{name}"' for name in declared.target_columns)
        yield Fault(
            file,
            at,
            f'{listed} of "{target.name}" is neither its primary key nor unique',
            f'add "unique": [[{listed}]] to {target.file or target.name}',
        )
    for own, other in zip(declared.columns, declared.target_columns, strict=True):
        mine, theirs = table.by_name[own].type, target.by_name[other].type
        if mine is not theirs:
            reason = f"{own} is {mine.value}, and {target.name}.{other} is {theirs.value}"
            yield Fault(file, at, reason, "give both the same type and format")


def _action_faults(declared: _DeclaredKey, table: Table) -> Iterator[Fault]:
    for word, action in (("onDelete", declared.on_delete), ("onUpdate", declared.on_update)):
        at = pointer([*declared.path, word])
        for name in declared.columns:
            column = table.by_name[name]
            lacks = column.default is MISSING or column.default is None
            if column.nullable or action not in ("set null", "set default"):
                continue
            if action == "set null" or lacks:
                reason = f'"{action}" would put null into {name}, which must have a value'
                hint = 'allow null in its type, or write "cascade" or "restrict"'
                yield Fault(table.file, at, reason, hint)
