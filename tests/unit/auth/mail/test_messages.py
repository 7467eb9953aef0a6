"""Letters put into words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.auth.driving import POLICY

from jotbase.auth.mail.messages import PendingMail, Purpose, render_mail, verify_link

SITED = replace(POLICY, site_url="https://app.example.com")
LETTER = PendingMail("recovery", "recovery", "ada@example.com", "012345", "f" * 56)


def test_a_mail_tells_code_link_site_and_how_long() -> None:
    """All that its reader needs stands in it, and who asked is left open."""
    mail = render_mail(LETTER, SITED, "https://app.example.com/reset?a=1&b=2")

    assert (mail.to, mail.subject, mail.code) == (
        "ada@example.com",
        "Reset your password",
        "012345",
    )
    assert mail.link == (
        "http://localhost/auth/v1/verify?token=" + "f" * 56 + "&type=recovery"
        "&redirect_to=https%3A%2F%2Fapp.example.com%2Freset%3Fa%3D1%26b%3D2"
    )
    assert f"\n{mail.link}\n" in mail.text
    assert "enter this code: 012345" in mail.text
    assert "at https://app.example.com." in mail.text
    assert "hold for 1 hour and work once" in mail.text


@pytest.mark.parametrize(
    ("purpose", "subject"),
    [("signup", "Confirm your address"), ("magiclink", "Your sign-in link")],
)
def test_each_purpose_has_its_words(purpose: Purpose, subject: str) -> None:
    """A subject says at once what the mail is for."""
    assert render_mail(replace(LETTER, purpose=purpose), SITED, "").subject == subject


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(7200, "2 hours"), (900, "15 minutes"), (60, "1 minute"), (61, "61 seconds")],
)
def test_the_time_is_said_in_the_largest_unit_that_fits(seconds: int, said: str) -> None:
    """No fractions."""
    assert f"for {said} and" in render_mail(LETTER, replace(SITED, otp_expiry=seconds), "").text


def test_the_link_names_the_type_that_verifies_it() -> None:
    """A sign-in link of a new user confirms the sign-up."""
    mail = replace(LETTER, purpose="magiclink", verification="signup")

    assert "&type=signup&" in verify_link(mail, SITED, "")


def test_secrets_stay_out_of_what_is_logged() -> None:
    """Neither a letter nor a mail shows its code or link when printed."""
    shown = repr(LETTER) + repr(render_mail(LETTER, SITED, ""))

    assert "012345" not in shown
    assert "f" * 56 not in shown
