"""The root of the data API: when its document is given, and to whom which one."""

import orjson
import pytest
from tests.unit.schema.projects import TEXT, model, table_file

from jotbase.errors import RequestError
from jotbase.query.plan.nodes import Root
from jotbase.query.response.root import Permitted, answer_root
from jotbase.values import Request

MODEL = model(open=table_file({"a": TEXT}, access={"select": "True"}), shut=table_file({"a": TEXT}))
ROOT = Root("http://x", "1")
READS: Permitted = frozenset({("open", "select")})


def ask(method: str = "GET", **headers: str) -> Request:
    """Return a request for the root."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, "/rest/v1/", headers=named)


def test_a_caller_is_given_its_own_document() -> None:
    """Rules hold for everybody but the service role."""
    obeying = orjson.loads(answer_root(ask(), MODEL, READS, ROOT).body)
    passing = orjson.loads(answer_root(ask(), MODEL, None, ROOT).body)

    assert list(obeying["paths"]) == ["/", "/open"]
    assert list(passing["paths"]) == ["/", "/open", "/shut"]
    assert "access" in passing["components"]["schemas"]["open"]
    assert "access" not in obeying["components"]["schemas"]["open"]


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/openapi+json"])
def test_the_document_has_its_own_media_type(accept: str) -> None:
    """As PostgREST's has, whatever form of JSON is asked for."""
    response = answer_root(ask(accept=accept), MODEL, READS, ROOT)

    assert response.status == 200
    assert response.header("Content-Type") == "application/openapi+json; charset=utf-8"


def test_head_gives_no_body() -> None:
    """Only the headers are asked for."""
    response = answer_root(ask("HEAD"), MODEL, READS, ROOT)

    assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize(
    ("request_", "root", "code", "status"),
    [
        (ask(), None, "PGRST126", 404),
        (ask("POST"), ROOT, "PGRST117", 405),
        (ask(accept="text/csv"), ROOT, "PGRST107", 406),
        (ask(accept_profile="private"), ROOT, "PGRST106", 406),
    ],
)
def test_refusals(request_: Request, root: Root | None, code: str, status: int) -> None:
    """A root that is off, and what it cannot give, have PostgREST's codes."""
    with pytest.raises(RequestError) as refused:
        answer_root(request_, MODEL, READS, root)

    assert (refused.value.code, refused.value.status) == (code, status)
