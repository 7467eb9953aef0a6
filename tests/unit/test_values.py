"""The nouns: what a principal's token says, and what a response's headers hold."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.values import ANONYMOUS, SERVICE_PRINCIPAL, Principal, Response


def test_only_the_service_role_passes_all_rules() -> None:
    """Neither a visitor nor a user is the service role, whatever else their token says."""
    assert SERVICE_PRINCIPAL.is_service
    assert not ANONYMOUS.is_service
    assert not Principal("authenticated", claims={"role": "service_role"}).is_service


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({}, ()),
        ({"app_metadata": {"roles": ["admin", "editor"]}}, ("admin", "editor")),
        ({"user_metadata": {"roles": ["admin"]}}, ()),
        ({"roles": ["admin"]}, ()),
        ({"app_metadata": {"roles": "admin"}}, ()),
        ({"app_metadata": {"roles": ["admin", 7, None]}}, ("admin",)),
        ({"app_metadata": None}, ()),
    ],
)
def test_roles_come_from_app_metadata_alone(claims: dict[str, Any], roles: tuple[str, ...]) -> None:
    """Only what the service role can set counts, and only texts in a list."""
    assert Principal("authenticated", claims=claims).roles == roles


def test_a_header_is_found_whatever_its_case() -> None:
    """Header names are case-insensitive; the first of several is given, None for none."""
    response = Response(200, (("Content-Type", "text/csv"), ("content-type", "x")))

    assert response.header("CONTENT-TYPE") == "text/csv"
    assert response.header("Location") is None
