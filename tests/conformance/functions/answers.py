# ruff: noqa: TID252 - a project's package is dropped in under another name
"""Functions that choose the head of their answer: status, headers, a media type of its own.

In charge of what stands around a result.
"""

from __future__ import annotations

import base64

from jotbase.functions import respond, rpc

from .shapes import Html, Json, PlainText, Png, Project, Xml, read

TWO_HEADERS = [("X-Test", "key1=val1; someValue; key2=val2"), ("X-Test-2", "key1=val1")]


@rpc
def get_projects_and_guc_headers() -> list[Project]:
    """Return rows with two headers."""
    respond(headers=TWO_HEADERS)
    return read("projects")


@rpc
def get_int_and_guc_headers(num: int) -> int:
    """Return a number with two headers."""
    respond(headers=TWO_HEADERS)
    return num


@rpc
def set_cookie_twice() -> None:
    """Set two cookies: a header may be said more than once."""
    first = "sessionid=38afes7a8; HttpOnly; Path=/"
    second = "id=a3fWa; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Secure; HttpOnly"
    respond(headers=[("Set-Cookie", first), ("Set-Cookie", second)])


@rpc
def send_body_status_403() -> Json:
    """Return a body with a status of the function's choice."""
    respond(status=403)
    return {"message": "invalid user or password"}


@rpc
def custom_vary_hdr() -> None:
    """Set a header that every answer has."""
    respond(headers=[("Vary", "X-Test-Accept")])


@rpc
def welcome() -> PlainText:
    """Return a text that is no JSON."""
    return "Welcome to PostgREST"


WELCOME = """
<html>
  <head>
    <title>PostgREST</title>
  </head>
  <body>
    <h1>Welcome to PostgREST</h1>
  </body>
</html>"""


@rpc(name="welcome.html")
def welcome_html() -> Html:
    """Return a page."""
    return f"{WELCOME}\n"


@rpc(name="welcome.xml")
def welcome_xml() -> Xml:
    """Return a page as XML."""
    return WELCOME


@rpc
def return_scalar_xml() -> Xml:
    """Return XML."""
    return "<my-xml-tag/>"


@rpc
def ret_image() -> Png:
    """Return a picture that a table holds."""
    found = read("images", name="eq.A.png", select="img")
    return base64.b64decode(found[0]["img"]) if found else None
