"""A project with views for the official clients' `functions.invoke`.

In charge of views that wait for the test, and never for a time: each is released, or gives up after
ten seconds. Must not know a client.
"""

from __future__ import annotations

from pathlib import Path

from tests.process.server import write_project

NOTES = {
    "type": "object",
    "properties": {"id": {"type": "integer", "identity": True}},
    "primaryKey": ["id"],
}

CODE = """
from threading import Event

from flask import Flask, Response, request
from jotbase.functions import accepts, caller, requires, unverified

app = Flask(__name__)
RELEASED, BEGAN, ENDED, LET_GO = Event(), Event(), Event(), Event()


@app.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def echo():
    told = {"method": request.method, "query": request.args.to_dict(), "role": caller().role}
    kind = request.mimetype
    if kind == "application/json":
        return told | {"json": request.get_json()}
    if kind == "multipart/form-data":
        files = {name: one.read().decode() for name, one in request.files.items()}
        return told | {"form": request.form.to_dict(), "files": files}
    return told | {"kind": kind, "hex": request.get_data().hex()}


@app.post("/header")
def header():
    return {"custom": request.headers.get("x-custom")}


@app.post("/text")
def text():
    return "plain"


@app.post("/bytes")
def some_bytes():
    return Response(bytes([0, 255, 10]), mimetype="application/octet-stream")


@app.post("/events")
def events():
    def told():
        yield "data: first\\n\\n"
        RELEASED.wait(10)
        yield "data: second\\n\\n"

    return Response(told(), mimetype="text/event-stream")


@app.post("/release")
def release():
    RELEASED.set()
    return {}


@app.post("/fail")
def fail():
    return {"error": "no tea"}, 418


@app.post("/crash")
def crash():
    raise RuntimeError("the password is swordfish")


@app.post("/members")
@requires("user.id is not None")
def members():
    return {"id": caller().id}


@app.post("/shaped")
@accepts({"type": "object", "required": ["a"]})
def shaped():
    return request.get_json()


@app.post("/foreign")
@unverified
def foreign():
    return {"told": request.headers["authorization"], "role": caller().role}


@app.post("/endless")
def endless():
    def told():
        BEGAN.set()
        try:
            while not ENDED.wait(0.02):
                yield "tick\\n"
        finally:
            ENDED.set()

    return Response(told(), mimetype="text/event-stream")


@app.post("/stuck")
def stuck():
    return {"let_go": LET_GO.wait(10)}


@app.post("/let-go")
def let_go():
    LET_GO.set()
    return {}


@app.post("/began")
def began():
    return {"began": BEGAN.wait(10)}


@app.post("/ended")
def ended():
    was, _ = ENDED.wait(10), ENDED.clear()
    return {"ended": was}
"""


def project_of_views(folder: Path) -> Path:
    """Write the project and return its folder."""
    return write_project(folder, {"notes": NOTES}, **{"functions/__init__.py": CODE})
