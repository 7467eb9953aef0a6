"""Media types: what Accept asks for and what Content-Type announces."""

from __future__ import annotations

import pytest
from tests.unit.query.board import code_of

from jotbase.errors import RequestError
from jotbase.query.request.intent import Media
from jotbase.query.request.media import content_type, parse_accept, parse_content_type


@pytest.mark.parametrize(
    ("header", "media"),
    [
        ("", Media()),
        ("*/*", Media()),
        ("application/json; charset=utf-8", Media()),
        ("text/csv, application/json", Media("csv")),
        ("text/odd, */*", Media()),
        ("text/csv;q=0.1, application/json", Media()),
        ("text/csv;q=0, application/json", Media()),
        ("application/vnd.pgrst.object", Media("object")),
        ("application/vnd.pgrst.object+json;nulls=stripped", Media("object", stripped=True)),
        ("application/vnd.pgrst.array+json", Media()),
        ("application/vnd.pgrst.array;nulls=stripped", Media("array", stripped=True)),
        (
            'application/vnd.pgrst.plan+text; for="text/csv"; options=analyze|odd',
            Media("plan", plan_text=True, plan_of="text/csv", plan_options=("analyze",)),
        ),
        (
            'application/vnd.pgrst.plan+json;for="application/vnd.pgrst.object";options=wal|verbose',
            Media(
                "plan",
                plan_of="application/vnd.pgrst.object+json",
                plan_options=("verbose", "wal"),
            ),
        ),
    ],
)
def test_accept(header: str, media: Media) -> None:
    """The best form that can be had is chosen, by quality and then by place."""
    assert parse_accept(header) == media


def test_the_root_gives_its_document() -> None:
    """At the root there is the OpenAPI document alone."""
    assert parse_accept("application/openapi+json", root=True) == Media("openapi")
    assert parse_accept("", root=True) == Media("openapi")
    assert code_of(lambda: parse_accept("text/csv", root=True)) == "PGRST107"


def test_what_cannot_be_had() -> None:
    """A form that is not made is refused with 406's code."""
    assert code_of(lambda: parse_accept("image/png, text/html")) == "PGRST107"
    plan_of_none = 'application/vnd.pgrst.plan; for="image/png"'
    assert code_of(lambda: parse_accept(plan_of_none)) == "PGRST107"


def test_what_cannot_be_had_is_named() -> None:
    """By its name alone: parameters say nothing of whether it can be had."""
    with pytest.raises(RequestError) as caught:
        parse_accept("image/png; q=0.5, text/html;level=1")

    assert caught.value.status == 406
    assert caught.value.message == "None of these media types are available: text/html, image/png"


@pytest.mark.parametrize(
    ("header", "content"),
    [
        ("", "json"),
        ("application/json; charset=utf-8", "json"),
        ("text/csv", "csv"),
        ("application/x-www-form-urlencoded", "form"),
        ("application/merge-patch+json", "json"),
    ],
)
def test_bodies(header: str, content: str) -> None:
    """A body without a type is JSON."""
    assert parse_content_type(header) == content


def test_bodies_that_are_not_read() -> None:
    """Other types are refused."""
    assert code_of(lambda: parse_content_type("image/png")) == "PGRST102"


@pytest.mark.parametrize(
    ("media", "header"),
    [
        (Media(), "application/json; charset=utf-8"),
        (Media("csv"), "text/csv; charset=utf-8"),
        (Media("object"), "application/vnd.pgrst.object+json; charset=utf-8"),
        (
            Media("array", stripped=True),
            "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
        ),
        (
            Media("plan", plan_of="text/csv", plan_options=("analyze", "wal")),
            'application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|wal; charset=utf-8',
        ),
    ],
)
def test_what_an_answer_is_called(media: Media, header: str) -> None:
    """Each form has its name."""
    assert content_type(media) == header
