"""A reflected database to schema files, and to the model that is read from them.

In charge of which tables become files, of their content, and of notes on what a file cannot
express. Must not know how the database is reflected (`sql.catalog`), or where files are written.
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
from jotbase.schema.model import serialization
from jotbase.schema.model.names import name_fault
from jotbase.schema.model.tables import Model
from jotbase.schema.pulling.tables import Document, table_document, view_document
from jotbase.schema.reading.read import FOLDER, read_leniently
from jotbase.sql.catalog import Catalog, ReflectedTable
from jotbase.sql.fragment import Fragment, bound, sql

_OURS = ("jotbase.", "auth.")


@dataclass(slots=True)
class Pulled:
    """Schema files by name, the model that is read from them, and notes for the developer."""

    files: dict[str, bytes] = field(default_factory=dict)
    model: Model = field(default_factory=Model)
    notes: list[str] = field(default_factory=list)


def pull(catalog: Catalog) -> Pulled:
    """Return the schema files of a database; all of them are valid.

    What a file cannot express is left out and described in `notes`.
    """
    pulled = Pulled()
    documents = _managed_documents(catalog)
    known = {one.name.lower(): one for one in catalog.tables if one.kind == "table"}
    for table in catalog.tables:
        if table.name in documents or table.kind == "shadow" or table.name.startswith(_OURS):
            continue
        reason = _unservable_reason(table)
        if reason is not None:
            pulled.notes.append(f"{table.name}: left out: {reason}")
            continue
        make = view_document if table.kind == "view" else table_document
        documents[table.name] = make(table, known)
    _remove_faults(documents, pulled)
    for name, document in documents.items():
        pulled.notes.extend(f"{name}: {note}" for note in document.notes)
    pulled.notes.extend(
        f"{name}: {count} rows refer to rows that are not there"
        for name, count in catalog.orphans.items()
        if name in documents
    )
    return pulled


def adoption_statements(model: Model) -> Iterator[Fragment]:
    """Yield the statements that store the model in the database, so that the server adopts the
    tables unchanged when it starts.
    """
    yield from (sql(text) for text in internal_tables())
    insert = sql(f'INSERT OR REPLACE INTO "{META}" ("key", "value") VALUES (\'model\', ')
    yield insert + bound(serialization.dump(model)) + ")"


def _managed_documents(catalog: Catalog) -> dict[str, Document]:
    """Return the original files of the tables that the server itself has created."""
    if catalog.stored_model is None:
        return {}
    names = {table.name for table in catalog.tables}
    model = serialization.load(catalog.stored_model)
    return {table.name: Document(dict(table.schema)) for table in model if table.name in names}


def _unservable_reason(table: ReflectedTable) -> str | None:
    """Return the reason why a table or view cannot be served, None if it can."""
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


def _remove_faults(documents: dict[str, Document], pulled: Pulled) -> None:
    """Remove the faulty parts of the documents, one at a time, until all can be read."""
    while True:
        pulled.files = {f"{name}.json": _encoded(one.schema) for name, one in documents.items()}
        pulled.model, faults = read_leniently(pulled.files)
        if not faults:
            return
        seen: set[str] = set()
        for fault in faults:
            name = fault.file.removeprefix(f"{FOLDER}/").removesuffix(".json")
            if name not in seen:
                seen.add(name)
                if not _remove_faulty_part(documents[name], fault):
                    pulled.notes.append(f"{name}: left out: {fault.reason}")
                    del documents[name]


def _remove_faulty_part(document: Document, fault: Fault) -> bool:
    """Remove the part with the fault from a document; return whether it could be removed."""
    schema = document.schema
    match [unescape_token(step) for step in fault.pointer.split("/")[1:]]:
        case ["properties", column, "references" | "onDelete" | "onUpdate" as word, *_]:
            gone = (word,) if word != "references" else ("references", "onDelete", "onUpdate")
            _drop(schema["properties"][column], *gone)
        case ["properties", column, "default"]:
            own = schema["properties"][column]
            own["x-default"] = literal(own.pop("default"))
            schema["required"] = [one for one in schema.get("required", ()) if one != column]
        case ["properties", column, ("enum" | "pattern") as word, *_]:
            _drop(schema["properties"][column], word)
        case [("foreignKeys" | "unique" | "indexes") as word, place, *_]:
            del schema[word][int(place)]
            if not schema[word]:
                del schema[word]
        case _:
            return False
    document.notes.append(f"{fault.pointer} is not in the file: {fault.reason}")
    return True


def _drop(schema: dict[str, Any], *words: str) -> None:
    for word in words:
        schema.pop(word, None)


def _encoded(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
