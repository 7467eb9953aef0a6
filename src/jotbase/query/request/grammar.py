"""Parsing a request's shape to an intent: all parameters and headers, without the model.

In charge of the parameters' names. Must not know tables, the request's values, or SQL.
Source: https://docs.postgrest.org/en/stable/references/api/tables_views.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jotbase.errors import RequestError
from jotbase.query.request.filter_grammar import (
    parse_filter,
    parse_logic,
    parse_names,
    parse_order,
    parse_path,
)
from jotbase.query.request.intent import (
    Action,
    EmbedPath,
    FieldPath,
    Filter,
    Intent,
    Operand,
    OrderTerm,
    Placeholder,
    SelectField,
    SelectItem,
)
from jotbase.query.request.media import parse_accept, parse_content_type
from jotbase.query.request.preferences import parse_preferences
from jotbase.query.request.select_grammar import parse_select
from jotbase.query.request.shape import (
    ARGUMENT,
    NUMBER,
    PLAIN,
    QUANTIFIABLE,
    SEARCHES,
    Shape,
    decoded,
)
from jotbase.query.request.weights import KEY, TERM, check_names, check_size

_ACTIONS: dict[str, Action] = {
    "GET": "read",
    "HEAD": "read",
    "POST": "insert",
    "PATCH": "update",
    "PUT": "put",
    "DELETE": "delete",
}
_ALL: tuple[SelectItem, ...] = (SelectField(FieldPath("*")),)
_FILTER = re.compile(
    rf"(not\.)?({'|'.join((*QUANTIFIABLE, *SEARCHES, *PLAIN, 'is'))})(\([^()]*\))?\."
)
_WHOLE = re.compile(r"\s*-?\d{1,4000}\s*", re.ASCII)
_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})", re.ASCII)

#: The path of the data API; Location and Content-Location are relative to it.
PREFIX = "/rest/v1"

#: The name of the only schema, for Accept-Profile and Content-Profile.
SCHEMA = "public"


@dataclass(slots=True)
class _Parts:
    """The parsed parameters so far."""

    select: tuple[SelectItem, ...] | None = None
    filters: dict[EmbedPath, list[Filter]] = field(default_factory=dict)
    order: dict[EmbedPath, tuple[OrderTerm, ...]] = field(default_factory=dict)
    limit: dict[EmbedPath, int | Placeholder] = field(default_factory=dict)
    offset: dict[EmbedPath, int | Placeholder] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: list[tuple[str, Operand]] = field(default_factory=list)

    def add_filter(self, path: EmbedPath, condition: Filter) -> None:
        """Add a condition to the conjunction of a path's filters."""
        self.filters.setdefault(path, []).append(condition)


def parse(shape: Shape) -> Intent:
    """Parse a shape to an intent. Raises RequestError with PGRST1xx codes."""
    action = _ACTIONS.get(shape.method)
    if action is None:
        raise RequestError("PGRST117", f"Unsupported HTTP method: {shape.method}")
    if shape.profile not in {"", SCHEMA}:
        raise RequestError(
            "PGRST106",
            f"Invalid schema: {shape.profile}",
            hint=f"Only the following schemas are exposed: {SCHEMA}",
        )
    check_size(len(shape.pieces), (shape.prefer, shape.accept, shape.content_type))
    target, is_call = parse_target(shape.path)
    if is_call:
        if shape.method not in ("GET", "HEAD", "POST"):
            raise RequestError("PGRST101", f"Cannot use the {shape.method} method on RPC")
        action = "call"
    parts = _Parts()
    for name, text, taken in _parameters(shape):
        _take(parts, name, text, taken, arguments=is_call and shape.method != "POST")
    return Intent(
        action=action,
        target=target,
        select=_ALL if parts.select is None else parts.select,
        filters={path: tuple(found) for path, found in parts.filters.items()},
        order=parts.order,
        limit=parts.limit,
        offset=parts.offset,
        columns=parts.columns,
        on_conflict=parts.on_conflict,
        arguments=tuple(parts.arguments),
        by_query=is_call and shape.method != "POST",
        range=_range(shape),
        preferences=parse_preferences(shape.prefer),
        media=parse_accept(shape.accept),
        content=parse_content_type(shape.content_type),
        head=shape.method == "HEAD",
        selected=parts.select is not None,
    )


