"""Reading `channels.json`: the patterns of private topics, every fault with its JSON pointer.

In charge of the file's structure. Must not know the rule language (`access` reads rules).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator

from jotbase.errors import Fault
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.keywords.vocabulary import STANDARD_META_SCHEMA
from jotbase.schema.model.tables import Type
from jotbase.schema.model.topics import FILE, PART, WHOLE, TopicPattern
from jotbase.schema.reading.parsing import read_object

CHANNELS_META_SCHEMA = "https://jotbase.dev/schema/channels/v1"
#: What can be allowed on a topic.
ACTIONS = ("read", "write", "readPresence", "writePresence")
_RULE = {"type": "string", "minLength": 1, "description": "A rule on `topic` and `user`."}

#: The meta-schema of the file.
META_SCHEMA: dict[str, Any] = {
    "$schema": STANDARD_META_SCHEMA,
    "$id": CHANNELS_META_SCHEMA,
    "title": "The private topics of a Jotbase project",
    "type": "object",
    "required": ["topics"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "topics": {
            "type": "object",
            "description": "Patterns (`room:{id}`) in the order in which they are tried.",
            "additionalProperties": {"$ref": "#/$defs/topic"},
        },
    },
    "$defs": {
        "topic": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "description": {"type": "string"},
                "parts": {
                    "type": "object",
                    "description": "The types of the pattern's parts; a part is else a text.",
                    "additionalProperties": {"$ref": "#/$defs/part"},
                },
                "access": {
                    "type": "object",
                    "description": "Who may; what is absent is forbidden.",
                    "additionalProperties": False,
                    "properties": dict.fromkeys(ACTIONS, _RULE),
                },
            },
        },
        "part": {
            "type": "object",
            "required": ["type"],
            "additionalProperties": False,
            "properties": {
                "type": {"enum": ["string", "integer"]},
                "format": {"enum": ["uuid"]},
                "description": {"type": "string"},
            },
        },
    },
}


def read_topics(data: bytes) -> tuple[list[TopicPattern], list[Fault]]:
    """Return the sound patterns of the file, in its order, and every fault."""
    document = read_object(FILE, data)
    if isinstance(document, Fault):
        return [], [document]
    errors = Draft202012Validator(META_SCHEMA).iter_errors(document)
    faults = [Fault(FILE, pointer(list(one.instance_path)), one.message) for one in errors]
    if faults:
        return [], faults
    found: list[TopicPattern] = []
    for text, topic in document["topics"].items():
        wrong = list(_pattern_faults(text, topic))
        faults.extend(wrong)
        if not wrong:
            found.append(_pattern(text, topic))
    return found, faults


def _pattern(text: str, topic: Mapping[str, Any]) -> TopicPattern:
    declared = topic.get("parts", {})
    parts = {name: _type(declared.get(name, {})) for name in PART.findall(text)}
    return TopicPattern(text, parts, topic.get("access", {}))


def _type(schema: Mapping[str, Any]) -> Type:
    if schema.get("type") == "integer":
        return Type.INTEGER
    return Type.UUID if schema.get("format") == "uuid" else Type.TEXT


def _pattern_faults(text: str, topic: Mapping[str, Any]) -> Iterator[Fault]:
    at = pointer(["topics", text])
    names = PART.findall(text)
    if not text or set(PART.sub("", text)) & set("{}"):
        yield Fault(FILE, at, "the pattern has a lone brace or is empty", "as in room:{id}")
    for name in names:
        if not name.isidentifier() or name == WHOLE:
            hint = f"topic.{WHOLE} is the whole topic" if name == WHOLE else "as in room:{id}"
            yield Fault(FILE, at, f"a part cannot be called {name!r}", hint)
    if len(set(names)) < len(names):
        yield Fault(FILE, at, "two parts have one name")
    if "}{" in text:
        yield Fault(FILE, at, "two parts have nothing between them", "as in {team}:{id}")
    for name in topic.get("parts", {}):
        if name not in names:
            place = pointer(["topics", text, "parts", name])
            yield Fault(FILE, place, f"the pattern has no part {name!r}")
