"""Who may read, post, change and delete jobs, and what a job must say."""

from __future__ import annotations

from conftest import Board, job_id, vacancy


def test_everybody_reads_open_jobs(board: Board) -> None:
    """An open job is there for callers without an account."""
    params = {"id": f"eq.{board.job}", "select": "title,status"}

    rows = board.backend.anonymous.get("/jobs", params).json()

    assert rows == [{"title": "Clockmaker", "status": "open"}]


def test_only_the_owner_posts(board: Board) -> None:
    """Nobody posts jobs of a company that is not theirs."""
    response = board.ben.post("/jobs", vacancy(title="Impostor"))

    assert (response.status, response.json()["code"]) == (403, "42501")


def test_poster_cannot_be_forged(board: Board) -> None:
    """Even the owner cannot post in another person's name."""
    response = board.ada.post("/jobs", vacancy(title="Forged", posted_by=board.ben.id))

    assert (response.status, response.json()["code"]) == (403, "42501")


def test_seeded_companies_cannot_be_posted_for(board: Board) -> None:
    """A company without an owner hires through nobody but the service."""
    company = {"handle": "orphan", "name": "Orphan"}
    assert board.backend.service.post("/companies", company).status == 201

    assert board.ada.post("/jobs", vacancy(company="orphan")).status == 403
    assert board.backend.service.post("/jobs", vacancy(company="orphan")).status == 201


def test_drafts_are_their_posters_alone(board: Board) -> None:
    """A draft is not there for anybody else, and appears once it is opened."""
    assert board.ada.post("/jobs", vacancy(title="Draft", status="draft")).status == 201
    draft = {"id": f"eq.{job_id(board.ada, 'Draft')}", "select": "title"}

    assert board.ben.get("/jobs", draft).json() == []
    assert board.backend.anonymous.get("/jobs", draft).json() == []
    assert board.ada.patch("/jobs", {"title": "eq.Draft"}, {"status": "open"}).status < 300
    assert board.ben.get("/jobs", draft).json() == [{"title": "Draft"}]


def test_only_the_poster_changes_a_job(board: Board) -> None:
    """Edits and deletions by others find no row."""
    params = {"id": f"eq.{board.job}"}

    board.ben.patch("/jobs", params, {"salary": 1000})
    board.ben.delete("/jobs", params)

    assert board.ada.get("/jobs", params).json()[0]["salary"] == 50000
    assert board.ada.delete("/jobs", params).status < 300
    assert board.ada.get("/jobs", params).json() == []


def test_job_stays_with_its_company(board: Board) -> None:
    """A job cannot be moved to another company, not even to one's own."""
    assert board.ada.post("/companies", {"handle": "second", "name": "Second"}).status == 201

    response = board.ada.patch("/jobs", {"id": f"eq.{board.job}"}, {"company": "second"})

    assert (response.status, response.json()["code"]) == (403, "42501")


def test_job_on_site_needs_a_place(board: Board) -> None:
    """Only remote jobs may leave the location out."""
    response = board.ada.post("/jobs", vacancy(title="Nowhere", remote=False))

    assert (response.status, response.json()["code"]) == (400, "23514")
    assert board.ada.get("/jobs", {"title": "eq.Nowhere"}).json() == []


def test_every_fault_is_listed(board: Board) -> None:
    """One answer names all that is wrong with a row."""
    response = board.ada.post("/jobs", vacancy(title="x", tags=["Two Words"], equity=2))

    pointers = {fault["pointer"] for fault in response.json()["details"]}
    assert (response.status, pointers) == (400, {"/title", "/tags/0", "/equity"})


def test_title_is_unique_within_a_company(board: Board) -> None:
    """A company does not post the same title twice."""
    response = board.ada.post("/jobs", vacancy())

    assert (response.status, response.json()["code"]) == (409, "23505")
