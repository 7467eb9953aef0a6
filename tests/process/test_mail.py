"""Mail that is really sent: by `jotbase serve`, to a mail server, read and acted upon."""

from __future__ import annotations

import json
import re
import subprocess
from email.message import EmailMessage
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
from tests.process.mailbox import Mailbox, mailbox
from tests.process.server import NOTES, serving, write_project

SCRIPT = Path(__file__).with_name("supabase_js_mail.mjs")
ADA = {"email": "ada@example.com", "password": "correct horse"}
CODE, LINK = r"code: (\d{6})$", r"^(http\S+)$"
PASSWORD = "s3cret%40word"


def found(pattern: str, mail: EmailMessage) -> str:
    """Return what the pattern's group finds in a mail's text."""
    match = re.search(pattern, mail.get_content(), re.MULTILINE)
    assert match is not None
    return match[1]


def by(box: Mailbox, **more: str) -> dict[str, str]:
    """Return the settings by which mails go to the mailbox."""
    return {
        "JOTBASE_SMTP_URL": f"smtp://jot:{PASSWORD}@127.0.0.1:{box.port}",
        "JOTBASE_SMTP_FROM": "Jot <noreply@example.com>",
        **more,
    }


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow no redirect: its address is what is looked at."""


def location(link: str) -> str:
    """Open a mail's link, press its page's button, and return where that leads."""
    opener = build_opener(_Stay)
    with opener.open(Request(link), timeout=20) as page:
        assert '<form method="post" action="verify">' in page.read().decode()
    address, _, query = link.partition("?")
    try:
        opener.open(Request(address, query.encode()), timeout=20)
    except HTTPError as error:
        return str(error.headers["Location"])
    raise AssertionError("the link leads nowhere")


def test_a_sign_up_is_confirmed_by_the_link_of_a_real_mail(tmp_path: Path) -> None:
    """With a mail server set, addresses are confirmed: the link leads to the site, signed in."""
    project = write_project(tmp_path, {"notes": NOTES})
    with mailbox() as box, serving(project, env=by(box)) as served:
        user = served.ask("POST", "/auth/v1/signup", ADA)
        mail = box.wait()
        led = location(found(LINK, mail))
        session = served.ask("POST", "/auth/v1/token?grant_type=password", ADA)

    assert "access_token" not in user
    assert (mail["To"], mail["From"]) == ("ada@example.com", "Jot <noreply@example.com>")
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("Confirm your address", "auto-generated")
    assert box.credentials == ["jot s3cret@word"]
    assert led.startswith(f"{served.url}#access_token=")
    assert session["user"]["email"] == "ada@example.com"


def test_a_mail_is_tried_again(tmp_path: Path) -> None:
    """A server that is busy gets the mail a second later; the log tells no secret of it."""
    project = write_project(tmp_path, {"notes": NOTES})
    with mailbox() as box, serving(project, env=by(box), merged=True) as served:
        box.refusals.append(b"451 busy with ada@example.com")
        served.ask("POST", "/auth/v1/signup", ADA)
        box.wait()
        served.process.terminate()
        assert served.process.stdout is not None
        said = served.process.stdout.read()

    assert "a mail could not be sent and is tried again: SMTPSenderRefused (451)" in said
    assert not re.search(r"s3cret|ada@|\d{6}\b.*code", said)


def test_without_a_mail_server_the_console_shows_the_mail(tmp_path: Path) -> None:
    """In development one can go on: code and link stand in what the server prints."""
    project = write_project(tmp_path, {"notes": NOTES})
    with serving(project, merged=True) as served:
        served.ask("POST", "/auth/v1/signup", ADA)
        served.ask("POST", "/auth/v1/recover", {"email": "ada@example.com"})
        assert served.process.stdout is not None
        lines = iter(served.process.stdout.readline, "")
        code = next(line.split()[-1] for line in lines if line.startswith("or enter this code"))
        body = {"type": "recovery", "email": "ada@example.com", "token": code}
        session = served.ask("POST", "/auth/v1/verify", body)

    assert session["user"]["email"] == "ada@example.com"


@pytest.mark.node
def test_supabase_js_confirms_resets_and_signs_in_by_mail(tmp_path: Path) -> None:
    """`@supabase/supabase-js` does each round trip with the codes that the mails told."""
    project = write_project(tmp_path, {"notes": NOTES})
    with (
        mailbox() as box,
        serving(project, env=by(box)) as served,
        subprocess.Popen(
            ["node", str(SCRIPT), served.url, served.keys["publishable_key"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as node,
    ):
        assert node.stdin is not None
        assert node.stdout is not None
        for wanted in (CODE, CODE, CODE, LINK):
            node.stdin.write(found(wanted, box.wait()) + "\n")
            node.stdin.flush()
        told = json.loads(node.stdout.read())

    assert told == {
        "waiting": [None, None],
        "early": "email_not_confirmed",
        "wrong": "otp_expired",
        "confirmed": "ada@example.com",
        "reset": "ada@example.com",
        "old": "invalid_credentials",
        "passwordless": "bob@example.com",
        "soon": "over_email_send_rate_limit",
        "exchanged": "eve@example.com",
    }
