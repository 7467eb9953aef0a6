"""The types that a cast names."""

from __future__ import annotations

import pytest
from tests.unit.query.board import code_of

from jotbase.query.casts import cast_type
from jotbase.schema.model import Type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (None, None),
        ("text", Type.TEXT),
        ("INTEGER", Type.INTEGER),
        ("double precision", Type.NUMBER),
        ("int[]", Type.ARRAY),
        ("_int4", Type.ARRAY),
    ],
)
def test_known_types(name: str | None, kind: Type | None) -> None:
    """PostgreSQL's names, long and short, whatever their case."""
    assert cast_type(name) is kind


def test_unknown_types() -> None:
    """An unknown type is refused, never put into SQL."""
    assert code_of(lambda: cast_type("int); drop table jobs")) == "42704"
