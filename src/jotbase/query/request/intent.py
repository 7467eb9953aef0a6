"""The intent of a request: the parsed request, with names unresolved and values unparsed.

In charge of the types that `grammar` produces and `plan` resolves in the model. Must not know any
table, SQL or the request's bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from jotbase.records import dataclass

#: Names of embedded relations from the root down; () is the root itself.
EmbedPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JsonStep:
    """One `->key` or `->>key` of a JSON path; an int key is an index, from the end if negative."""

    key: str | int
    as_text: bool


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A column's name, not resolved yet, and the JSON steps into it."""

    name: str
    steps: tuple[JsonStep, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectField:
    """`alias:field::cast`, `field.sum()::cast`, or `count()` (field None). `*` is a name."""

    field: FieldPath | None
    alias: str | None = None
    cast: str | None = None
    aggregate: Literal["count", "sum", "avg", "min", "max"] | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class SelectEmbed:
    """`alias:relation!hint!inner(select)`, or with `...` before it a spread."""

    relation: str
    select: tuple[SelectItem, ...]
    alias: str | None = None
    hint: str | None = None
    join: Literal["inner", "left"] | None = None
    spread: bool = False


SelectItem = SelectField | SelectEmbed


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value of the request: the text at this index of its list of values."""

    index: int


#: A filter's value: in the request's list of values, or text in the shape itself.
Operand = Placeholder | str


@dataclass(frozen=True, slots=True)
class Condition:
    """`field=not.operator(quantifier).operand`; `config` is the language of `fts(english)`.

    The operand is the percent-decoded text after the operator: `(1,2)` for `in`, `{a,b}` for a
    quantifier, `null` for `is`.
    """

    field: FieldPath
    operator: str
    operand: Operand
    negated: bool = False
    quantifier: Literal["any", "all"] | None = None
    config: str | None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """`and(…)`, `or(…)`, `not.and(…)`, `not.or(…)`."""

    operator: Literal["and", "or"]
    parts: tuple[Filter, ...]
    negated: bool = False


Filter = Condition | Logic


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """`field.desc.nullsfirst`, or `relation(field).asc` for a column of an embedded to-one
    relation.
    """

    field: FieldPath
    relation: str | None = None
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """The `Prefer` header (RFC 7240); None for an absent preference. `invalid` lists
    unknown ones.
    """

    returning: Literal["minimal", "headers-only", "representation"] | None = None
    count: Literal["exact", "planned", "estimated"] | None = None
    resolution: Literal["merge-duplicates", "ignore-duplicates"] | None = None
    missing: Literal["default", "null"] | None = None
    handling: Literal["strict", "lenient"] | None = None
    tx: Literal["commit", "rollback"] | None = None
    timezone: str | None = None
    max_affected: int | None = None
    invalid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """The media type of the response, chosen from `Accept`.

    `kind`: json; object (one row; `application/vnd.pgrst.object+json`); array
    (`application/vnd.pgrst.array+json`); csv; plan; openapi. `stripped`: keys with null are left
    out. `plan_of` and `plan_options` are set for plan alone.
    """

    kind: Literal["json", "object", "array", "csv", "plan", "openapi"] = "json"
    stripped: bool = False
    plan_text: bool = False
    plan_of: str | None = None
    plan_options: tuple[str, ...] = ()


Action = Literal["read", "insert", "update", "delete", "put", "call"]


@dataclass(frozen=True, slots=True)
class Intent:
    """One request to the data API.

    `filters`, `order`, `limit`, `offset` are by embed path. Limits are numbers or placeholders.
    `columns` and `on_conflict` are None when absent. `arguments` are the parameters of a GET call
    of a function, for which `by_query` is set. `range` is the Range header's (first, last), last
    None when open. `head` says that the response has headers only.
    """

    action: Action
    target: str
    select: tuple[SelectItem, ...] = (SelectField(FieldPath("*")),)
    filters: Mapping[EmbedPath, tuple[Filter, ...]] = field(default_factory=dict)
    order: Mapping[EmbedPath, tuple[OrderTerm, ...]] = field(default_factory=dict)
    limit: Mapping[EmbedPath, int | Placeholder] = field(default_factory=dict)
    offset: Mapping[EmbedPath, int | Placeholder] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: tuple[tuple[str, Operand], ...] = ()
    by_query: bool = False
    range: tuple[int, int | None] | None = None
    preferences: Preferences = Preferences()
    media: Media = Media()
    content: Literal["json", "csv", "form", "text", "bytes", "xml"] = "json"
    head: bool = False
    selected: bool = False


#: A request's body once read: the rows as given, and whether it was one object or a list.
@dataclass(frozen=True, slots=True)
class Payload:
    """The body of a write: its rows, and whether it was a `single` object.

    `unread` says that values are text to be parsed as their column's type (CSV, form); `lines` are
    the line numbers of CSV rows.
    """

    rows: tuple[dict[str, Any], ...]
    single: bool
    unread: bool = False
    lines: tuple[int, ...] = ()
