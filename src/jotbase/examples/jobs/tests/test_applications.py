"""Who applies, who reads applications, and who decides about them."""

from __future__ import annotations

from typing import Any

from conftest import Board, job_id, vacancy

NOTE = "I have kept time since I was seven."


def apply(client: Any, job: int, **changes: Any) -> Any:
    return client.post("/applications", {"job": job, "note": NOTE} | changes)


def test_applicant_and_owner_see_it(board: Board) -> None:
    """An application is there for the two it concerns and for nobody else."""
    assert apply(board.ben, board.job).status == 201
    stranger = board.backend.user("eve@example.com")
    seen = {"select": "applicant,status"}

    expected = [{"applicant": board.ben.id, "status": "sent"}]
    assert board.ben.get("/applications", seen).json() == expected
    assert board.ada.get("/applications", seen).json() == expected
    assert stranger.get("/applications", seen).json() == []
    assert board.backend.anonymous.get("/applications", seen).json() == []


def test_apply_once(board: Board) -> None:
    """A second application to the same job is a conflict."""
    assert apply(board.ben, board.job).status == 201

    response = apply(board.ben, board.job)

    assert (response.status, response.json()["code"]) == (409, "23505")


def test_apply_to_open_jobs_only(board: Board) -> None:
    """Closed jobs and drafts take no applications."""
    for status in ("closed", "draft"):
        assert board.ada.post("/jobs", vacancy(title=status, status=status)).status == 201

        response = apply(board.ben, job_id(board.ada, status))

        assert (response.status, response.json()["code"]) == (403, "42501")


def test_apply_for_oneself(board: Board) -> None:
    """Nobody applies in another's name, begins as accepted, or without an account."""
    assert apply(board.ben, board.job, applicant=board.ada.id).status == 403
    assert apply(board.ben, board.job, status="offered").status == 403
    assert apply(board.backend.anonymous, board.job).status in (400, 401)
    assert board.backend.service.get("/applications").json() == []


def test_owner_does_not_apply(board: Board) -> None:
    """The company's owner cannot apply to it; a company without an owner takes anyone."""
    orphan = {"handle": "orphan", "name": "Orphan"}
    board.backend.service.post("/companies", orphan)
    board.backend.service.post("/jobs", vacancy(title="Free", company="orphan"))

    assert apply(board.ada, board.job).status == 403
    assert apply(board.ada, job_id(board.ada, "Free")).status == 201


def test_owner_decides(board: Board) -> None:
    """The owner sets the status, and the applicant reads it."""
    apply(board.ben, board.job)

    change = board.ada.patch("/applications", {"status": "eq.sent"}, {"status": "interview"})
    assert change.status < 300
    assert board.ben.get("/applications").json()[0]["status"] == "interview"


def test_owner_changes_nothing_else(board: Board) -> None:
    """Note, job and applicant stay as the applicant sent them."""
    apply(board.ben, board.job)
    everything = {"applicant": f"eq.{board.ben.id}"}

    for change in ({"note": "Please reject me."}, {"applicant": board.ada.id}):
        response = board.ada.patch("/applications", everything, change)
        assert (response.status, response.json()["code"]) == (403, "42501")


def test_applicant_withdraws_but_does_not_decide(board: Board) -> None:
    """The applicant may delete the application and not change it."""
    apply(board.ben, board.job)
    mine = {"applicant": f"eq.{board.ben.id}"}

    board.ben.patch("/applications", mine, {"status": "offered"})
    assert board.ada.get("/applications").json()[0]["status"] == "sent"
    assert board.ben.delete("/applications", mine).status < 300
    assert board.ada.get("/applications").json() == []


def test_applying_shows_the_profile_to_the_owner(board: Board) -> None:
    """A company's owner reads the profiles of those who applied, and only those."""
    assert board.ben.post("/profiles", {"name": "Ben"}).status == 201
    name = {"select": "name"}
    assert board.ada.get("/profiles", name).json() == []

    apply(board.ben, board.job)

    assert board.ada.get("/profiles", name).json() == [{"name": "Ben"}]
