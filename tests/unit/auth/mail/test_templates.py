"""A project's own texts of mails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.auth.driving import POLICY

from jotbase.auth.mail.messages import PendingMail
from jotbase.auth.mail.templates import language_of, own_mail, read_templates

MAIL = PendingMail("recovery", "recovery", "ada@example.com", "012345", "f" * 56)
FILES = {
    "recovery.txt": "Subject: Hello from {{ site }}\n\nCode {{code}} for {{ email }}\n",
    "de/recovery.txt": "Subject: Hallo\n\nDein Code: {{ code }}\n",
    "de/recovery.html": "<a href='{{ link }}'>{{ email }}</a>",
}


def test_a_text_is_in_the_users_language_or_else_in_the_projects() -> None:
    """`de-AT` reads `de`; a language without a text of its own reads the one without language."""
    templates, faults = read_templates(FILES)
    subjects = {}
    for language in ("", "de", "de-AT", "DE_at", "fr", "../x"):
        mail = own_mail(replace(MAIL, language=language), templates, POLICY, "")
        subjects[language] = mail.subject if mail else None

    assert faults == []
    assert subjects == {
        **dict.fromkeys(("", "fr", "../x"), "Hello from http://localhost"),
        **dict.fromkeys(("de", "de-AT", "DE_at"), "Hallo"),
    }
    assert own_mail(replace(MAIL, purpose="signup"), templates, POLICY, "") is None


def test_values_are_filled_in() -> None:
    """In HTML escaped, and the code and link stand beside the text for tests."""
    templates, _ = read_templates(FILES)
    mail = own_mail(replace(MAIL, language="de", to="a&b@example.com"), templates, POLICY, "x")

    assert mail is not None
    assert (mail.text, mail.code) == ("Dein Code: 012345\n", "012345")
    assert mail.html.endswith("'>a&amp;b@example.com</a>")
    assert "&amp;type=recovery" in mail.html
    assert "&type=recovery" in mail.link


@given(st.text())
def test_what_is_filled_in_is_no_template(address: str) -> None:
    """Whatever the address is, nothing else is put in its place."""
    templates, _ = read_templates({"recovery.txt": "Subject: x\n\n[{{ email }}]"})
    mail = own_mail(replace(MAIL, to="{{ code }}" + address), templates, POLICY, "")

    assert mail is not None
    assert mail.text == "[{{ code }}" + address + "]\n"


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("welcome.txt", "Subject: x\n\ny", "is no kind of mail"),
        ("../recovery.txt", "Subject: x\n\ny", "is no kind of mail"),
        ("recovery.txt", "Hello", "does not begin with a line"),
        ("recovery.txt", "Subject: x\n", "does not begin with a line"),
        ("recovery.txt", "Subject: x\n\n{{ code.__class__ }}", "names no value"),
        ("recovery.html", "x", "has no text beside it"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(path: str, text: str, reason: str) -> None:
    """With its file, before any mail is sent."""
    _, (fault,) = read_templates({path: text})

    assert (fault.file, reason in fault.reason) == (f"mails/{path}", True)


def test_a_language_is_a_text_of_the_metadata() -> None:
    """The first that names one; anything else names none."""
    assert language_of({"locale": 7}, {"lang": "de"}) == "de"
    assert language_of({}, {}) == ""
