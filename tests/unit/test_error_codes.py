"""The tables of error codes: a status and a sentence each."""

from __future__ import annotations

import pytest

from jotbase.error_codes import ACCOUNT_CODES, CHANNEL_CODES, CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_an_error_status_with_a_sentence(code: str) -> None:
    """No code of the table answers with success, and each says when it is given."""
    assert CODES[code].status == 300 or 400 <= CODES[code].status < 600
    assert CODES[code].meaning.endswith(".")


@pytest.mark.parametrize("table", [ACCOUNT_CODES, CHANNEL_CODES])
def test_every_other_code_has_its_sentence(table: dict[str, str]) -> None:
    """The codes of accounts and realtime say when they are given."""
    assert all(meaning.endswith(".") for meaning in table.values())
