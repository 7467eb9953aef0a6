"""Twin of jotbase.expression.typed."""

from __future__ import annotations

import pytest

from jotbase.expression.expr import (
    TRUE,
    And,
    Apply,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    NewUuid,
    Not,
    Now,
    RequestValue,
)
from jotbase.expression.typed import item_of, type_of
from jotbase.schema.model.tables import Column, Table, Type

TAGS = Field("k", "tags", Type.ARRAY, Type.TEXT)
KINDS = Table("kinds", (Column("name", Type.TEXT, {}, nullable=False),), ("name",))
FOLLOW = Follow(TRUE, KINDS, "k", "name", TAGS)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        (TAGS, Type.ARRAY),
        (Literal(None), None),
        (RequestValue(0, int, Type.INTEGER), Type.INTEGER),
        (Fact(("id",), str), None),
        (Now(), Type.TIMESTAMP),
        (NewUuid(), Type.UUID),
        (Apply("len", (TAGS,)), Type.INTEGER),
        (Apply("eq", (TAGS, TAGS)), Type.BOOLEAN),
        (FOLLOW, Type.ARRAY),
        (And(()), Type.BOOLEAN),
        (Not(TRUE), Type.BOOLEAN),
        (Exists(KINDS, "k", TRUE), Type.BOOLEAN),
    ],
)
def test_the_type_is_read_off_the_tree(expression: Expr, kind: Type | None) -> None:
    """Leaves know theirs, operators say theirs."""
    assert type_of(expression) is kind


def test_an_arrays_items_have_a_type() -> None:
    """It is known of columns, also behind references."""
    assert item_of(TAGS) is Type.TEXT
    assert item_of(FOLLOW) is Type.TEXT
    assert item_of(TRUE) is None
