"""Reading schema files into one model, or reporting every fault in them at once.

In charge of the order of the steps, and of faults that concern several files. Must not know files
on disk (it is given bytes), SQL, or the rule language (`access` reads rules).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

from jotbase.errors import Fault, ProjectError
from jotbase.schema.ddl.file_sql import select_fault
from jotbase.schema.keywords.compatibility import has_reference
from jotbase.schema.keywords.subschemas import at_pointer, pointer, unescape_token, walk
from jotbase.schema.keywords.vocabulary import nearest
from jotbase.schema.model.names import name_fault
from jotbase.schema.model.tables import ROW_NUMBERS, Column, Model, Table, Type
from jotbase.schema.reading.broadcasts import BROADCAST, broadcast_faults
from jotbase.schema.reading.columns import default_faults, read_column
from jotbase.schema.reading.keys import (
    KnownTables,
    column_list_faults,
    foreign_keys,
    indexes,
    search_faults,
    searches,
    uniques,
)
from jotbase.schema.reading.parsing import Parsed, meta_schema, parse
from jotbase.schema.reading.references import Files
from jotbase.schema.rows.check import RowCheck

#: The folder of schema files, as the prefix of their paths in messages.
FOLDER = "schemas"


@dataclass(slots=True)
class _Reading:
    """The state of reading a project: parsed files, tables, faults.

    `unread` and `unkeyed` are the tables whose file or keys have faults.
    """

    parsed: dict[str, Parsed] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    unkeyed: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    has_dangling_references: bool = False
    meta: Draft202012Validator = field(default_factory=meta_schema)


def read_model(files: Mapping[str, bytes]) -> Model:
    """Return the model of a project's schema files, given by name (`jobs.json`).

    A file with `$defs` and without `properties` is no table; other files refer to it. Raises
    ProjectError with every fault.
    """
    model, faults = read_leniently(files)
    if faults:
        raise ProjectError(faults)
    return model


def read_leniently(files: Mapping[str, bytes]) -> tuple[Model, list[Fault]]:
    """Return the model of the valid parts of the files, and every fault.

    It serves to find faults in rules as well; a model with faults must not be applied.
    """
    reading = _Reading()
    for name in sorted(files):
        _parse(name, files[name], reading)
    taken = {_table_name(name).lower() for name in reading.parsed}
    sources = _resolve_references(reading)
    for name, parsed in reading.parsed.items():
        if _is_table(parsed.document):
            _read_table(name, parsed, sources, reading, taken)
    _add_foreign_keys(reading)
    return Model(reading.tables), sorted(reading.faults, key=lambda fault: fault.file)


def _table_name(file: str) -> str:
    return file.removesuffix(".json")


def _parse(name: str, data: bytes, reading: _Reading) -> None:
    file, table = f"{FOLDER}/{name}", _table_name(name)
    if fault := name_fault(table, "table"):
        reading.faults.append(Fault(file, "", *fault))
    if any(_table_name(other).lower() == table.lower() for other in reading.parsed):
        reason = "another file's name differs from this one in upper and lower case only"
        reading.faults.append(Fault(file, "", reason, "databases take the two for one table"))
    parsed = parse(file, data, reading.meta)
    if isinstance(parsed, Parsed) and _lacks_columns(parsed):
        parsed = _without_columns(file, parsed.document)
    if isinstance(parsed, Fault):
        reading.faults.append(parsed)
        reading.unread.add(table)
        return
    reading.faults.extend(parsed.faults)
    reading.parsed[name] = parsed


def _lacks_columns(parsed: Parsed) -> bool:
    """Return whether a file that is no file of definitions names no columns at all."""
    document = parsed.document
    keywords = document.keys() | parsed.dropped_keywords
    if {"properties", "$defs"} & keywords:
        return document.get("properties") == {} and "view" not in keywords
    return True


def _without_columns(file: str, document: Mapping[str, Any]) -> Fault:
    """Return the one mistake of a file without columns: where they most likely are."""
    for word in document:
        if nearest(word, ["properties"]) and word != "properties":
            return Fault(file, pointer([word]), f'unknown keyword "{word}"', _PROPERTIES)
    return Fault(file, "/properties", "the table has no columns", _wrapped(document))


_PROPERTIES = 'did you mean "properties"?'


def _wrapped(document: Mapping[str, Any]) -> str:
    for word in ("columns", "fields"):
        if word in document:
            return f'write "properties": {{"name": {{"type": "string"}}}} for "{word}"'
    if any(isinstance(one, Mapping) and "type" in one for one in document.values()):
        return 'write {"properties": {…}} around the columns'
    return 'list them under "properties"'


def _is_table(document: Mapping[str, Any]) -> bool:
    return "properties" in document or "view" in document or "$defs" not in document


def _resolve_references(reading: _Reading) -> Files:
    """Return the files' schemas with valid `$ref`s only; a dangling one becomes a fault, and the
    column that it is in is left out.
    """
    sources = _sources(reading)
    for name, parsed in reading.parsed.items():
        for path, reason in _lost_references(name, parsed, sources, _incomplete_files(reading)):
            if reason is not None:
                reference = at_pointer(parsed.document, path)["$ref"]
                hint = sources.reference_hint(reference, name)
                reading.faults.append(Fault(f"{FOLDER}/{name}", f"{path}/$ref", reason, hint))
            match path.split("/"):
                case ["", "properties", column, *_]:
                    parsed.leave_out(["properties", unescape_token(column)])
                case _:
                    reading.has_dangling_references = True
    return _sources(reading)


def _incomplete_files(reading: _Reading) -> set[str]:
    """Return the names of the files that have invalid parts or could not be read."""
    parts = {
        _table_name(name)
        for name, one in reading.parsed.items()
        if one.dropped_keywords or one.invalid_columns
    }
    return reading.unread | parts


def _sources(reading: _Reading) -> Files:
    return Files({name: parsed.document for name, parsed in reading.parsed.items()})


def _lost_references(
    name: str, parsed: Parsed, sources: Files, unread: AbstractSet[str]
) -> list[tuple[str, str | None]]:
    """Return (pointer, reason) of each dangling `$ref` of a file; the reason is None if the target
    is in a file that could not be read, whose own fault is reported.
    """
    found: list[tuple[str, str | None]] = []
    for at, schema in walk(parsed.document):
        reference = schema.get("$ref")
        reason = sources.reference_fault(reference, name) if isinstance(reference, str) else None
        if reason:
            address = str(reference).partition("#")[0].removeprefix("./")
            found.append((at, None if _table_name(address) in unread else reason))
    return found


def _read_table(
    name: str, parsed: Parsed, sources: Files, reading: _Reading, taken: set[str]
) -> None:
    """Read one file as a table; foreign keys are added when all tables are known."""
    file, document = f"{FOLDER}/{name}", parsed.document
    schema = sources.inlined(name)
    columns, faults = _columns(
        schema, parsed.invalid_columns, file, incomplete=bool(_incomplete_files(reading))
    )
    table = Table(
        name=_table_name(name),
        columns=columns,
        primary_key=tuple(document.get("primaryKey", ())),
        unique=uniques(document, _table_name(name), set()),
        indexes=indexes(document, _table_name(name), taken),
        searches=searches(document, _table_name(name)),
        access=document.get("access", {}),
        realtime=document.get("realtime") is True,
        broadcast=document.get("realtime") == BROADCAST,
        view=document.get("view"),
        schema=schema,
        description=document.get("description"),
        file=file,
        without_rowid=document.get("withoutRowid", False),
    )
    if "properties" not in parsed.dropped_keywords:
        faults.extend(column_list_faults(document, list(schema.get("properties", ())), file))
        faults.extend(search_faults(document, table))
        faults.extend(_table_faults(table, document))
        faults.extend(broadcast_faults(table))
    if not reading.has_dangling_references:
        table, found = _validated(table)
        faults.extend(found)
    reading.faults.extend(faults)
    reading.tables[table.name] = table
    if parsed.invalid_columns or "properties" in parsed.dropped_keywords:
        reading.unread.add(table.name)
    if {"primaryKey", "unique"} & parsed.dropped_keywords or any(map(_is_of_keys, faults)):
        reading.unkeyed.add(table.name)


def _is_of_keys(fault: Fault) -> bool:
    return fault.pointer.startswith(("/primaryKey", "/unique"))


def _columns(
    schema: Mapping[str, Any], invalid_columns: set[str], file: str, *, incomplete: bool
) -> tuple[tuple[Column, ...], list[Fault]]:
    """Return (columns, faults); an invalid column is included by name, so that keys can refer to
    it.

    With `incomplete` files the target of a column's `$ref` may be missing, so that its faults are
    not reported.
    """
    columns: list[Column] = []
    faults: list[Fault] = []
    for name in schema.get("properties", {}):
        column = None
        if name not in invalid_columns:
            column, found = read_column(name, schema, file)
            faults.extend([] if incomplete and has_reference(schema["properties"][name]) else found)
        columns.append(column or Column(name, Type.JSON, {}, nullable=True))
    return tuple(columns), faults


def _table_faults(table: Table, document: Mapping[str, Any]) -> Iterator[Fault]:
    names = [column.name for column in table.columns]
    if not names:
        reason = "the table has no columns"
        yield Fault(table.file, "/properties", reason, 'list them under "properties"')
    lower: set[str] = set()
    for name in names:
        if name.lower() in lower:
            at = pointer(["properties", name])
            yield Fault(
                table.file, at, "another column's name differs by upper and lower case only"
            )
        lower.add(name.lower())
    if lower.issuperset(ROW_NUMBERS):
        reason = "columns cannot be called rowid, oid and _rowid_ all three"
        yield Fault(table.file, "/properties", reason, "call one of them otherwise")
    numbered = [column.name for column in table.columns if column.identity]
    if len(numbered) > 1:
        at = pointer(["properties", numbered[1], "identity"])
        yield Fault(table.file, at, "one column numbers the rows, not two", "take one away")
    if table.without_rowid and table.view is None:
        yield from _keyless(table, numbered)
    if table.view is not None:
        yield from _view_faults(table, table.view, document)


def _view_faults(table: Table, text: str, document: Mapping[str, Any]) -> Iterator[Fault]:
    if fault := select_fault(text):
        yield Fault(table.file, "/view", *fault)
    for word in ("indexes", "realtime", "withoutRowid"):
        if document.get(word):
            reason = f'a view has no "{word}"'
            yield Fault(table.file, f"/{word}", reason, "say it of the table behind the view")


def _keyless(table: Table, numbered: list[str]) -> Iterator[Fault]:
    if not table.primary_key:
        reason = "without row numbers, rows are told apart by their primary key, and there is none"
        yield Fault(table.file, "/withoutRowid", reason, 'name the columns in "primaryKey"')
    if numbered:
        at = pointer(["properties", numbered[0], "identity"])
        reason = "what numbers the rows is the row number, and the table is without"
        yield Fault(table.file, at, reason, 'take away "withoutRowid" or "identity"')


def _validated(table: Table) -> tuple[Table, list[Fault]]:
    """Return the table with canonical defaults, and the faults of its JSON Schema."""
    try:
        check = RowCheck(table)
        check.faults({})
    except ValueError as error:
        path = error.instance_path if isinstance(error, ValidationError) else []
        reason = error.message if isinstance(error, ValidationError) else str(error)
        return table, [Fault(table.file, pointer(list(path)), reason)]
    return default_faults(table, check)


def _add_foreign_keys(reading: _Reading) -> None:
    """Add the foreign keys to each table, when all tables are known."""
    world = KnownTables(reading.tables, frozenset(reading.unread), frozenset(reading.unkeyed))
    for name, parsed in reading.parsed.items():
        table = reading.tables.get(_table_name(name))
        if table is None:
            continue
        keys, faults = foreign_keys(parsed.document, table, world, parsed.invalid_columns)
        reading.faults.extend(faults)
        reading.tables[table.name] = replace(table, foreign_keys=keys)
