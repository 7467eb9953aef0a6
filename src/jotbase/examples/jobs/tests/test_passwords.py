"""Who forgot the password gets back in by mail."""

from __future__ import annotations

from conftest import Board


def test_a_forgotten_password_is_reset(board: Board) -> None:
    """The code from the mail opens a session, in which a new password is set."""
    visitor = board.backend.anonymous
    address = {"email": "ada@example.com"}
    visitor.request("POST", "/auth/v1/recover", None, address)
    [mail] = board.backend.outbox.to("ada@example.com")
    proof = {**address, "type": "recovery", "token": mail.code}
    session = visitor.request("POST", "/auth/v1/verify", None, proof).json()
    bearer = {"authorization": f"Bearer {session['access_token']}"}
    new = {"password": "new horse battery"}

    assert visitor.request("PUT", "/auth/v1/user", None, new, bearer).status == 200
    grant = {"grant_type": "password"}
    assert visitor.request("POST", "/auth/v1/token", grant, {**address, **new}).status == 200


def test_a_stranger_cannot_guess_the_code(board: Board) -> None:
    """A wrong code opens nothing, and who asked for it learns no more than that."""
    visitor = board.backend.anonymous
    proof = {"email": "ada@example.com", "type": "recovery", "token": "wrong"}
    answer = visitor.request("POST", "/auth/v1/verify", None, proof)

    assert (answer.status, answer.json()["error_code"]) == (403, "otp_expired")
