"""Have sqlmap attack the job board: every way in which a request's text might reach SQL.

In charge of a fresh server, of what is sent where, of a bound on the time, and of the verdict: a
finding, an answer 500 or a place that was not tried is a failure. So is a run that would find
nothing: a small server that does paste text into SQL must be found out by the same command.
Must not know: how Jotbase makes SQL.

Usage: python tools/attack.py path/to/sqlmap
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

#: Seconds for the places of one request; what was not tried by then is told, and is a failure.
PATIENCE = 240
#: Requests attacked at a time.
AT_ONCE = 2
OPTIONS = [
    *("--batch", "--answers", "reduce=N", "--dbms", "sqlite", "--technique", "BEUST"),
    *("--level", "3", "--risk", "2", "--threads", "4", "--disable-coloring", "--flush-session"),
    *("--time-limit", str(PATIENCE), "--ignore-code", "401,404,406"),
]


@dataclass(frozen=True)
class Attack:
    """One request, its places to attack marked with an asterisk."""

    name: str
    line: str
    headers: tuple[str, ...] = ()
    body: str = ""

    @property
    def places(self) -> int:
        """How many places there are."""
        return "".join((self.line, *self.headers, self.body)).count("*")


#: Stands for the token of somebody who has just signed up.
USER = "Authorization: Bearer <user>"
PASSWORD = '{"email": "nobody@board.example*", "password": "not a password"}'
SESSION = '{"refresh_token": "a*"}'
KEEP = "Prefer: tx=rollback,return=representation"
JOB = {
    "title": "Baker*",
    "company": "kupferkanne*",
    "description": "Bakes bread every morning.*",
    "remote": True,
    "tags": ["bread*"],
    "salary": 30000,
}
ATTACKS = (
    Attack("texts", "GET /rest/v1/jobs?title=ilike.%25e%25*&company=not.in.(x,y*)"),
    Attack("numbers", "GET /rest/v1/jobs?id=gt.0*&salary=gte.1000*&equity=lt.1*"),
    Attack("other types", "GET /rest/v1/jobs?remote=is.true*&created_at=gt.2020-01-01*"),
    Attack("documents", "GET /rest/v1/jobs?tags=cs.{python*}&tags->>0*=neq.x"),
    Attack("patterns", "GET /rest/v1/jobs?title=imatch.e*&description=fts.bread*"),
    Attack("trees", "GET /rest/v1/jobs?or=(id.gt.0*,and(id.lt.0,title.eq.a*))&not.and=(id.eq.0*)"),
    Attack("names", "GET /rest/v1/jobs*?id*=gt.0&companies.name*=eq.x&select=id,companies(name)"),
    Attack("columns", "GET /rest/v1/jobs?select=id*,t:title::text*,companies!inner(name*)"),
    Attack("windows", "GET /rest/v1/jobs?order=salary.desc*,companies(name)*&limit=5*&offset=0*"),
    Attack("reading", "GET /rest/v1/jobs?select=id", ("Range: 0-4*", "Prefer: count=exact*")),
    Attack("profiles", "GET /rest/v1/jobs?select=id", ("Accept-Profile: public*", "Accept: a/b*")),
    Attack("new rows", "POST /rest/v1/jobs", (KEEP,), json.dumps(JOB)),
    Attack(
        "merged rows",
        "POST /rest/v1/companies?columns=handle,name*&on_conflict=handle*",
        (f"{KEEP},resolution=merge-duplicates*",),
        '{"handle": "kupferkanne", "name": "K*"}',
    ),
    Attack("keys of rows", "POST /rest/v1/jobs", (KEEP,), '{"title*": "Baker", "id": "1*"}'),
    Attack("tables", "POST /rest/v1/jobs", (KEEP, "Content-Type: text/csv"), "title*,id\nBaker*,1"),
    Attack("changes", "PATCH /rest/v1/jobs?id=eq.1*", (KEEP,), '{"title": "Baker*"}'),
    Attack("removals", "DELETE /rest/v1/jobs?id=eq.1*&order=id*&limit=1*", (KEEP,)),
    Attack(
        "sign-in", "POST /auth/v1/token?grant_type=refresh_token*", (), '{"refresh_token": "a*"}'
    ),
    Attack("accounts", "GET /auth/v1/admin/users?page=1*&per_page=5*"),
    Attack("one account", "GET /auth/v1/admin/users/00000000-0000-4000-8000-000000000000*"),
    Attack("passwords", "POST /auth/v1/token?grant_type=password", (), PASSWORD),
    Attack("under rules", "GET /rest/v1/jobs?title=eq.x*&or=(id.gt.0*,salary.is.null)", (USER,)),
    Attack(
        "credentials", "GET /rest/v1/jobs?select=id", ("apikey: x*", "Authorization: Bearer y*")
    ),
)
#: What the same command must find in the server that is open to it.
OPEN = Attack("the open server", "GET /?id=1*")


class Careless(BaseHTTPRequestHandler):
    """Pastes its parameter into SQL."""

    def do_GET(self) -> None:
        """Answer with the row of that number."""
        number = parse_qs(urlsplit(self.path).query).get("id", [""])[0]
        database = sqlite3.connect(":memory:")
        database.execute("CREATE TABLE t AS SELECT 1 AS id, 'one' AS name UNION SELECT 2, 'two'")
        try:
            rows = database.execute("SELECT name FROM t WHERE id = " + number).fetchall()
            status, body = 200, f"<p>{rows}</p>"
        except sqlite3.Error as error:
            status, body = 400, f"<p>{error}</p>"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def careless() -> Iterator[str]:
    """Serve the open server while the block runs; give its host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@contextmanager
