"""The types that a cast names."""

from __future__ import annotations

from functools import partial

import pytest
from tests.unit.query.board import code_of

from jotbase.expression.data_types.casts import Cast, parse_cast
from jotbase.schema.model.tables import Type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (None, None),
        ("text", Cast(Type.TEXT)),
        ("INTEGER", Cast(Type.INTEGER)),
        ("double precision", Cast(Type.NUMBER)),
        ("int[]", Cast(Type.ARRAY, Type.INTEGER)),
        ("_int4", Cast(Type.ARRAY, Type.INTEGER)),
    ],
)
def test_known_types(name: str | None, kind: Cast | None) -> None:
    """PostgreSQL's names, long and short, whatever their case."""
    assert parse_cast(name) == kind


def test_unknown_types() -> None:
    """An unknown type is refused, never put into SQL."""
    for name in ("int); drop table jobs", "_", "[]", "nope[]"):
        assert code_of(partial(parse_cast, name)) == "42704"
