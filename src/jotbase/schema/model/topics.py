"""Patterns of private topics: `room:{id}`, the types of its parts, and who may do what there.

In charge of matching a topic against a pattern. Must not know the rule language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from jotbase.schema.model.tables import Column, Table, Type

#: The file of a project that declares its private topics.
FILE = "channels.json"
#: What a rule calls the topic, and the column that holds all of it.
SCOPE, WHOLE = "topic", "name"
#: A part of a pattern: a name in braces.
PART = re.compile(r"\{([^{}]*)\}")
#: What a part may be: anything but the separators of topics.
_VALUE = r"([^:/]+)"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


@dataclass(frozen=True)
class TopicPattern:
    """One pattern. `parts` are its names with their types, `access` the texts of its rules."""

    text: str
    parts: Mapping[str, Type]
    access: Mapping[str, str]

    @cached_property
    def table(self) -> Table:
        """The parts as columns, for rules that name them."""
        kinds = {**self.parts, WHOLE: Type.TEXT}
        columns = (Column(name, kind, {}, nullable=False) for name, kind in kinds.items())
        return Table(self.text, tuple(columns), file=FILE)

    @cached_property
    def _form(self) -> re.Pattern[str]:
        literal = [re.escape(piece) for piece in PART.split(self.text)[::2]]
        return re.compile(_VALUE.join(literal))

    def match(self, topic: str) -> dict[str, Any] | None:
        """Return the parts' values if the topic has the pattern's form, else None."""
        found = self._form.fullmatch(topic)
        if found is None:
            return None
        values = zip(self.parts.items(), found.groups(), strict=True)
        row = {name: _value(text, kind) for (name, kind), text in values}
        return None if None in row.values() else {**row, WHOLE: topic}


def _value(text: str, kind: Type) -> Any:
    if kind is Type.INTEGER:
        return int(text) if _INTEGER.fullmatch(text) else None
    if kind is not Type.UUID:
        return text
    try:
        return str(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None
