"""The plan: what a request reads and writes, with names resolved, before access rules and SQL.

In charge of the types of a plan. Must not know the syntax of a request or the SQL of a plan. A plan
has no access rules: `query.statement` adds each table's rule from the guard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from jotbase.expression.data_types.casts import Cast
from jotbase.expression.expr import TRUE, Context, Expr, RequestValue
from jotbase.query.request.intent import JsonStep, Media, Placeholder, Preferences
from jotbase.records import dataclass
from jotbase.schema.model.tables import Column, Table

#: The alias of the request's table; embedded ones are `row.1`, `row.2`, …, which cannot be names of
#: variables in access rules.
ROOT = "row"

Aggregate = Literal["count", "sum", "avg", "min", "max"]
TxEnd = Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"]


def _no_zone(name: str) -> bool:
    return False


def _any_table(table: Table) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Root:
    """The server in the OpenAPI document: `url`, without a path, and `version`."""

    url: str
    version: str


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What the project's settings allow: PostgREST's `db-max-rows`, `db-aggregates-enabled`, ….

    `unfiltered_writes` lets PATCH and DELETE go without a filter. `is_zone` knows the names of time
    zones. A batch has at most `max_operations`. Of tables that are not `seen` by the caller, hints
    name nothing.
    """

    max_rows: int | None = None
    aggregates: bool = False
    plans: bool = False
    unfiltered_writes: bool = False
    tx_end: TxEnd = "commit"
    legacy_targets: bool = True
    max_operations: int = 100
    is_zone: Callable[[str], bool] = _no_zone
    seen: Callable[[Table], bool] = _any_table


@dataclass(frozen=True, slots=True)
class Value:
    """A column of the row `alias`, or a JSON path into it; `column` None counts rows.

    `zone` is the time zone of a timestamp in the response.
    """

    alias: str
    column: Column | None
    steps: tuple[JsonStep, ...] = ()
    cast: Cast | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: Cast | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The join of an embedded table with its parent: pairs of (parent's column, own column).

    Through a junction table, `pairs` are (parent's, junction's) and `far` (junction's, own)
    columns.
    """

    pairs: tuple[tuple[str, str], ...]
    to_one: bool
    junction: Table | None = None
    junction_alias: str = ""
    far: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Embed:
    """An embedded relation: under a key, or with `spread` among the parent's own keys.

    `shown` is False for `x()`, which is for filters only. `required` (`!inner`) drops parents
    without related rows.
    """

    key: str
    node: Node
    link: Link
    spread: bool = False
    required: bool = False
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One key of a row's JSON object and its value."""

    key: str
    value: Value | Embed


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One term of an order; `via` is the to-one relation that has the value."""

    value: Value
    descending: bool
    nulls_first: bool
    via: Embed | None = None


@dataclass(frozen=True, slots=True)
class HasEmbed:
    """A condition: whether the parent has a row of the embedded relation."""

    embed: Embed
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Combined:
    """`and` or `or` over conditions of which some are about embedded relations."""

    operator: Literal["and", "or"]
    parts: tuple[Condition, ...]
    negated: bool = False


#: A condition on a row: an expression over its columns, or the presence of embedded rows.
Condition = Expr | HasEmbed | Combined


@dataclass(frozen=True, slots=True)
class Window:
    """Pagination: `limit` and `offset` of the request, `range` of its header.

    `most` is the project's `max_rows`. Values are numbers or placeholders.
    """

    limit: int | Placeholder | None = None
    offset: int | Placeholder | None = None
    range: tuple[int, int | None] | None = None
    most: int | None = None

    @property
    def is_explicit(self) -> bool:
        """Whether the request itself has a limit, offset or range."""
        return self.limit is not None or self.offset is not None

    @property
    def has_limit(self) -> bool:
        """Whether there may be fewer rows than match."""
        range_ends = self.range is not None and self.range[1] is not None
        return self.limit is not None or self.most is not None or range_ends

    @property
    def has_offset(self) -> bool:
        """Whether rows may be skipped."""
        return self.offset is not None or (self.range is not None and self.range[0] > 0)

    def bounds(self, values: Sequence[str]) -> tuple[int, int | None]:
        """Return (offset, limit); a limit of None means all rows."""
        first = max(0, _number(self.offset, values) or 0)
        counts = [_number(self.limit, values), self.most]
        if self.range is not None:
            start, last = self.range
            if last is not None:
                counts.append(max(0, last - max(first, start) + 1))
            first = max(first, start)
        known = [count for count in counts if count is not None]
        return first, min(known) if known else None


def _number(value: int | Placeholder | None, values: Sequence[str]) -> int | None:
    return int(values[value.index]) if isinstance(value, Placeholder) else value


@dataclass(frozen=True, slots=True)
class LimitSlot:
    """The slot for a window's limit; -1 means no limit in SQLite."""

    window: Window

    def fill(self, context: Context) -> int:
        """Return the limit."""
        count = self.window.bounds(context.values)[1]
        return -1 if count is None else count


@dataclass(frozen=True, slots=True)
class OffsetSlot:
    """The slot for a window's offset."""

    window: Window

    def fill(self, context: Context) -> int:
        """Return the offset."""
        return self.window.bounds(context.values)[0]


WHOLE = Window()


@dataclass(frozen=True, slots=True)
class Node:
    """The read of one table: keys, condition, order, window."""

    table: Table
    alias: str
    items: tuple[Item, ...]
    where: Condition = TRUE
    order: tuple[OrderBy, ...] = ()
    window: Window = WHOLE

    @property
    def aggregated(self) -> bool:
        """Whether rows are grouped."""
        return any(_aggregates(item) for item in self.items)


def _aggregates(item: Item) -> bool:
    if isinstance(item.value, Value):
        return item.value.aggregate is not None
    # A to-one spread's keys are the parent's, and so are its aggregates.
    return item.value.spread and item.value.link.to_one and item.value.node.aggregated


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """The format of the response, for every kind of request."""

    media: Media
    preferences: Preferences
    head: bool = False
    tx_end: TxEnd = "commit"
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A read; `count` requests the number of all matching rows, regardless of the window."""

    node: Node
    answer: ResponseFormat
    count: bool = False


@dataclass(frozen=True, slots=True)
class Returning:
    """What a write returns.

    `plain` are (key, column) pairs if the rows of RETURNING suffice; otherwise the rows are read
    again through `node`. Both are None if nothing is returned.
    """

    plain: tuple[tuple[str, Column], ...] | None = None
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class InsertPlan:
    """An insert; `conflict` are the columns of ON CONFLICT, `resolution` its action."""

    table: Table
    answer: ResponseFormat
    returning: Returning
    columns: tuple[str, ...] | None = None
    resolution: Literal["merge", "ignore"] | None = None
    conflict: tuple[str, ...] = ()
    defaults: bool = False
    put: Mapping[str, RequestValue] | None = None


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """An update of the rows of `target`, which has filters, order and limits but no keys."""

    table: Table
    answer: ResponseFormat
    returning: Returning
    target: Node
    columns: tuple[str, ...] | None = None
    defaults: bool = False


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """A delete of the rows of `target`."""

    table: Table
    answer: ResponseFormat
    returning: Returning
    target: Node


WritePlan = InsertPlan | UpdatePlan | DeletePlan
Plan = ReadPlan | WritePlan
