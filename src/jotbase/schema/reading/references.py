"""Inlining `$ref`s to other files: their targets are copied into the document under `$defs`.

In charge of making each file's schema self-contained. Must not know tables. Nothing is ever
fetched: a target that is not among the project's files is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin

from jotbase.schema.keywords.subschemas import at_pointer, escape_token, map_subschemas, walk
from jotbase.schema.keywords.vocabulary import STANDARD_META_SCHEMA, nearest


class Files:
    """The schemas of all files by name, and by `$id` where they have one."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemas = schemas
        self._by_id = {
            schema["$id"].rstrip("#"): name
            for name, schema in schemas.items()
            if isinstance(schema.get("$id"), str)
        }

    def inlined(self, name: str) -> dict[str, Any]:
        """Return the file's schema with the other files that it refers to under `$defs`."""
        wanted: list[str] = []
        document = self._localised(name, name, wanted)
        if not wanted:
            return document
        brought: dict[str, Any] = {}
        for other in wanted:  # grows during the iteration
            inner = self._localised(other, name, wanted)
            brought[other] = {
                word: value for word, value in inner.items() if word not in ("$schema", "$id")
            }
        return {**document, "$defs": {**document.get("$defs", {}), **brought}}

    def _localised(self, name: str, home: str, wanted: list[str]) -> dict[str, Any]:
        """Return a file's schema with its references rewritten to point into `home`."""

        def change(schema: dict[str, Any]) -> dict[str, Any]:
            if name != home:
                schema.pop("$anchor", None)
            reference = schema.get("$ref")
            if isinstance(reference, str):
                schema["$ref"] = self._target(reference, name, home, wanted)
            return schema

        document: dict[str, Any] = map_subschemas(self._schemas[name], change)
        return document

    def _target(self, reference: str, name: str, home: str, wanted: list[str]) -> str:
        address, _, fragment = reference.partition("#")
        other = name if not address else self._file(address, name)
        if other is None:
            return reference
        if other == home:
            return reference if not address and name == home else f"#{fragment}"
        if other not in wanted:
            wanted.append(other)
        return f"#/$defs/{quote(escape_token(other), safe='~')}{self._pointer(other, fragment)}"

    def _pointer(self, name: str, fragment: str) -> str:
        """Return the JSON pointer of a fragment: itself, or the place of its anchor."""
        if not fragment or fragment.startswith("/"):
            return fragment
        for at, schema in walk(self._schemas[name]):
            if unquote(fragment) in (schema.get("$anchor"), schema.get("$dynamicAnchor")):
                return quote(at, safe="/~$")
        return f"/{fragment}"

    def _file(self, address: str, name: str) -> str | None:
        plain = unquote(address).removeprefix("./")
        if plain in self._schemas:
            return plain
        base = self._schemas[name].get("$id")
        absolute = urljoin(base, address) if isinstance(base, str) else address
        return self._by_id.get(absolute)

    def reference_fault(self, reference: str, name: str) -> str | None:
        """Return the reason why a `$ref` of that file is dangling, None if it is valid."""
        address, _, fragment = reference.partition("#")
        if address == STANDARD_META_SCHEMA:
            return None
        other = self._file(address, name) if address else name
        if other is None:
            return f'there is no file "{address}" among the schemas'
        place = unquote(self._pointer(other, fragment))
        try:
            at_pointer(self._schemas[other], place)
        except KeyError:
            return f'"{other}" has nothing at #{unquote(fragment)}'
        return None

    def reference_hint(self, reference: str, name: str) -> str:
        """Return what a `$ref` that leads nowhere was most likely meant to be."""
        address, _, fragment = reference.partition("#")
        other = self._file(address, name) if address else name
        if other is None:
            plain = unquote(address).rpartition("/")[2]
            close = nearest(plain.removesuffix(".json") + ".json", self._schemas, 0.6)
            given = f"{close}#{fragment}" if fragment else close
            return f'write "$ref": "{given}"' if close else "only files of schemas/ are read"
        places = [f"#{at}" for at, _ in walk(self._schemas[other]) if at]
        close = nearest(f"#{unquote(fragment)}", places, 0.6)
        return f'did you mean "{close}"?' if close else 'write it under "$defs"'