def board(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Serve a new job board while the block runs; give host and port, secret key, user's token."""
    jotbase = [sys.executable, "-m", "jotbase"]
    project = str(folder / "jobs")
    subprocess.run([*jotbase, "init", "--example", "jobs", project], check=True)
    serve = [*jotbase, "serve", "--project", project, "--host", "127.0.0.1", "--port", "0"]
    environment = {**os.environ, "JOTBASE_TX_END": "commit-allow-override"}
    process = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        url = next(line.split()[1] for line in process.stdout or () if "/rest/v1/" in line)
        keys = subprocess.run(
            [*jotbase, "keys", "--json", "--project", project], capture_output=True, check=True
        )
        # It says localhost; sqlmap would try IPv6 first, with each connection.
        host, key = f"127.0.0.1:{urlsplit(url).port}", json.loads(keys.stdout)["secret_key"]
        yield host, key, sign_up(host, key)
    finally:
        process.terminate()
        process.wait(20)


def sign_up(host: str, key: str) -> str:
    """Return the token of a new user."""
    body = json.dumps({"email": "ada@board.example", "password": "correct horse battery"}).encode()
    headers = {"apikey": key, "content-type": "application/json"}
    request = Request(f"http://{host}/auth/v1/signup", body, headers)
    with urlopen(request, timeout=20) as answer:
        token: str = json.load(answer)["access_token"]
    return token


def attack(sqlmap: str, one: Attack, host: str, key: str, user: str, folder: Path) -> str:
    """Return what sqlmap says of a request."""
    where = folder / re.sub(r"\W", "-", one.name)
    where.mkdir()
    given = {header.split(":")[0] for header in one.headers}
    usual = {"apikey": key, "Content-Type": "application/json"}
    headers = [f"{name}: {text}" for name, text in usual.items() if name not in given]
    headers += [header.replace("<user>", user) for header in one.headers]
    lines = [f"{one.line} HTTP/1.1", f"Host: {host}", *headers, "", one.body]
    (where / "request").write_text("\r\n".join(lines))
    command = [sqlmap, "-r", str(where / "request"), "--output-dir", str(where / "out"), *OPTIONS]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE + 60, cwd=where
    )
    (where / "said").write_text(done.stdout + done.stderr)
    return done.stdout + done.stderr


FOUND = re.compile(r"sqlmap identified the following injection|is vulnerable|resumed the following")
TRIED = re.compile(r"parameter '([^']*\*)' does not seem to be injectable")
FAILED = re.compile(r"^(5\d\d) \(.*?\) - (\d+) times", re.MULTILINE)
REQUESTS = re.compile(r"^\d\d\d \(.*?\) - (\d+) times", re.MULTILINE)


def faults(one: Attack, said: str) -> list[str]:
    """Return what is wrong with the outcome of an attack."""
    found = ["sqlmap says that it can be done"] if FOUND.search(said) else []
    found += [f"{times} answers {status}" for status, times in FAILED.findall(said)]
    tried = len(TRIED.findall(said))
    if tried != one.places:
        found.append(f"{tried} of {one.places} places were tried")
    return found


def main(sqlmap: str) -> int:
    """Attack, tell each outcome, and return 1 if there is a fault."""
    folder = Path(tempfile.mkdtemp(prefix="jotbase-attack-"))
    print(f"What sqlmap says is kept in {folder}")
    with careless() as host:
        if not FOUND.search(attack(sqlmap, OPEN, host, "", "", folder)):
            print("sqlmap did not find the server that is open to it: the run means nothing")
            return 1
    print(f"{OPEN.name}: found out, as it should be")
    wrong = 0
    with board(folder) as (host, key, user), ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = pool.map(lambda one: attack(sqlmap, one, host, key, user, folder), ATTACKS)
        for one, said in zip(ATTACKS, outcomes, strict=True):
            found = faults(one, said)
            wrong += bool(found)
            refused = sum(int(times) for times in REQUESTS.findall(said))
            outcome = "; ".join(found) or f"nothing in {one.places} places"
            print(f"{one.name}: {outcome} ({refused} requests were refused)", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
