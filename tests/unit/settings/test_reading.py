"""Settings of mail: what is read, and what is refused by name."""

from __future__ import annotations

import pytest

from jotbase.errors import SettingError
from jotbase.settings import read_settings

SERVER = {"JOTBASE_SMTP_URL": "smtp://jot:pw@mail.example:587", "JOTBASE_SMTP_FROM": "a@b.example"}


def refused(**variables: str) -> str:
    with pytest.raises(SettingError) as caught:
        read_settings({f"JOTBASE_{name}": value for name, value in variables.items()}, {})
    return str(caught.value)


def test_addresses_are_confirmed_where_mails_can_be_sent() -> None:
    """Unless the setting says otherwise; without a mail server nobody needs to."""
    assert read_settings({}, {}).autoconfirm is True
    assert read_settings(SERVER, {}).autoconfirm is False
    assert read_settings({**SERVER, "JOTBASE_MAIL_AUTOCONFIRM": "true"}, {}).autoconfirm is True
    assert read_settings({"JOTBASE_MAIL_AUTOCONFIRM": "false"}, {}).autoconfirm is False


def test_a_mail_server_is_a_secret() -> None:
    """Its address holds a password, so it is masked where settings are shown."""
    assert read_settings(SERVER, {}).shown()["JOTBASE_SMTP_URL"] == "********"


@pytest.mark.parametrize("given", ["mail.example", "http://mail.example", "smtp://", "smtp://h:x"])
def test_a_malformed_mail_server_is_named_but_not_shown(given: str) -> None:
    """The variable stands in the message, its value never."""
    said = refused(SMTP_URL=given, SMTP_FROM="a@b.example")

    assert "JOTBASE_SMTP_URL: its value" in said
    assert given not in said.replace("smtp://user:password@host:587", "")


def test_a_sender_is_needed() -> None:
    """A mail server refuses mails that come from nobody, and so does the start."""
    assert "JOTBASE_SMTP_FROM must be set" in refused(SMTP_URL="smtp://mail.example")
    assert "JOTBASE_SMTP_FROM: 'x'" in refused(SMTP_FROM="x")
    assert "JOTBASE_SMTP_FROM" in refused(SMTP_FROM="a@b.example\nBcc: c@d.example")


def test_production_can_confirm_what_it_asks_to_be_confirmed() -> None:
    """Without a mail server, nobody could ever sign in."""
    assert "JOTBASE_SMTP_URL must be set" in refused(ENV="production", MAIL_AUTOCONFIRM="off")


@pytest.mark.parametrize(
    "given",
    [
        "/reset",
        "https://",
        "https://*",
        "https://*.com/",
        "https://a.*.example.com/",
        "https://*.*.example.com/",
        "https://x*.example.com/",
        "https://x.example/a*",
        "javascript:x",
    ],
)
def test_a_redirect_that_is_too_wide_is_refused(given: str) -> None:
    """A * stands for whole paths, or for one label before two others."""
    assert "JOTBASE_REDIRECT_URLS" in refused(REDIRECT_URLS=given)


def test_redirects_are_separated_by_commas() -> None:
    """Addresses, and whatever lies below one."""
    given = {"JOTBASE_REDIRECT_URLS": "https://x.example/in/*, myapp://callback"}

    assert read_settings(given, {}).redirect_urls == ("https://x.example/in/*", "myapp://callback")


@pytest.mark.parametrize("name", ["jotbase_port", "Jotbase_Port", "JOTBASE_PROT"])
def test_what_is_almost_a_setting_is_refused(name: str) -> None:
    """In the environment and in `.env`: it would have no effect, in silence."""
    for environment in ({name: "1"}, dict[str, str]()):
        with pytest.raises(SettingError, match="perhaps you meant JOTBASE_PORT") as caught:
            read_settings(environment, {} if environment else {name: "1"})
        assert caught.value.faults[0].reason == f"{name} is not a setting"


def test_replicas_are_servers_and_a_secret() -> None:
    """Divided by commas; their URLs hold passwords."""
    given = {"JOTBASE_DATABASE_REPLICAS": "postgresql://a:b@one/x, postgres://two/x"}
    found = read_settings(given, {})

    assert found.database_replicas == ("postgresql://a:b@one/x", "postgres://two/x")
    assert found.shown()["JOTBASE_DATABASE_REPLICAS"] == "********"
    assert "JOTBASE_DATABASE_REPLICAS" in refused(DATABASE_REPLICAS="sqlite:///x")
