"""Mails in development: the project's own texts, and the page where they are read and clicked."""

from __future__ import annotations

from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.process.server import NOTES, command, serving, write_project

ADA = {"email": "ada@example.com", "password": "correct horse", "data": {"locale": "de-AT"}}
OWN = "Subject: Neues Passwort\n\nHallo {{ email }}: {{ link }} <b>{{ code }}</b>\n"


def page(url: str, **headers: str) -> str:
    request = Request(f"{url}/mails", headers=headers)
    with urlopen(request, timeout=20) as answer:
        return str(answer.read().decode())


def test_a_mail_is_read_and_clicked_in_development(tmp_path: Path) -> None:
    """In the user's language and the project's words; its link leads to the link's page."""
    project = write_project(tmp_path, {"notes": NOTES}, **{"mails/de/recovery.txt": OWN})
    with serving(project) as served:
        served.ask("POST", "/auth/v1/signup", ADA)
        empty = page(served.url)
        served.ask("POST", "/auth/v1/recover", ADA)
        shown = page(served.url)
        link = shown.partition('<a href="')[2].partition('"')[0].replace("&amp;", "&")
        with urlopen(link, timeout=20) as answer:
            opened = answer.read().decode()
        with pytest.raises(HTTPError) as refused:
            page(served.url, Host="evil.example")
        refused.value.close()
        with pytest.raises(HTTPError) as tunnelled:
            page(served.url, **{"X-Forwarded-For": "203.0.113.9"})
        tunnelled.value.close()

    assert "No mail was sent yet." in empty
    assert "<h2>Neues Passwort</h2>" in shown
    assert ("Hallo ada@example.com: <a" in shown, "<b>" in shown) == (True, False)
    assert "Choose a new password" in opened
    assert refused.value.code == 404
    assert tunnelled.value.code == 404


def test_a_text_with_a_mistake_stops_the_start(tmp_path: Path) -> None:
    """With its file and what may be named."""
    project = write_project(tmp_path, {"notes": NOTES}, **{"mails/recovery.txt": "{{ name }}"})
    done = command("serve", "--port", "0", "--project", str(project))

    assert done.returncode == 1
    assert "mails/recovery.txt: names no value: {{ name }}" in done.stderr
    assert "there are: site, email, link, code, duration" in done.stderr
