"""A database that is there already as schema files, and as the model that they are read into.

In charge of which tables become files, of what each file says, and of telling what no file can say.
Must not know how the facts are found out (`sql.catalog`), or where files go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jotbase.errors import Fault
from jotbase.schema.ddl.constraints import literal
from jotbase.schema.ddl.tables import META, internal_tables
from jotbase.schema.keywords.subschemas import unescape_token
from jotbase.schema.model import archive
from jotbase.schema.model.names import name_fault
from jotbase.schema.model.tables import Model
from jotbase.schema.pulling.tables import Document, table_document, view_document
from jotbase.schema.reading.read import FOLDER, read_what_can_be
from jotbase.sql.catalog import Catalog, ReflectedTable
from jotbase.sql.fragment import Fragment, bound, sql

_OURS = ("jotbase.", "auth.")


@dataclass(slots=True)
class Pulled:
    """Schema files by name, the model they are read into, and what is to be known besides."""

    files: dict[str, bytes] = field(default_factory=dict)
    model: Model = field(default_factory=Model)
    notes: list[str] = field(default_factory=list)


def pull(catalog: Catalog) -> Pulled:
    """Return the schema files of a database. They can be read; what cannot be said is noted."""
    pulled = Pulled()
    documents = _noted(catalog)
    known = {one.name.lower(): one for one in catalog.tables if one.kind == "table"}
    for table in catalog.tables:
        if table.name in documents or table.kind == "shadow" or table.name.startswith(_OURS):
            continue
        reason = _unfit(table)
        if reason is not None:
            pulled.notes.append(f"{table.name}: left out: {reason}")
            continue
        make = view_document if table.kind == "view" else table_document
        documents[table.name] = make(table, known)
    _settle(documents, pulled)
    for name, document in documents.items():
        pulled.notes.extend(f"{name}: {note}" for note in document.notes)
    pulled.notes.extend(
        f"{name}: {count} rows refer to rows that are not there"
        for name, count in catalog.orphans.items()
        if name in documents
    )
    return pulled


def adoption_statements(model: Model) -> Iterator[Fragment]:
    """Yield the statements that note the model in the database, so that a start takes the tables
    for its own, as they are, and has nothing to do.
    """
    yield from (sql(text) for text in internal_tables())
    insert = sql(f'INSERT OR REPLACE INTO "{META}" ("key", "value") VALUES (\'model\', ')
    yield insert + bound(archive.dump(model)) + ")"


def _noted(catalog: Catalog) -> dict[str, Document]:
    """Return the files of tables that the server made itself: as they were."""
    if catalog.noted is None:
        return {}
    names = {table.name for table in catalog.tables}
    model = archive.load(catalog.noted)
    return {table.name: Document(dict(table.schema)) for table in model if table.name in names}


def _unfit(table: ReflectedTable) -> str | None:
    """Return why a table or view cannot be served, None if it can."""
    fault = name_fault(table.name, "table")
    if fault is not None:
        return fault[0]
    if "/" in table.name or "\\" in table.name:
        return "no file can be called so"
    if table.kind == "virtual":
        return "it is a virtual table; a view over it can be served"
    if table.broken is not None:
        return f"the database cannot read it: {table.broken}"
    return None


def _settle(documents: dict[str, Document], pulled: Pulled) -> None:
    """Take out of the documents what cannot be read, bit by bit, until all can be."""
    while True:
        pulled.files = {f"{name}.json": _encoded(one.said) for name, one in documents.items()}
        pulled.model, faults = read_what_can_be(pulled.files)
        if not faults:
            return
        seen: set[str] = set()
        for fault in faults:
            name = fault.file.removeprefix(f"{FOLDER}/").removesuffix(".json")
            if name not in seen:
                seen.add(name)
                if not _mended(documents[name], fault):
                    pulled.notes.append(f"{name}: left out: {fault.reason}")
                    del documents[name]


def _mended(document: Document, fault: Fault) -> bool:
    """Take the part that a fault is in out of a document; whether that can be done."""
    said = document.said
    match [unescape_token(step) for step in fault.pointer.split("/")[1:]]:
        case ["properties", column, "references" | "onDelete" | "onUpdate" as word, *_]:
            gone = (word,) if word != "references" else ("references", "onDelete", "onUpdate")
            _drop(said["properties"][column], *gone)
        case ["properties", column, "default"]:
            own = said["properties"][column]
            own["x-default"] = literal(own.pop("default"))
            said["required"] = [one for one in said.get("required", ()) if one != column]
        case ["properties", column, ("enum" | "pattern") as word, *_]:
            _drop(said["properties"][column], word)
        case [("foreignKeys" | "unique" | "indexes") as word, place, *_]:
            del said[word][int(place)]
            if not said[word]:
                del said[word]
        case _:
            return False
    document.notes.append(f"{fault.pointer} is not in the file: {fault.reason}")
    return True


def _drop(schema: dict[str, Any], *words: str) -> None:
    for word in words:
        schema.pop(word, None)


def _encoded(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
