"""Bodies that come compressed: nothing is inflated, and a small one stays small."""

from __future__ import annotations

import gzip
import zlib

import pytest
from tests.api.data_world import Serve, table

PLAIN = b'{"text": "' + b"a" * 20_000_000 + b'"}'
CODINGS = {b"gzip": gzip.compress(PLAIN), b"deflate": zlib.compress(PLAIN)}
PATHS = (b"/rest/v1/notes", b"/rest/v1/", b"/rest/v1/rpc/none", b"/auth/v1/signup")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_compressed_is_not_inflated(serve: Serve, coding: bytes, path: bytes) -> None:
    """Twenty kilobytes stay twenty, and are no JSON; nothing is stored."""
    backend = serve({"notes": table({"text": {"type": "string"}})}, max_body=30_000)
    headers = [(b"content-type", b"application/json"), (b"content-encoding", coding)]

    answer = serve.wire(backend).ask("POST", path, headers, CODINGS[coding])

    assert 400 <= answer.status < 500
    assert backend.service.get("/notes").json() == []
