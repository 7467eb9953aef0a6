"""Twin of jotbase.expression.binding."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.expression.binding import Slot, Takes, constant, slot
from jotbase.expression.expr import Context, Fact, Now, RequestValue
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.values import Principal


@pytest.mark.parametrize(
    ("value", "kind", "takes", "text", "params"),
    [
        (None, Type.TEXT, "value", "NULL", ()),
        (True, Type.BOOLEAN, "value", "TRUE", ()),
        (False, None, "value", "FALSE", ()),
        (True, Type.JSON, "value", "?", ("true",)),
        ("a", Type.TEXT, "value", "?", ("a",)),
        ("1.5", Type.DECIMAL, "value", "CAST(? AS NUMERIC)", ("1.5",)),
        ("/w==", Type.BYTES, "value", "?", (b"\xff",)),
        ({"a": 1}, Type.JSON, "value", "?", ('{"a":1}',)),
        (["a"], Type.ARRAY, "value", "?", ('["a"]',)),
        (("a", "b"), Type.TEXT, "list", "?", ('["a","b"]',)),
        ((True,), Type.BOOLEAN, "list", "?", ("[true]",)),
        (("1.50",), Type.DECIMAL, "list", "?", ("[1.50]",)),
        (("/w==",), Type.BYTES, "list", "?", ('["ff"]',)),
        ((2**63 - 1,), Type.INTEGER, "list", "?", ("[9223372036854775807]",)),
        (("a", 0, -1), None, "path", "?", ('$."a"[0][#-1]',)),
        ("english", Type.TEXT, "name", "?", ("english",)),
    ],
)
def test_constants_are_bound_as_sqlite_stores_them(
    value: Any, kind: Type | None, takes: Takes, text: str, params: tuple[Any, ...]
) -> None:
    """Null and the truth values are words, everything else is bound."""
    fragment = constant(value, kind, SQLITE, takes)

    assert (fragment.text, fragment.params) == (text, params)


def test_postgresql_is_given_lists_and_paths_as_they_are() -> None:
    """Its driver has arrays."""
    assert constant(("a",), Type.TEXT, POSTGRES, "list").params == (["a"],)
    assert constant(("a", 0), None, POSTGRES, "path").params == (["a", "0"],)


def test_an_open_place_is_its_own_slot_where_nothing_changes() -> None:
    """The hot path has nothing between a value and its binding."""
    given = RequestValue(0, str, Type.TEXT)

    assert slot(given, Type.TEXT, SQLITE).params == (given,)
    assert slot(Now(), Type.TIMESTAMP, SQLITE).params == (Now(),)


@pytest.mark.parametrize(
    ("claim", "kind", "takes", "filled"),
    [
        (True, Type.BOOLEAN, "value", 1),
        ({"a": 1}, Type.JSON, "value", '{"a":1}'),
        (None, Type.JSON, "value", None),
        (["a"], Type.TEXT, "list", '["a"]'),
        (None, Type.TEXT, "list", None),
    ],
)
def test_a_slot_gives_the_stored_form(claim: Any, kind: Type, takes: Takes, filled: Any) -> None:
    """What a request fills in is bound in the form in which it is stored."""
    fact = Fact(("claims", "a"), lambda value: value, kind)
    context = Context(Principal("anon", claims={"a": claim}))

    (found,) = slot(fact, kind, SQLITE, takes).params

    assert isinstance(found, Slot)
    assert found.fill(context) == filled
