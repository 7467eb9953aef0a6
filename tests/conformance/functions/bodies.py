# ruff: noqa: TID252 - a project's package is dropped in under another name
"""Functions that take the whole body of a request as their one argument, and families of them.

In charge of bodies: JSON, a text, bytes. Must not know any table.
"""

from __future__ import annotations

from typing import Any

from jotbase.functions import rpc

from .shapes import Json, Octets, PlainText, Xml


@rpc
def unnamed_json_param(_: Json) -> Json:
    """Return the JSON that was sent."""
    return _


@rpc
def unnamed_text_param(_: str) -> PlainText:
    """Return the text that was sent."""
    return _


@rpc
def unnamed_bytea_param(_: bytes) -> Octets:
    """Return the bytes that were sent."""
    return _


@rpc
def unnamed_xml_param(_: Xml) -> Xml:
    """Return the XML that was sent."""
    return _


@rpc(name="overloaded_unnamed_param")
def unnamed_json(_: Json) -> Json:
    """Return a JSON body."""
    return _


@rpc(name="overloaded_unnamed_param")
def unnamed_bytes(_: bytes) -> Octets:
    """Return a body of bytes."""
    return _


@rpc(name="overloaded_unnamed_param")
def unnamed_text(_: str) -> PlainText:
    """Return a body of text."""
    return _


@rpc(name="overloaded_unnamed_param")
def unnamed_nothing() -> int:
    """Return 1, for want of a body."""
    return 1


@rpc(name="overloaded_unnamed_param")
def unnamed_sum(x: int, y: int) -> int:
    """Add two arguments, which have names."""
    return x + y


@rpc(name="overloaded_unnamed_json_jsonb_param")
def either_json(_: Json) -> Json:
    """Return a JSON body."""
    return _


@rpc(name="overloaded_unnamed_json_jsonb_param")
def either_jsonb(_: dict[str, Any]) -> Json:
    """Return a JSON body too: between the two no caller can choose."""
    return _


@rpc(name="overloaded_unnamed_json_jsonb_param")
def either_sum(x: int, y: int) -> int:
    """Add two arguments, which have names."""
    return x + y
