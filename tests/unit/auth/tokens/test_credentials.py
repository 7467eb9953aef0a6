"""Credentials: what headers and query say."""

from __future__ import annotations

import pytest

from jotbase.auth.tokens.credentials import Credentials, read_credentials


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({}, "", Credentials()),
        ({"apikey": "k"}, "", Credentials("k")),
        ({}, "vsn=1.0.0&apikey=k", Credentials("k")),
        ({"apikey": "h"}, "apikey=q", Credentials("h")),
        ({"apikey": "k", "authorization": "Bearer t"}, "", Credentials("k", "t")),
        ({"apikey": "k", "authorization": "bearer t"}, "", Credentials("k", "t")),
        ({"authorization": "Bearer "}, "", Credentials(None, "")),
        ({"authorization": "Basic dTpw"}, "", Credentials()),
        ({"apikey": "k", "authorization": "Bearer sb_secret_x"}, "", Credentials("k")),
        ({"authorization": "Bearer sb_secret_x"}, "", Credentials("sb_secret_x")),
        ({}, "apikey=%FF", Credentials("\ufffd")),
    ],
)
def test_credentials_are_read(headers: dict[str, str], query: str, expected: Credentials) -> None:
    """An opaque key as bearer counts as key; another scheme as nothing; the header goes first."""
    assert read_credentials(headers, query) == expected


def test_credentials_do_not_show_themselves() -> None:
    """What is printed of them holds no key."""
    assert repr(Credentials("k", "t")) == "Credentials()"
