"""Rendering the results of reads and writes as responses: status, headers, body.

In charge of PostgREST's statuses and headers. Must not know SQL or access rules.
Source: https://docs.postgrest.org/en/stable/references/api/pagination_count.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import orjson

from jotbase.errors import JotError, RequestError
from jotbase.expression.expr import Context
from jotbase.expression.semantics import DOCUMENTS
from jotbase.query.plan.guarding import Guard, hinting, table_actions
from jotbase.query.plan.nodes import (
    DeletePlan,
    InsertPlan,
    Node,
    PlanLimits,
    ReadPlan,
    ResponseFormat,
    Returning,
    UpdatePlan,
    Value,
    WritePlan,
)
from jotbase.query.plan.plan import find_table
from jotbase.query.plan.triggered_views import allowed_writes, triggered_view
from jotbase.query.plan.updatable import view_keys
from jotbase.query.request.batch_body import OperationError
from jotbase.query.request.grammar import PREFIX, parse_target
from jotbase.query.request.media import content_type
from jotbase.query.request.preferences import applied_preferences
from jotbase.query.response.bodies import BodyWriter, whole_body
from jotbase.query.response.explaining import render_plan, render_write_plan
from jotbase.query.statement.columns import value_sql
from jotbase.query.write.result import WriteResult, not_single
from jotbase.schema.model.tables import Model, Table, Type
from jotbase.sql.dialect import SQLITE
from jotbase.values import Request, Response, SpooledBody

JSON_TYPE = "application/json; charset=utf-8"
_JSON_HEADER = ("Content-Type", JSON_TYPE)
Headers = tuple[tuple[str, str], ...]
#: The longest query that Content-Location repeats, in characters.
LONGEST_LOCATION = 4096


def render_read(
    plan: ReadPlan, request: Request, values: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Response:
    """Return the response to a read; `rows` is the one row that its statement gave.

    The text of its rows may be a body that was written already.
    Raises RequestError: PGRST103 for an offset behind the last row, PGRST116 for a single object.
    """
    if plan.answer.media.kind == "plan":
        return render_plan(plan.answer.media, rows)
    found = rows[0]
    count: int = found[1]
    total: int | None = found[2] if plan.count else None
    first = plan.node.window.bounds(values)[0]
    partial = total is not None and count < total
    if (total is not None and first > total) or (total == 0 and first > 0):
        raise _unsatisfiable(first, total or 0)
    answer = plan.answer
    keys = [item.key for item in plan.node.items]
    text, body = found[0], b""
    spooled: SpooledBody | None = None
    if isinstance(text, str):
        documents = _documents(plan.node) if answer.media.kind == "csv" else {}
        body = whole_body(text, count, answer, keys, documents)
    elif answer.media.kind == "object" and count != 1:
        raise not_single(count)
    else:
        spooled = text
    headers = (
        ("Content-Type", content_type(answer.media)),
        ("Content-Range", content_range(first, count, total)),
        *content_location(request),
        *applied_headers(answer, counted=True),
        *(("Warning", warning) for warning in answer.warnings),
    )
    return Response(206 if partial else 200, headers, b"" if answer.head else body, spooled)


def body_writer(plan: ReadPlan) -> BodyWriter:
    """Return what writes the rows of a read as the body of its answer."""
    documents = _documents(plan.node) if plan.answer.media.kind == "csv" else {}
    return BodyWriter(plan.answer, [item.key for item in plan.node.items], documents)


def _unsatisfiable(first: int, total: int) -> RequestError:
    error = RequestError(
        "PGRST103",
        "Requested range not satisfiable",
        details=f"An offset of {first} was requested, but there are only {total} rows.",
    )
    return OutOfRange(error, total)


class OutOfRange(RequestError):
    """A range beyond the last row; Content-Range has the number of rows."""

    def __init__(self, error: RequestError, total: int) -> None:
        super().__init__(error.code, error.message, details=error.details, hint=error.hint)
        self.total = total


def content_range(first: int, count: int, total: int | None) -> str:
    """Return `0-9/*`, `0-9/25`, or `*/0` where there is no row."""
    rows = f"{first}-{first + count - 1}" if count else "*"
    return f"{rows}/{'*' if total is None else total}"


def content_location(request: Request) -> Headers:
    """Return the header with the path below the data API, the parameters in order of their names.

    Not of a long one: Node's client takes 16 KiB of headers, and fails on more.
    """
    path = request.path.removeprefix(PREFIX)
    if len(request.query) > LONGEST_LOCATION:
        return ()
    pieces = sorted(piece for piece in request.query.split("&") if piece)
    return (("Content-Location", f"{path}?{'&'.join(pieces)}" if request.query else path),)


def rewrites(plan: ReadPlan | WritePlan, text: Any) -> str:
    """Return the JSON text that must be parsed and rendered again (CSV, stripped nulls)."""
    media = plan.answer.media
    return text if isinstance(text, str) and (media.kind == "csv" or media.stripped) else ""


def _documents(node: Node) -> Mapping[str, Type]:
    """Return the keys of array and JSON columns, whose values do not show their type."""
    values = ((item.key, item.value) for item in node.items)
    kinds = (
        (key, value_sql(value, SQLITE)[1]) for key, value in values if isinstance(value, Value)
    )
    return {key: kind for key, kind in kinds if kind in DOCUMENTS}


def _returned_documents(returning: Returning) -> Mapping[str, Type]:
    if returning.node is not None:
        return _documents(returning.node)
    return {key: one.type for key, one in returning.plain or () if one.type in DOCUMENTS}


def render_write(plan: WritePlan, request: Request, written: WriteResult) -> Response:
    """Return the response to a write. The unit of work has checked single objects already."""
    answer = plan.answer
    if answer.media.kind == "plan":
        return render_write_plan(answer.media, _operation(plan), plan.table.name, written.plans)
    preferences = answer.preferences
    returning = preferences.returning
    headers: list[tuple[str, str]] = []
    total = written.affected if preferences.count is not None else None
    inserted = isinstance(plan, InsertPlan)
    status = _written_status(plan, written)
    body = b""
    if returning == "representation":
        headers.append(("Content-Type", content_type(answer.media)))
        is_csv = answer.media.kind == "csv"
        documents = _returned_documents(plan.returning) if is_csv else {}
        body = whole_body(written.body or "[]", written.affected, answer, written.keys, documents)
    elif status == 201:
        headers.append(("Content-Length", "0"))
    if inserted and returning == "headers-only" and written.location is not None:
        headers.append(("Location", f"{request.path.removeprefix(PREFIX)}?{written.location}"))
    if not (isinstance(plan, InsertPlan) and plan.put is not None):
        headers.append(("Content-Range", _written_range(plan, written, total)))
    headers.extend(applied_headers(answer, counted=True, inserted=inserted, plan=plan))
    headers.extend(("Warning", warning) for warning in answer.warnings)
    return Response(status, tuple(headers), body)


def _operation(plan: WritePlan) -> str:
    if isinstance(plan, InsertPlan):
        return "Insert"
    return "Delete" if isinstance(plan, DeletePlan) else "Update"


def _written_status(plan: WritePlan, written: WriteResult) -> int:
    if isinstance(plan, InsertPlan):
        if plan.put is not None:
            if written.created:
                return 201
            return 200 if plan.answer.preferences.returning == "representation" else 204
        created = plan.resolution != "merge" or written.created
        return 201 if created else 200
    return 200 if plan.answer.preferences.returning == "representation" else 204


def _written_range(plan: WritePlan, written: WriteResult, total: int | None) -> str:
    """Return Content-Range: `0-9/…` for updated rows, `*/…` for inserted and deleted ones."""
    end = "*" if total is None else str(total)
    if isinstance(plan, InsertPlan) or not hasattr(plan, "columns") or not written.affected:
        return f"*/{end}"
    return f"0-{written.affected - 1}/{end}"


def applied_headers(
    answer: ResponseFormat,
    counted: bool,
    inserted: bool = False,
    plan: WritePlan | None = None,
    calling: bool = False,
) -> Headers:
    """Return the Preference-Applied header for what was asked and done."""
    preferences = answer.preferences
    names: dict[str, str] = {}
    put = isinstance(plan, InsertPlan) and plan.put is not None
    resolved = not isinstance(plan, InsertPlan) or plan.resolution is not None
    if inserted and resolved and not put and preferences.resolution is not None:
        names["resolution"] = preferences.resolution
    if isinstance(plan, InsertPlan | UpdatePlan) and not put and preferences.missing is not None:
        names["missing"] = preferences.missing
    if plan is not None and preferences.returning is not None:
        names["return"] = preferences.returning
    if counted and preferences.count is not None:
        names["count"] = preferences.count
    if preferences.tx is not None and answer.tx_end.endswith("allow-override"):
        names["tx"] = preferences.tx
    if preferences.handling is not None:
        names["handling"] = preferences.handling
    if preferences.timezone is not None:
        names["timezone"] = preferences.timezone
    # What is inserted is counted by the body, so PostgREST bounds changes and calls alone.
    affects = calling or (plan is not None and not isinstance(plan, InsertPlan))
    if preferences.max_affected is not None and preferences.handling == "strict" and affects:
        names["max-affected"] = str(preferences.max_affected)
    value = applied_preferences(names) if names else None
    return (("Preference-Applied", value),) if value else ()


def render_options(path: str, model: Model, guard: Guard, context: Context) -> Response:
    """Return the answer to OPTIONS: the methods that the caller could ever use on the path. PUT
    needs a primary key, and POST to the root is a batch.

    Raises RequestError PGRST125, PGRST205.
    """
    methods = ["OPTIONS"]
    if path.removeprefix(PREFIX).strip("/"):
        limits = hinting(PlanLimits(), guard, context)
        table = find_table(model, parse_target(path)[0], limits.seen)
        actions = frozenset(table_actions(guard, context, table))
        methods += ["GET", "HEAD"] if "select" in actions else []
        methods += _writing(table, model, actions)
    else:
        methods += ["GET", "HEAD", "POST"]
    return Response(200, (("Allow", ",".join(methods)),))


def _writing(table: Table, model: Model, actions: AbstractSet[str]) -> list[str]:
    updatable = triggered_view(table, "insert", model) if table.view is not None else None
    keyed = view_keys(updatable) if updatable is not None else table
    writes = allowed_writes(table, model) & actions
    merged = bool(keyed.primary_key) and (table.view is None or updatable is not None)
    taken = {
        "POST": "insert" in writes,
        "PUT": merged and {"insert", "update"} <= writes,
        "PATCH": "update" in writes,
        "DELETE": "delete" in writes,
    }
    return [method for method, takes in taken.items() if takes]


def render_error(error: JotError, request: Request | None = None, verbose: bool = True) -> Response:
    """Return an error in PostgREST's format; headers only for a HEAD request."""
    members: dict[str, Any] = {"code": error.code}
    if verbose:
        members |= {"details": error.details, "hint": error.hint}
    if isinstance(error, OperationError):
        members["operation"] = error.operation
    body = orjson.dumps(members | {"message": error.message})
    headers = [_JSON_HEADER, ("Proxy-Status", f"PostgREST; error={error.code}")]
    if isinstance(error, OutOfRange):
        headers.append(("Content-Range", f"*/{error.total}"))
    if error.status == 401:
        headers.append(("WWW-Authenticate", _challenge(error)))
    headers.extend(error.headers)
    head = request is not None and request.method == "HEAD"
    return Response(error.status, tuple(headers), b"" if head else body)


def _challenge(error: JotError) -> str:
    """Return the WWW-Authenticate challenge (RFC 6750 section 3); no error for a missing token."""
    if error.code in ("PGRST302", "42501"):
        return "Bearer"
    message = error.message.replace('"', "'")
    return f'Bearer error="invalid_token", error_description="{message}"'
