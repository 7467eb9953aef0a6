"""The kit that users test with: isolation, the clock, mails, seeds, clients, the pytest plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from inspect import signature
from pathlib import Path
from textwrap import dedent

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.errors import ProjectError, SettingError
from jotbase.functions.api.context import DataClient
from jotbase.testing import Client, Mail, Outbox, TestBackend
from jotbase.testing.backend import make_template

NOTES = table({"text": {"type": "string", "minLength": 1}})
SEEDS = {"seeds/notes.json": '[{"text": "first"}, {"text": "second"}]'}


def texts(backend: TestBackend) -> list[str]:
    return [row["text"] for row in backend.anonymous.get("/notes").json()]


def test_two_backends_share_nothing(serve: Serve) -> None:
    """Rows, numbers, users and sessions of one are not in the other."""
    one, two = serve({"notes": NOTES}), serve({"notes": NOTES})

    one.anonymous.post("/notes", {"text": "mine"})
    ada = one.user("ada@example.com")

    assert texts(two) == []
    assert two.anonymous.post("/notes", {"text": "other"}).json()[0]["id"] == 1
    assert two.user("ada@example.com").id != ada.id
    refused(replace(ada, send=two.anonymous.send).get("/notes"), 401, "PGRST301")
    assert texts(one) == ["mine"]


def test_time_stands_still_until_it_is_moved(serve: Serve) -> None:
    """A token is good to the last second, and the 30 that clocks may differ; then it is not."""
    backend = serve({"notes": NOTES}, jwt_expiry=3600)
    ada = backend.user()

    backend.clock.advance(3629)
    assert ada.get("/notes").status == 200
    backend.clock.advance(2)
    assert refused(ada.get("/notes"), 401, "PGRST303")["message"] == "JWT expired"


def test_a_refresh_token_outlives_the_access_token(serve: Serve) -> None:
    """The client keeps it, so that a test can follow a session through time."""
    backend = serve({"notes": NOTES})
    ada = backend.user()
    backend.clock.advance(100_000)

    answer = ada.request(
        "POST",
        "/auth/v1/token",
        {"grant_type": "refresh_token"},
        {"refresh_token": ada.refresh_token},
        {"authorization": f"Bearer {ada.key}"},
    )

    assert replace(ada, token=answer.json()["access_token"]).get("/notes").status == 200


def test_a_backend_is_empty_unless_seeds_are_asked_for(serve: Serve) -> None:
    """The same project, with and without the rows of seeds/."""
    empty = serve({"notes": NOTES}, SEEDS)
    template = serve.template({"notes": NOTES}, SEEDS)
    seeded = TestBackend(template, serve.threads, seeds=True)

    try:
        assert (texts(empty), texts(seeded)) == ([], ["first", "second"])
    finally:
        seeded.close()


def test_clients_are_who_they_say(serve: Serve) -> None:
    """A user has an address and an id; addresses are made up as needed."""
    backend = serve({"notes": NOTES})
    ada, made, more = backend.user("ada@example.com"), backend.user(), backend.user()

    assert (ada.email, made.email, more.email) == (
        "ada@example.com",
        "user1@example.com",
        "user2@example.com",
    )
    assert len({ada.id, made.id, more.id}) == 3
    assert ada.request("GET", "/auth/v1/user").json()["email"] == "ada@example.com"
    assert (backend.anonymous.id, backend.service.id) == (None, None)
    with pytest.raises(AssertionError, match=r"sign-up of ada@example\.com was refused"):
        backend.user("ada@example.com")


def test_a_client_asks_rules_as_who_it_is(serve: Serve) -> None:
    """With the roles of its token, and the service client past all rules."""
    access = {"select": "'admin' in user.roles"}
    backend = serve({"notes": NOTES | {"access": access}})
    ada, admin = backend.user(), backend.user(roles=["admin"])
    asked = (backend.anonymous, ada, admin, backend.service)

    seen = [backend.units.allows("notes", "select", one, {"text": "a"}) for one in asked]

    assert seen == [False, False, True, True]


def test_mails_land_in_the_outbox(serve: Serve) -> None:
    """They are there as soon as the answer is, with code and link ready to be used."""
    backend = serve({"notes": NOTES})
    backend.user("ada@example.com")
    backend.anonymous.request("POST", "/auth/v1/recover", None, {"email": "ada@example.com"})
    (mail,) = backend.outbox.to("ada@example.com")
    body = {"type": "recovery", "email": "ada@example.com", "token": mail.code}
    session = backend.anonymous.request("POST", "/auth/v1/verify", None, body).json()

    assert (len(backend.outbox), mail.subject) == (1, "Reset your password")
    assert session["user"]["email"] == "ada@example.com"


def test_a_user_is_confirmed_where_mails_confirm(serve: Serve) -> None:
    """The kit reads the mail, so that a test need not."""
    backend = serve({"notes": NOTES}, mail_autoconfirm=False)
    ada = backend.user("ada@example.com")

    assert ada.get("/notes").status == 200
    assert [mail.subject for mail in backend.outbox.to("ada@example.com")] == [
        "Confirm your address"
    ]


def test_an_outbox_keeps_what_is_sent(serve: Serve) -> None:
    """In order, and by address."""
    outbox, mail = Outbox(), Mail("ada@example.com", "Hello", "There")
    outbox.send(mail)

    assert (len(outbox), outbox[0], outbox.to("ben@example.com")) == (1, mail, [])
    assert outbox.to("ada@example.com") == [mail]
    assert len(serve({"notes": NOTES}).outbox) == 0


def test_a_faulty_project_tells_all_its_mistakes(serve: Serve, tmp_path: Path) -> None:
    """As `jotbase check` would, before the first test runs."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "a.json").write_text('{"type": "object", "propertees": {}}')
    (tmp_path / "schemas" / "b.json").write_text("{")

    with pytest.raises(ProjectError) as raised:
        make_template(tmp_path, serve.threads)

    assert {fault.file for fault in raised.value.faults} == {"schemas/a.json", "schemas/b.json"}


