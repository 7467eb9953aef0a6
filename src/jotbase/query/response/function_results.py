"""The response of a function call: rows are read like a table's, values are serialized.

In charge of planning and rendering a call's result. Must not know how a function is run.
Source: https://docs.postgrest.org/en/stable/references/api/functions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson

from jotbase.errors import RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.function_rows import as_function_rows, encode_rows
from jotbase.query.plan.functions import Function, Functions, Returns
from jotbase.query.plan.guarding import Guard
from jotbase.query.plan.nodes import PlanLimits, ReadPlan, ResponseFormat, Window
from jotbase.query.plan.plan import find_table, response_format, root_window
from jotbase.query.plan.reading import Reading, read_node
from jotbase.query.request.grammar import parse_target
from jotbase.query.request.intent import Intent
from jotbase.query.request.media import content_type, parse_accept, unavailable
from jotbase.query.request.preferences import known_preferences
from jotbase.query.request.separated import render_lines
from jotbase.query.request.shape import Shape
from jotbase.query.response.render import applied_headers, content_range, render_read
from jotbase.query.statement.compile import compile_read
from jotbase.query.write.result import not_single
from jotbase.records import dataclass
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.values.json_length import check_length, listed, written
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment
from jotbase.values import Request, Response

Headers = tuple[tuple[str, str], ...]

#: Media types of a single plain value, by `Accept`.
_RAW = {"text/plain": "text/plain; charset=utf-8", "application/octet-stream": None}


@dataclass(frozen=True, slots=True)
class ResultPlan:
    """The plan of a call's result; `read` and `statement` are for rows alone.

    `raw` is the media type of a value that is sent unchanged.
    """

    function: Function
    answer: ResponseFormat
    window: Window
    counted: bool
    table: Table | None = None
    read: ReadPlan | None = None
    statement: Fragment | None = None
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a call: `value` as returned by the function, `rows` as read by the statement.

    `status` and `headers` are those that the function has set.
    """

    value: Any = None
    rows: Sequence[Sequence[Any]] | None = None
    status: int | None = None
    headers: Headers = ()


def split_raw_accept(request_shape: Shape) -> tuple[Shape, str | None]:
    """Return (shape without an `Accept` for a plain value, that media type or None)."""
    accept = request_shape.accept
    if not accept or "," in accept or accept == "*/*":
        return request_shape, None
    try:
        parse_accept(accept)
    except RequestError:
        return request_shape._replace(accept=""), accept.split(";")[0].strip().lower()
    return request_shape, None


def value_media_type(function: Function, asked: Shape) -> str | None:
    """Return the media type of the function's values, if the caller accepts any."""
    return function.returns.media if asked.accept in ("", "*/*") else None


def plan_result(
    intent: Intent, function: Function, model: Model, limits: PlanLimits, raw: str | None
) -> ResultPlan:
    """Plan a call's result. Raises RequestError as a read does, and PGRST128."""
    preferences = known_preferences(intent.preferences, limits.is_zone)
    intent = replace(intent, preferences=preferences)
    returns = function.returns
    if raw is not None and (returns.kind != "value" or raw not in (*_RAW, returns.media)):
        raise unavailable(raw)
    if intent.media.kind == "plan":
        raise RequestError("PGRST127", "Feature not implemented", details="Plans of functions.")
    strict = preferences.handling == "strict" and preferences.max_affected is not None
    if strict and not returns.is_set:
        raise RequestError(
            "PGRST128",
            "Function must return SETOF or TABLE when max-affected preference is used with"
            " handling=strict",
        )
    window = root_window(intent, limits)
    reading = Reading(intent, model, limits)
    counted = preferences.count is not None
    if returns.kind not in ("row", "rows"):
        return ResultPlan(function, response_format(reading), window, counted, raw=raw)
    table = as_function_rows(row_table(returns, model))
    node = read_node(reading, table, window)
    read = ReadPlan(node, response_format(reading), counted)
    return ResultPlan(function, read.answer, window, counted, table, read)


def row_table(returns: Returns, model: Model) -> Table:
    """Return the table that has the columns of a function's rows."""
    return returns.shape if returns.shape is not None else find_table(model, returns.table or "")


def with_statement(result: ResultPlan, dialect: Dialect, guard: Guard) -> ResultPlan:
    """Return the plan with the statement that reads a function's rows."""
    if result.read is None:
        return result
    return replace(result, statement=compile_read(result.read, dialect, guard))


def rows_document(table: Table, returns: Returns, value: Any) -> str:
    """Return the JSON document of the rows that a function returned. Raises TypeError."""
    rows = [] if value is None else [value] if returns.kind == "row" else listed(value)
    for row in rows:
        if not isinstance(row, Mapping):
            raise TypeError(f"a row of {table.name} is a dict, not {type(row).__name__}")
    return encode_rows(table, rows)


