"""Where links may lead, and what they carry."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.auth.driving import POLICY

from jotbase.auth.mail.redirects import is_allowed, target, with_error, with_message, with_session
from jotbase.errors import AuthError

SITE = "https://app.example.com"
SITED = replace(
    POLICY, site_url=SITE, redirect_urls=("https://shop.example/in/*", "myapp://callback")
)


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.com",
        "https://APP.example.com/deep/page?x=1#y",
        "https://shop.example/in/here?next=/a",
        "https://shop.example/in/",
        "myapp://callback",
    ],
)
def test_the_site_and_the_list_are_allowed(address: str) -> None:
    """Any page of the site, and what an entry names."""
    assert target(address, SITED) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/relative",
        "//evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "https://app.example.com:pass@evil.example",
        "https://app.example.com\\@evil.example",
        "https://evil.example\\.app.example.com",
        "https://app.example.com\n.evil.example",
        " https://app.example.com",
        "https://shop.example/inside",
        "https://shop.example/in/../admin",
        "https://shop.example/in/%2e%2e/admin",
        "https://shop.example/in/..%5cadmin",
        "https://shop.example/",
        "myapp://callback/other",
        "myapp://other",
        "javascript://app.example.com/%0aalert(1)",
        "data://app.example.com/x",
        "https://[::1",
        "https://app.example.com:x",
    ],
)
def test_anything_else_leads_to_the_site(address: str) -> None:
    """Other hosts, look-alikes, and ways to say one thing to us and another to a browser."""
    assert target(address, SITED) == SITE


@given(st.text())
def test_what_is_allowed_has_an_allowed_origin(address: str) -> None:
    """No text slips through with a host of its own."""
    if is_allowed(address, SITED):
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc.lower()) in {
            ("https", "app.example.com"),
            ("https", "shop.example"),
            ("myapp", "callback"),
        }


def test_on_localhost_any_port_of_localhost_is_allowed() -> None:
    """A front end under development has its own server."""
    local = replace(POLICY, site_url="http://localhost:8000")

    assert is_allowed("http://127.0.0.1:5173/reset", local)
    assert not is_allowed("http://localhost.evil.example:5173/", local)
    assert not is_allowed("ftp://localhost/", local)
    assert not is_allowed("http://localhost:5173/", SITED)


def test_a_session_stands_in_the_fragment() -> None:
    """In place of whatever fragment the address had."""
    session = {
        "access_token": "a.b.c",
        "expires_at": 2,
        "expires_in": 1,
        "refresh_token": "r+",
        "token_type": "bearer",
        "user": {},
    }

    assert with_session(SITE + "/x?y=1#z", session, "signup") == (
        SITE + "/x?y=1#access_token=a.b.c&expires_at=2&expires_in=1&refresh_token=r%2B"
        "&token_type=bearer&type=signup&sb="
    )


def test_a_message_stands_there_when_more_is_to_come() -> None:
    """Half of a change is done, and no session comes with it."""
    assert with_message(SITE, "Go on") == f"{SITE}#message=Go+on&sb="


@pytest.mark.parametrize(
    ("status", "word"), [(400, "invalid_request"), (403, "access_denied"), (429, "server_error")]
)
def test_an_error_stands_there_too(status: int, word: str) -> None:
    """By OAuth's word for its status, its code and its message."""
    error = AuthError(status, "some_code", "What & why")

    assert with_error(SITE, error) == (
        f"{SITE}#error={word}&error_code=some_code&error_description=What+%26+why&sb="
    )


PREVIEWS = replace(SITED, redirect_urls=("https://*.preview.example.com/**",))


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://pr-7.preview.example.com/in?x=1", True),
        ("https://PR-7.preview.example.com", True),
        ("https://preview.example.com/", False),
        ("https://a.b.preview.example.com/", False),
        ("https://.preview.example.com/", False),
        ("https://-a.preview.example.com/", False),
        ("https://evil.com#.preview.example.com/", False),
        ("https://evil.com/.preview.example.com/", False),
        ("https://evil.com?.preview.example.com/", False),
        ("https://a@b.preview.example.com/", False),
        ("https://a%2eb.preview.example.com/", False),
        ("https://x.preview.example.com.evil.com/", False),
        ("https://xpreview.example.com/", False),
        ("https://x.preview.example.com:444/", False),
        ("http://x.preview.example.com/", False),
        ("https://x.preview.example.com/a/../b", False),
        ("https://x.preview.example.com\\@evil.com/", False),
        ("https://*.preview.example.com/", False),
    ],
)
def test_an_open_label_stands_for_one_label(address: str, is_one: bool) -> None:
    """One name before a fixed host, and nothing that changes which host it is."""
    assert is_allowed(address, PREVIEWS) == is_one


@given(st.text(alphabet="ab.:/@#?%\\-*"), st.sampled_from(["", "/", "/x"]))
def test_no_text_before_the_host_leads_elsewhere(before: str, path: str) -> None:
    """Whatever stands there, the host that a browser goes to ends as the entry does."""
    address = f"https://{before}.preview.example.com{path}"
    if is_allowed(address, PREVIEWS):
        assert (urlsplit(address).hostname or "").endswith(".preview.example.com")