def test_a_projects_settings_are_those_of_its_tests(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its `.env` and its environment count, which wins; its keys are never used in a test."""
    secret = "JOTBASE_JWT_SECRET=an-old-one"
    (tmp_path / "schemas").mkdir()
    (tmp_path / ".env").write_text(f"{secret}\nJOTBASE_MAX_ROWS=7\nJOTBASE_PLAN=true")
    monkeypatch.setenv("JOTBASE_MAX_ROWS", "8")

    settings = make_template(tmp_path, serve.threads).settings

    assert (settings.max_rows, settings.plan) == (8, True)
    assert settings.jwt_secret != "an-old-one"


def test_a_backend_may_have_other_settings(serve: Serve) -> None:
    """By name, as they are or as in the environment; a wrong one is told like a wrong variable."""
    serve({"notes": NOTES})
    template = next(iter(serve._templates.values()))
    made = TestBackend(template, serve.threads, settings={"max_rows": "1", "disable_signup": True})
    try:
        with pytest.raises(AssertionError, match=r"sign-up of .* was refused"):
            made.user()
    finally:
        made.close()
    with pytest.raises(SettingError, match="JOTBASE_MAX_ROWS"):
        TestBackend(template, serve.threads, settings={"max_rows": -1})


def test_a_client_and_data_take_the_same_arguments() -> None:
    """In the same order: which rows, then what."""
    for name in ("get", "post", "patch", "delete", "rpc"):
        kit = list(signature(getattr(Client, name)).parameters)
        inside = list(signature(getattr(DataClient, name)).parameters)
        assert kit[: len(inside)] == inside


TESTS = """
    import pytest


    def test_empty(backend):
        assert backend.anonymous.get("/notes").json() == []
        backend.anonymous.post("/notes", {"text": "left behind"})


    @pytest.mark.seeds
    def test_seeded(backend):
        assert len(backend.anonymous.get("/notes").json()) == 2
        assert backend.anonymous.post("/notes", {"text": ""}).status == 400


    @pytest.mark.settings(max_rows=1)
    @pytest.mark.seeds
    def test_its_own_settings(backend):
        assert len(backend.anonymous.get("/notes").json()) == 1


    @pytest.mark.settings(max_row=1)
    def test_a_setting_that_is_not_there(backend):
        pass
"""


def test_the_plugin_gives_each_test_a_backend_of_its_own(serve: Serve, tmp_path: Path) -> None:
    """The project is the nearest folder above the test that holds schemas/."""
    folder = serve.template({"notes": NOTES}, SEEDS).project.root
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "test_notes.py").write_text(dedent(TESTS))

    # The plugin is named, so that it is found whether or not the package is installed.
    named = ("-p", "jotbase.testing.plugin", "-p", "no:cacheprovider", "--strict-markers")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *named, str(folder / "tests")],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "JOTBASE_MAX_ROW is not a setting" in done.stdout
