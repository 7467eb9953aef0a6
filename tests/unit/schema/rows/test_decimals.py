"""Twin of jotbase.schema.rows.decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.schema.projects import TEXT, table

from jotbase.schema.rows.decimals import Decimals

AS_TEXT = {"type": "string", "format": "decimal", "minimum": 0.1}
AS_NUMBER = {"type": "number", "format": "decimal", "multipleOf": 0.1}


@pytest.mark.parametrize(
    ("given", "text", "number"),
    [
        (0.30, "0.3", Decimal("0.3")),
        (12, "12", Decimal(12)),
        ("1.50", "1.50", Decimal("1.5")),
        (1e22, "10000000000000000000000", Decimal(10) ** 22),
        ("x", "x", "x"),
        (True, True, True),
        (None, None, None),
        ([1], [1], [1]),
    ],
)
def test_a_decimal_has_the_form_that_its_schema_takes(given: Any, text: Any, number: Any) -> None:
    """Text or number; what is no decimal stays what it is, for the schema to refuse."""
    decimals = Decimals(table({"a": AS_TEXT, "b": AS_NUMBER, "c": TEXT}))

    assert decimals.in_form({"a": given, "b": given}) == {"a": text, "b": number}
    assert decimals.in_form({"c": given}) == {"c": given}


def test_limits_hold_for_text() -> None:
    """Numbers' keywords are asked of text, of which JSON Schema would not ask them."""
    decimals = Decimals(table({"a": AS_TEXT, "b": AS_NUMBER}))

    assert decimals.faults({"a": "0.1", "b": Decimal("0.15")}) == []
    assert decimals.faults({"a": "0.09"}) == [
        {
            "pointer": "/a",
            "keyword": "minimum",
            "message": "the value is less than the minimum of 0.1",
        }
    ]
    assert decimals.faults({"a": "9" * 5000}) == []
    assert not Decimals(table({"c": TEXT}))
