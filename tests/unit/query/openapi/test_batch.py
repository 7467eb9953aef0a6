"""What the OpenAPI document says of batches is what is read and answered."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from jsonschema_rs import is_valid

from jotbase.errors import RequestError
from jotbase.query.openapi.batch import ANSWER, OPERATION, batch_operation, batch_schemas
from jotbase.query.request.batch_body import read_operations
from jotbase.query.response.batch import render_batch
from jotbase.values import Request, Response

SCHEMA = batch_schemas()[OPERATION]


@pytest.mark.parametrize(
    ("operation", "fine"),
    [
        ({"method": "GET", "path": "jobs"}, True),
        ({"method": "POST", "path": "jobs", "body": [{}], "as": "job-1"}, True),
        ({"method": "GET", "path": "jobs", "headers": {"Prefer": "count=exact"}}, True),
        ({"method": "GET"}, False),
        ({"method": "OPTIONS", "path": "jobs"}, False),
        ({"method": "GET", "path": ""}, False),
        ({"method": "GET", "path": "jobs", "as": "1"}, False),
        ({"method": "GET", "path": "jobs", "headers": {"prefer": 1}}, False),
        ({"method": "GET", "path": "jobs", "more": 1}, False),
    ],
)
def test_the_schema_says_what_is_read(operation: dict[str, Any], fine: bool) -> None:
    """What it takes is taken, and what it refuses is refused."""
    request = Request("POST", "/rest/v1/", "", {}, orjson.dumps([operation]))
    try:
        read = bool(read_operations(request, 1))
    except RequestError:
        read = False

    assert (is_valid(SCHEMA, operation), read) == (fine, fine)


def test_answers_fit_their_schema() -> None:
    """With and without a body."""
    told = render_batch([Response(204), Response(200, (("Content-Type", "text/csv"),), b"a")])

    assert all(is_valid(batch_schemas()[ANSWER], one) for one in orjson.loads(told.body))


def test_the_operation_refers_to_both() -> None:
    """A list goes in, and a list of the same length comes out."""
    told = batch_operation()

    wanted = told["requestBody"]["content"]["application/json"]["schema"]
    given = told["responses"]["200"]["content"]["application/json"]["schema"]
    assert (wanted["items"], given["items"]) == (
        {"$ref": f"#/components/schemas/{OPERATION}"},
        {"$ref": f"#/components/schemas/{ANSWER}"},
    )
