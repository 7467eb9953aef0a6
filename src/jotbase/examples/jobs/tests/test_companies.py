"""Who may found a company, and who may change it."""

from __future__ import annotations

from typing import Any

from conftest import Board


def test_founder_owns_the_company(board: Board) -> None:
    """The owner is filled in with whoever founds a company."""
    params = {"handle": "eq.harbour-clocks", "select": "owner"}

    assert board.backend.anonymous.get("/companies", params).json() == [{"owner": board.ada.id}]


def test_anonymous_cannot_found(backend: Any) -> None:
    """Founding a company takes an account."""
    response = backend.anonymous.post("/companies", {"handle": "nobody", "name": "Nobody"})

    assert (response.status, response.json()["code"]) == (401, "42501")


def test_cannot_found_for_another(board: Board) -> None:
    """A company cannot be founded in somebody else's name."""
    company = {"handle": "gift", "name": "Gift", "owner": board.ada.id}

    response = board.ben.post("/companies", company)

    assert (response.status, response.json()["code"]) == (403, "42501")


def test_owner_edits_others_do_not(board: Board) -> None:
    """An edit by anybody but the owner finds no row to change."""
    params = {"handle": "eq.harbour-clocks"}

    assert board.ben.patch("/companies", params, {"city": "Kiel"}).status < 300
    assert board.ada.get("/companies", params).json()[0]["city"] is None
    assert board.ada.patch("/companies", params, {"city": "Bremen"}).status < 300
    assert board.ben.get("/companies", params).json()[0]["city"] == "Bremen"


def test_owner_cannot_give_the_company_away(board: Board) -> None:
    """The owner stays who it is, whatever the owner says."""
    response = board.ada.patch(
        "/companies", {"handle": "eq.harbour-clocks"}, {"owner": board.ben.id}
    )

    assert (response.status, response.json()["code"]) == (403, "42501")


def test_handle_has_a_pattern(board: Board) -> None:
    """A handle with a space is refused, with the place and the keyword."""
    response = board.ada.post("/companies", {"handle": "two words", "name": "Two"})

    assert (response.status, response.json()["code"]) == (400, "23514")
    [fault] = response.json()["details"]
    assert (fault["pointer"], fault["keyword"]) == ("/handle", "pattern")


def test_company_without_owner_is_nobodys(board: Board) -> None:
    """A company that the service put in belongs to no user, signed in or not."""
    company = {"handle": "orphan", "name": "Orphan"}
    assert board.backend.service.post("/companies", company).status == 201

    for client in (board.ada, board.backend.anonymous):
        client.patch("/companies", {"handle": "eq.orphan"}, {"city": "Kiel"})

    [row] = board.ada.get("/companies", {"handle": "eq.orphan"}).json()
    assert (row["owner"], row["city"]) == (None, None)
