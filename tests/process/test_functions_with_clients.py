"""`functions.invoke` of the official clients: bodies, streams, errors, timeouts, cancellations."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from supabase import AsyncClient, Client, acreate_client, create_client
from supabase.lib.client_options import SyncClientOptions
from supabase_functions.errors import FunctionsHttpError, FunctionsRelayError
from tests.process.server import Served, serving
from tests.process.views import project_of_views

SCRIPT = Path(__file__).with_name("supabase_js_functions.mjs")
FOREIGN = {"Authorization": "Bearer of.somebody.else"}

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def echo(method: str = "POST", **more: Any) -> dict[str, Any]:
    """Return what the view `echo` answers to the publishable key."""
    query = {} if method == "POST" else {"a": "1", "b": "x y"}
    return {"method": method, "query": query, "role": "anon"} | more


def failure(name: str, status: int | None = None, cause: str | None = None) -> dict[str, Any]:
    """Return what the script tells of an error, its body apart."""
    return {"error": name, "status": status, "cause": cause}


EXPECTED: dict[str, Any] = {
    "json": echo(json={"a": [1, "ä"]}),
    "text": echo(kind="text/plain", hex="68c3a46c6c6f"),
    "bytes": echo(kind="application/octet-stream", hex="00ff0a"),
    "blob": echo(kind="application/octet-stream", hex="616263"),
    "form": echo(form={"field": "wert"}, files={"file": "content"}),
    "nothing": echo(kind="", hex=""),
    "GET": echo("GET", kind="", hex=""),
    "PUT": echo("PUT", json={"n": 1}),
    "PATCH": echo("PATCH", json={"n": 1}),
    "DELETE": echo("DELETE", json={"n": 1}),
    "a header": {"custom": "own"},
    "answer: text": "plain",
    "answer: bytes": [0, 255, 10],
    "stream": ["data: first\n\n", "data: second\n\n"],
    "an error of the view": failure("FunctionsHttpError", 418),
    "a crash": failure("FunctionsHttpError", 500),
    "no view": failure("FunctionsHttpError", 404),
    "a rule": failure("FunctionsHttpError", 401),
    "a schema": failure("FunctionsHttpError", 400),
    "a foreign token": failure("FunctionsRelayError", 401),
    "a foreign token where it is judged": {"told": FOREIGN["Authorization"], "role": "anon"},
    "nobody listens": failure("FunctionsFetchError", cause="TypeError"),
    "signed in": True,
    "a timeout": failure("FunctionsFetchError", cause="AbortError"),
    "let go": {},
    "a reader that leaves": {"ended": True},
    "an aborted stream": "AbortError",
    "an aborted stream ends": {"ended": True},
}
#: Codes of the errors that Jotbase itself answers with, and a view's own body.
BODIES = {"a rule": "42501", "a schema": "23514", "a foreign token": "PGRST301"}


@pytest.mark.node
def test_supabase_js_invokes_views(tmp_path: Path) -> None:
    """Every kind of body and answer, and each of the client's three errors."""
    with serving(project_of_views(tmp_path), merged=True) as served:
        done = subprocess.run(
            ["node", str(SCRIPT), served.url, served.keys["publishable_key"]],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    errors = {name: one for name, one in told.items() if isinstance(one, dict) and "error" in one}
    bodies = {name: one.pop("body") for name, one in errors.items()}

    assert told == EXPECTED
    assert {name: bodies[name]["code"] for name in BODIES} == BODIES
    assert bodies["an error of the view"] == {"error": "no tea"}
    assert "swordfish" not in bodies["a crash"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(project_of_views(tmp_path_factory.mktemp("views")), merged=True) as running:
        yield running
    # The clients leave sockets to the garbage collector: now, not in somebody else's test.
    gc.collect()


@pytest.fixture
def client(served: Served) -> Client:
    return create_client(served.url, served.keys["publishable_key"])


def invoke(client: Client, view: str, **options: Any) -> Any:
    """Call a view and read its answer as JSON."""
    return client.functions.invoke(view, {"responseType": "json", **options})


def test_supabase_python_sends_bodies(client: Client) -> None:
    """A dict, text, bytes, a form, and none; other methods and headers."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    sent = b'--x\r\nContent-Disposition: form-data; name="field"\r\n\r\nwert\r\n--x--\r\n'

    assert invoke(client, "echo", body={"a": 1}) == echo(json={"a": 1})
    assert invoke(client, "echo", body="x") == echo(kind="text/plain", hex="78")
    octets = echo(kind="application/octet-stream", hex="00ff")
    assert invoke(client, "echo", body=b"\x00\xff") == octets
    assert invoke(client, "echo", body=sent, headers=form) == echo(form={"field": "wert"}, files={})
    assert invoke(client, "echo?a=1&b=x%20y", method="PUT", body={"n": 1}) == EXPECTED["PUT"]
    assert invoke(client, "header", headers={"x-custom": "own"}) == {"custom": "own"}


def test_supabase_python_reads_answers(client: Client) -> None:
    """Bytes and text as they are."""
    assert client.functions.invoke("bytes") == b"\x00\xff\n"
    assert client.functions.invoke("text") == b"plain"


def test_supabase_python_raises_errors(client: Client) -> None:
    """A view's own word, a rule, a schema, and a token that no view has seen."""
    with pytest.raises(FunctionsHttpError) as failed:
        invoke(client, "fail")
    assert (failed.value.message, failed.value.status) == ("no tea", 418)
    for view, status in (("members", 401), ("shaped", 400), ("nowhere", 404), ("crash", 500)):
        with pytest.raises(FunctionsHttpError) as refused:
            invoke(client, view, body={})
        assert refused.value.status == status
    with pytest.raises(FunctionsRelayError) as foreign:
        invoke(client, "echo", headers=FOREIGN)
    assert json.loads(foreign.value.message)["code"] == "PGRST301"
    assert invoke(client, "foreign", headers=FOREIGN)["told"] == FOREIGN["Authorization"]


def test_supabase_python_gives_up_in_time(served: Served) -> None:
    """A view that takes longer than the client waits; the next call is answered."""
    with httpx.Client(timeout=0.1) as impatient:
        options = SyncClientOptions(httpx_client=impatient)
        client = create_client(served.url, served.keys["publishable_key"], options)
        with pytest.raises(httpx.ReadTimeout):
            invoke(client, "stuck")
    patient = create_client(served.url, served.keys["publishable_key"])
    assert invoke(patient, "let-go") == {}


async def _cancelled(served: Served) -> Any:
    client: AsyncClient = await acreate_client(served.url, served.keys["publishable_key"])
    async with asyncio.timeout(30):
        calling = asyncio.create_task(client.functions.invoke("endless"))
        # The view has begun when another call finds its first tick.
        began = await client.functions.invoke("began", {"responseType": "json"})
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        ended = await client.functions.invoke("ended", {"responseType": "json"})
    return began, ended


def test_supabase_python_cancels_a_call(served: Served) -> None:
    """The view's generator is closed when its client has gone."""
    assert asyncio.run(_cancelled(served)) == ({"began": True}, {"ended": True})
