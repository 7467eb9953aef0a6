"""Values as SQL: keywords (NULL, TRUE, FALSE), bound constants, and slots filled for each request.

In charge of the form in which a value is bound. Must not know operators or expression trees.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from jotbase.expression.data_types.output import json_path
from jotbase.expression.expr import Context, Open
from jotbase.schema.model.tables import RANGES, Type
from jotbase.schema.values.convert import stored
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, sql

#: How an argument is bound: a value of its type, a list of values, a path into JSON, or a name.
Takes = Literal["value", "list", "path", "name"]
Form = Callable[[Any], Any]

#: Types whose canonical value is bound unchanged, so that the node itself is the slot.
_AS_IS = frozenset(Type) - {Type.BOOLEAN, Type.BYTES, Type.JSON, Type.ARRAY, Type.DECIMAL}
_WORDS = {None: "NULL", True: "TRUE", False: "FALSE"}

#: What PostgreSQL is told that a bound value is: nothing else says so where no column stands by.
#: The driver has no text for ranges, so they are cast twice.
POSTGRES_TYPES: Mapping[Type, str] = {
    **{kind: kind.value for kind in Type},
    Type.ARRAY: "jsonb",
    **{kind: f"text::{kind.value}" for kind in RANGES},
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot whose value is bound in another form than the canonical one."""

    node: Open | Slot
    form: Form

    def fill(self, context: Context) -> Any:
        """Return the value to bind."""
        return self.form(self.node.fill(context))


def constant(value: Any, kind: Type | None, dialect: Dialect, takes: Takes = "value") -> Fragment:
    """Return a canonical value as SQL: null, true and false as keywords, any other bound."""
    if value is None or (isinstance(value, bool) and kind is not Type.JSON):
        return sql(_typed(_WORDS[value], kind, dialect))
    return cast(bound(_form(kind, dialect, takes)(value)), kind, dialect, takes)


def slot(node: Open, kind: Type | None, dialect: Dialect, takes: Takes = "value") -> Fragment:
    """Return a parameter that is filled from the request's context."""
    if takes == "value" and (kind is None or kind in _AS_IS):
        return cast(bound(node), kind, dialect, takes)
    return cast(bound(Slot(node, _form(kind, dialect, takes))), kind, dialect, takes)


def map_bound(fragment: Fragment, form: Form) -> Fragment:
    """Return the fragment with `form` applied to its bound values."""
    return fragment.mapped(lambda one: Slot(one, form) if hasattr(one, "fill") else form(one))


def cast(fragment: Fragment, kind: Type | None, dialect: Dialect, takes: Takes) -> Fragment:
    """Return a bound value with the CAST that it needs where no column gives it an affinity."""
    if kind is Type.DECIMAL and takes == "value" and dialect.name == "sqlite":
        return sql("CAST(") + fragment + " AS NUMERIC)"
    if not dialect.is_postgres or takes == "name":
        return fragment
    if takes == "path":
        return fragment + "::text[]"
    if kind is None:
        return fragment
    if takes == "list":
        return fragment + f"::text[]::{POSTGRES_TYPES[kind].removeprefix('text::')}[]"
    return fragment + f"::{POSTGRES_TYPES[kind]}"


def _typed(word: str, kind: Type | None, dialect: Dialect) -> str:
    if word != "NULL" or kind is None or not dialect.is_postgres:
        return word
    return f"NULL::{POSTGRES_TYPES[kind]}"


def _form(kind: Type | None, dialect: Dialect, takes: Takes) -> Form:
    if takes == "path":
        return json_path if dialect.name == "sqlite" else _strings
    if takes == "list":
        return _listed(kind) if dialect.name == "sqlite" else _texts(kind)
    if kind is None or takes == "name":
        return _bare
    return lambda value: None if value is None else stored(kind, value, dialect)


def _bare(value: Any) -> Any:
    return value


def _strings(steps: Sequence[Any]) -> list[str]:
    return [str(step) for step in steps]


def _texts(kind: Type | None) -> Form:
    """Return the form of a list in which each item is text, as PostgreSQL reads it."""

    def form(values: Sequence[Any] | None) -> list[str | None] | None:
        return None if values is None else [_as_text(value, kind) for value in values]

    return form


def _as_text(value: Any, kind: Type | None) -> str | None:
    if value is None:
        return None
    if kind is Type.BYTES:
        return "\\x" + base64.b64decode(value).hex()
    if kind in (Type.JSON, Type.ARRAY):
        return orjson.dumps(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _listed(kind: Type | None) -> Form:
    def form(values: Sequence[Any] | None) -> str | None:
        if values is None:
            return None
        return orjson.dumps([_item(value, kind) for value in values]).decode()

    return form


def _item(value: Any, kind: Type | None) -> Any:
    # A decimal stays JSON text: as a float it would lose digits, as a string it would equal
    # nothing.
    if kind is Type.DECIMAL:
        return orjson.Fragment(value)
    return base64.b64decode(value).hex() if kind is Type.BYTES else value