def is_root(path: str) -> bool:
    """Return whether a path is the root of the data API."""
    return path.rstrip("/") == PREFIX


def is_call(path: str) -> bool:
    """Return whether a path is that of a function."""
    return path.startswith(f"{PREFIX}/rpc/")


def parse_target(path: str) -> tuple[str, bool]:
    """Return the table's or function's name, and whether it is a function.

    Raises RequestError PGRST125.
    """
    steps = path.removeprefix(PREFIX).strip("/").split("/")
    if len(steps) == 2 and steps[0] == "rpc" and steps[1]:
        return decoded(steps[1].replace("+", "%2B")), True
    if len(steps) != 1 or not steps[0]:
        raise RequestError(
            "PGRST125",
            "Invalid path specified in request URL",
        )
    return decoded(steps[0].replace("+", "%2B")), False


def _parameters(shape: Shape) -> Iterator[tuple[str, str, Placeholder | None]]:
    """Yield (name, text, placeholder of the value if the shape has taken it out) of each
    parameter.
    """
    index = 0
    for piece in shape.pieces:
        if isinstance(piece, str):
            name, _, text = piece.partition("=")
            yield decoded(name), decoded(text), None
        else:
            yield decoded(piece[0]), piece[1], Placeholder(index)
            index += 1


def _take(parts: _Parts, name: str, text: str, taken: Placeholder | None, arguments: bool) -> None:
    """Parse one parameter into `parts`."""
    head, _, last = name.rpartition(".")
    match last:
        case "select" if not head:
            check_names(text, KEY)
            # Of two the first counts, as PostgREST looks a parameter up by its name.
            parts.select = parts.select or parse_select(text) or _ALL
        case "columns" if not head:
            check_names(text, KEY)
            parts.columns = parse_names(text, "columns parameter")
        case "on_conflict" if not head:
            check_names(text, KEY)
            parts.on_conflict = parse_names(text, "on_conflict parameter")
        case "order":
            check_names(text, TERM)
            parts.order[_path(head)] = parse_order(text)
        case "limit":
            _take_bound(parts.limit, head, text, taken)
        case "offset":
            _take_bound(parts.offset, head, text, taken)
        case "and" | "or":
            negated = head == "not" or head.endswith(".not")
            where = head[: -len("not")].rstrip(".") if negated else head
            parts.add_filter(_path(where), parse_logic(last, negated, text))
        case _:
            if arguments and (text == ARGUMENT if taken is not None else not _is_filter(text)):
                parts.arguments.append((name, text if taken is None else taken))
                return
            path, column = parse_path(name)
            parts.add_filter(path, parse_filter(column, text, taken))


def _path(text: str) -> EmbedPath:
    if not text:
        return ()
    path, last = parse_path(text)
    return (*path, last.name)


def _is_filter(text: str) -> bool:
    return _FILTER.match(text) is not None


def _take_bound(
    bounds: dict[EmbedPath, int | Placeholder], head: str, text: str, taken: Placeholder | None
) -> None:
    """Parse a limit or an offset; one that is no integer is ignored, as in PostgREST."""
    if taken is not None and text == NUMBER:
        bounds[_path(head)] = taken
    elif _WHOLE.fullmatch(text):
        bounds[_path(head)] = max(-1, min(int(text), 2**62))


def _range(shape: Shape) -> tuple[int, int | None] | None:
    """Return (first, last) of the Range header; other units and malformed ranges are ignored."""
    if not shape.range or shape.range_unit not in ("", "items"):
        return None
    found = _RANGE.fullmatch(shape.range.strip().removeprefix("items="))
    if found is None or not found[1]:
        return None
    return int(found[1]), int(found[2]) if found[2] else None