def bind_document(context: Context, text: str) -> Context:
    """Return the context with the document of a function's rows."""
    return replace(context, document=text)


def check_affected(result: ResultPlan, outcome: Outcome) -> None:
    """Raise RequestError for more rows than allowed, before the commit."""
    asked = result.answer.preferences
    count = _count(result, outcome)
    if asked.handling == "strict" and asked.max_affected is not None and count > asked.max_affected:
        raise RequestError(
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            details=f"The query affects {count} rows",
        )
    if result.answer.media.kind == "object" and result.read is not None and count != 1:
        raise not_single(count)


def _count(result: ResultPlan, outcome: Outcome) -> int:
    if outcome.rows is not None:
        count: int = outcome.rows[0][1]
        return count
    return len(outcome.value) if result.function.returns.kind == "values" else 1


def is_undone(answer: ResponseFormat) -> bool:
    """Whether the call is to be rolled back (`tx=rollback`)."""
    asked = answer.preferences.tx if answer.tx_end.endswith("allow-override") else None
    return (asked or answer.tx_end.split("-")[0]) == "rollback"


def render_result(
    result: ResultPlan, request: Request, values: Sequence[str], outcome: Outcome
) -> Response:
    """Return the response to a call. Raises RequestError PGRST103, PGRST111, PGRST112."""
    if result.read is not None and outcome.rows is not None:
        response = _shown(result, render_read(result.read, request, values, outcome.rows))
    else:
        response = _value(result, values, outcome)
    return _with_head(response, outcome)


def _shown(result: ResultPlan, response: Response) -> Response:
    """Return a read's response as a call's: one row is an object, without Content-Location."""
    other = ("Content-Location", "Preference-Applied")
    headers = tuple(pair for pair in response.headers if pair[0] not in other)
    headers += applied_headers(result.answer, counted=True, calling=True)
    body = response.body
    if result.function.returns.kind == "row" and result.answer.media.kind in ("json", "array"):
        body = body[1:-1] or (b"null" if body else b"")
    return Response(response.status, headers, body)


def _value(result: ResultPlan, values: Sequence[str], outcome: Outcome) -> Response:
    answer, kind = result.answer, result.function.returns.kind
    applied = applied_headers(answer, counted=True, calling=True)
    if kind == "nothing":
        return Response(204, (("Content-Range", "*/*"), *applied))
    value, count, first = outcome.value, 1, 0
    if kind == "values":
        first, most = result.window.bounds(values)
        everything = value
        value = everything[first:] if most is None else everything[first : first + most]
        count = len(value)
    total = (len(everything) if kind == "values" else 1) if result.counted else None
    body, media = _body(result, value)
    headers = (
        ("Content-Type", media),
        ("Content-Range", content_range(first, count, total)),
        *applied,
    )
    partial = total is not None and count < total
    return Response(206 if partial else 200, headers, b"" if answer.head else body)


def _body(result: ResultPlan, value: Any) -> tuple[bytes, str]:
    if result.raw is not None:
        check_length(value)
        raw = value if isinstance(value, bytes) else str("" if value is None else value).encode()
        return raw, _RAW.get(result.raw) or result.raw
    media = result.answer.media
    if media.kind == "csv":
        cells = value if result.function.returns.kind == "values" else [value]
        check_length(cells)
        lines = [[result.function.name], *([_cell(one)] for one in cells)]
        return render_lines(lines).encode(), content_type(media)
    return encode_value(value), content_type(media)


def _cell(value: Any) -> str:
    return (
        "" if value is None else value if isinstance(value, str) else encode_value(value).decode()
    )


def encode_value(value: Any) -> bytes:
    """Return a function's value as JSON.

    Raises TypeError for one that has no JSON form, and JotError 54000 for one that is too long.
    """
    return written(value, _dumped)


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def as_returned(returns: Returns, value: Any) -> Any:
    """Return what a function returned: several values as a list. Raises JotError 54000."""
    return listed(value or ()) if returns.kind == "values" else value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON")


def _with_head(response: Response, outcome: Outcome) -> Response:
    """Return the response with the status and headers that the function has set."""
    own = {name.lower() for name, _ in outcome.headers}
    kept = tuple(pair for pair in response.headers if pair[0].lower() not in own)
    status = response.status if outcome.status is None else outcome.status
    return Response(status, (*kept, *outcome.headers), response.body, response.spooled)


def allowed_methods(functions: Functions, path: str) -> str:
    """Return the `Allow` header of a function: GET for those that only read.

    Raises RequestError PGRST202.
    """
    name, _ = parse_target(path)
    found = functions.get(name)
    if not found:
        raise RequestError("PGRST202", f"Could not find the function {name} in the schema cache")
    reads = any(one.reads for one in found)
    return "OPTIONS,GET,HEAD,POST" if reads else "OPTIONS,POST"
