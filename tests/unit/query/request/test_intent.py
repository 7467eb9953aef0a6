"""Intents: values, equal when they say the same, with PostgREST's defaults."""

from __future__ import annotations

from jotbase.query.request.intent import (
    FieldPath,
    Intent,
    JsonStep,
    Media,
    Preferences,
    SelectField,
)


def test_an_intent_wants_every_column_as_json_unless_it_says_else() -> None:
    """Without select and Accept, all columns come as a JSON array."""
    intent = Intent("read", "jobs")

    assert intent.select == (SelectField(FieldPath("*")),)
    assert intent.media == Media("json")
    assert intent.preferences == Preferences()
    assert (intent.filters, intent.limit, intent.columns) == ({}, {}, None)


def test_a_step_by_index_is_not_a_step_by_name() -> None:
    """`->0` and `->"0"` are two things: equality minds the type of the key."""
    assert JsonStep(0, as_text=False) != JsonStep("0", as_text=False)
    assert JsonStep("a", as_text=True) != JsonStep("a", as_text=False)
