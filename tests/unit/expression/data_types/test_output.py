"""Values as JSON text inside a database."""

from __future__ import annotations

import pytest

from jotbase.expression.data_types.output import (
    base64_text,
    concatenate,
    json_argument,
    json_path,
    json_text,
)
from jotbase.schema.model.tables import Type
from jotbase.sql.fragment import sql


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ((), "$"),
        (("a",), '$."a"'),
        (("a b", 0, -2), '$."a b"[0][#-2]'),
        (('a"b.c',), r'$."a\"b.c"'),
    ],
)
def test_paths(keys: tuple[str | int, ...], path: str) -> None:
    """Indexes from the end are counted with `#` in SQLite."""
    assert json_path(keys) == path


@pytest.mark.parametrize(
    ("kind", "plain", "joined"),
    [
        (Type.INTEGER, "x", "ifnull(x, 'null')"),
        (Type.TEXT, "x", "json_quote(x)"),
        (
            Type.BOOLEAN,
            "CASE x WHEN 1 THEN json('true') WHEN 0 THEN json('false') END",
            "CASE x WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END",
        ),
        (Type.JSON, "json(x)", "ifnull(x, 'null')"),
        (Type.BYTES, "jot_base64(x)", "json_quote(jot_base64(x))"),
    ],
)
def test_values(kind: Type, plain: str, joined: str) -> None:
    """A value is an argument of a JSON function, or text to be joined to more."""
    assert json_argument(sql("x"), kind).text == plain
    assert json_text(sql("x"), kind).text == joined


def test_bytes_are_base64() -> None:
    """JSON has no bytes."""
    assert base64_text(b"\x00\xff") == "AP8="


def test_texts_are_put_together_flat() -> None:
    """One call, however many parts."""
    assert concatenate([sql("a"), sql("b")]).text == "concat(a, b)"
