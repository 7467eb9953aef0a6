"""Attack the job board: sqlmap wherever a request's text might reach SQL, then bytes and sockets.

In charge of a fresh server, of what sqlmap sends where (`raw_attacks` has the rest), of a bound on
the time, and of the verdict: a finding, an answer 500 or a place that was not tried is a failure.
So is a run that would find nothing: a small server that does paste text into SQL must be found out
by the same command.
Must not know: how Jotbase makes SQL.

Usage: python tools/attack.py path/to/sqlmap [name of an attack ...]
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import raw_attacks

#: Seconds for the places of one request; what was not tried by then is told, and is a failure.
PATIENCE = 240
#: Requests attacked at a time.
AT_ONCE = 2
#: Attacks by hand at a time: most of them wait for a deadline of the server.
BY_HAND_AT_ONCE = 8
OPTIONS = [
    *("--batch", "--answers", "reduce=N", "--dbms", "sqlite", "--technique", "BEUST"),
    *("--level", "3", "--risk", "2", "--threads", "4", "--disable-coloring", "--flush-session"),
    *("--time-limit", str(PATIENCE), "--ignore-code", "401,404,406"),
    # Each request from another client: limits on guesses would refuse them before any SQL.
    *("--tamper", "xforwardedfor"),
]
#: The board believes one proxy, and has mail for all that sqlmap asks for.
SETTINGS = {
    "JOTBASE_TX_END": "commit-allow-override",
    "JOTBASE_PROXIES": "1",
    "JOTBASE_MAIL_RATE": "1000000",
    "JOTBASE_MAIL_SPACING": "0",
}


@dataclass(frozen=True)
class User:
    """Somebody who has signed up."""

    id: str
    token: str


@dataclass(frozen=True)
class Keys:
    """The key that may do everything, and the one that everybody has."""

    secret: str
    publishable: str


@dataclass(frozen=True)
class Attack:
    """One request, its places to attack marked with an asterisk; without them, `answer` is the
    status (200 for all of success).
    """

    name: str
    line: str
    headers: tuple[str, ...] = ()
    body: str = ""
    answer: int = 200

    @property
    def places(self) -> int:
        """How many places there are."""
        return "".join((self.line, *self.headers, self.body)).count("*")

    def filled(self, user: User) -> Attack:
        """Return the attack with what is known of the user."""
        headers = tuple(one.replace("<user>", user.token) for one in self.headers)
        return replace(self, line=self.line.replace("<id>", user.id), headers=headers)


#: Stands for the token of somebody who has just signed up.
USER = "Authorization: Bearer <user>"
LINK = '{"type": "signup*", "token_hash": "abc*"}'
CSV = "Content-Type: text/csv"
EMBED = "select=id,companies(name)"
PASSWORD = '{"email": "nobody@board.example*", "password": "not a password"}'
BEARER = "Authorization: Bearer y*"
SESSION = '{"refresh_token": "a*"}'
KEEP = "Prefer: tx=rollback,return=representation"
JOB = {
    "title": "Baker*",
    "company": "nordlicht*",
    "description": "Bakes bread every morning.*",
    "remote": True,
    "tags": ["bread*"],
    "salary": 30000,
}
BATCH = [
    {"method": "GET", "path": "jobs?title=neq.x*&limit=1", "as": "first"},
    {"method": "GET", "path": "jobs?id=eq.$ref(first/0/id*)"},
    {"method": "PATCH", "path": "jobs?id=eq.1", "body": {"title": {"$ref": "first/0/title*"}}},
]
#: What the board has no need of: a function, so that calls can be attacked as well.
FOUND_JOBS = """

from jotbase.functions import Row, data as ask, rpc


@rpc(reads=True)
def found(text: str, least: int = 0) -> list[Row["jobs"]]:
    return ask().get("jobs", {"title": f"ilike.*{text}*", "salary": f"gte.{least}"})


@rpc
def endless() -> list[int]:
    return iter(int, 1)


@rpc
def echoed(told: dict) -> dict:
    return told
"""
META = '{"data": {"name": "Ada*", "a*": ["b*"]}}'
PROFILE = '{"user_metadata": {"name": "Ada*"}, "app_metadata": {"a": "b*"}}'
NEW_COMPANY = {"handle": "x-2", "name": "K*"}
CODE = '{"type": "email*", "email": "a@b.c*", "token": "1*"}'
CALL = '{"text": "e*", "least": 1}'
WRITTEN = [
    {"method": "GET", "path": "jobs?tags=cs.{python*}&limit=1*", "as": "jobs*"},
    {"method": "DELETE", "path": "jobs?title=eq.x*&or=(id.eq.0*,salary.lt.0)"},
    {"method": "GET", "path": "companies?handle=eq.x*&select=handle*&order=name*"},
    {
        "method": "POST",
        "path": "companies?on_conflict=handle*",
        "body": {"handle": "x-2", "name": "K*"},
    },
]
ATTACKS = (
    Attack("texts", "GET /rest/v1/jobs?title=ilike.%25e%25*&company=not.in.(x,y*)"),
    Attack("numbers", "GET /rest/v1/jobs?id=gt.0*&salary=gte.1000*&equity=lt.1*"),
    Attack("other types", "GET /rest/v1/jobs?remote=is.true*&created_at=gt.2020-01-01*"),
    Attack("documents", "GET /rest/v1/jobs?tags=cs.{python*}&tags->>0*=neq.x"),
    Attack("patterns", "GET /rest/v1/jobs?title=imatch.e*&description=not.fts.bread*"),
    Attack("trees", "GET /rest/v1/jobs?or=(id.gt.0*,and(id.lt.0,title.eq.a*))&not.and=(id.eq.0*)"),
    Attack("names", "GET /rest/v1/jobs*?id*=gt.0&companies.name*=neq.x&select=id,companies(name)"),
    Attack("columns", "GET /rest/v1/jobs?select=id*,t:title::text*,companies!inner(name*)"),
    Attack(
        "windows", f"GET /rest/v1/jobs?{EMBED}&order=id.desc*,companies(name)*&limit=5*&offset=0*"
    ),
    Attack("reading", "GET /rest/v1/jobs?select=id", ("Range: 0-4*", "Prefer: count=exact*")),
    Attack(
        "profiles", "GET /rest/v1/jobs?select=id", ("Accept-Profile: public*", "Accept: text/csv*")
    ),
    Attack("new rows", "POST /rest/v1/jobs", (KEEP,), json.dumps(JOB)),
    Attack(
        "merged rows",
        "POST /rest/v1/companies?columns=handle,name*&on_conflict=handle*",
        (f"{KEEP},resolution=merge-duplicates*",),
        '{"handle": "nordlicht", "name": "K*"}',
    ),
    Attack("keys of rows", "POST /rest/v1/companies", (KEEP,), '{"handle*": "x-1", "name*": "K"}'),
    Attack("tables", "POST /rest/v1/companies", (KEEP, CSV), "handle*,name\nx-1*,K"),
    Attack("changes", "PATCH /rest/v1/jobs?id=eq.1*", (KEEP,), '{"title": "Baker*"}'),
    Attack("removals", "DELETE /rest/v1/jobs?id=eq.1*&order=id*&limit=1*", (KEEP,)),
    Attack("batches", "POST /rest/v1/", ("Prefer: tx=rollback",), json.dumps(BATCH)),
    Attack("accounts", "GET /auth/v1/admin/users?page=1*&per_page=5*"),
    Attack("one account", "GET /auth/v1/admin/users/<id>*"),
    Attack("under rules", "GET /rest/v1/jobs?title=neq.x*&or=(id.gt.0*,salary.is.null)", (USER,)),
    Attack("sessions", "POST /auth/v1/token?grant_type=refresh_token*", (), SESSION, answer=400),
    Attack("links", "POST /auth/v1/verify", (), LINK, answer=403),
    Attack("passwords", "POST /auth/v1/token?grant_type=password", (), PASSWORD, answer=400),
    Attack(
        "calls", "POST /rest/v1/rpc/found?title=neq.x*&order=id*", (), '{"text": "e*", "least": 1}'
    ),
    Attack("asked calls", "GET /rest/v1/rpc/found?text=e*&least=1&salary=gte.1*&select=id*,title*"),
    Attack("documents of calls", "POST /rest/v1/rpc/echoed", (), '{"told": {"a*": "b*"}}'),
    Attack("batches of writes", "POST /rest/v1/", ("Prefer: tx=rollback",), json.dumps(WRITTEN)),
    Attack("metadata", "PUT /auth/v1/user", (USER,), META),
    Attack("profiles of users", "PUT /auth/v1/admin/users/<id>", (), PROFILE),
    Attack("forgotten passwords", "POST /auth/v1/recover", (), '{"email": "no@board.example*"}'),
    Attack(
        "codes",
        "POST /auth/v1/verify",
        (),
        '{"type": "email*", "email": "a@b.c*", "token": "1*"}',
        403,
    ),
    Attack("sign-outs", "POST /auth/v1/logout?scope=others*", (USER,), answer=200),
    Attack("credentials", "GET /rest/v1/jobs?select=id", ("apikey: x*", BEARER), answer=401),
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
def board(folder: Path) -> Iterator[tuple[str, Keys, User]]:
    """Serve a new job board while the block runs; give host and port, keys, and a user."""
    jotbase = [sys.executable, "-m", "jotbase"]
    project = str(folder / "jobs")
    subprocess.run([*jotbase, "init", "--example", "jobs", project], check=True)
    code = folder / "jobs/functions/__init__.py"
    code.write_text(code.read_text(encoding="utf-8") + FOUND_JOBS, encoding="utf-8")
    serve = [*jotbase, "serve", "--project", project, "--host", "127.0.0.1", "--port", "0"]
    environment = {**os.environ, **SETTINGS}
    process = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        url = next(line.split()[1] for line in process.stdout or () if "/rest/v1/" in line)
        keys = subprocess.run(
            [*jotbase, "keys", "--json", "--project", project], capture_output=True, check=True
        )
        # It says localhost; sqlmap would try IPv6 first, with each connection.
        known = json.loads(keys.stdout)
        host, key = f"127.0.0.1:{urlsplit(url).port}", known["secret_key"]
        yield host, Keys(key, known["publishable_key"]), sign_up(host, key)
    finally:
        process.terminate()
        process.wait(20)


def sign_up(host: str, key: str) -> User:
    """Return a new user."""
    body = json.dumps({"email": "ada@board.example", "password": "correct horse battery"}).encode()
    headers = {"apikey": key, "content-type": "application/json"}
    request = Request(f"http://{host}/auth/v1/signup", body, headers)
    with urlopen(request, timeout=20) as answer:
        session = json.load(answer)
    return User(session["user"]["id"], session["access_token"])


def headers_of(one: Attack, key: str) -> dict[str, str]:
    """Return the request's headers: its own, and what each request has."""
    own = dict(header.split(": ", 1) for header in one.headers)
    return {"apikey": key, "Content-Type": "application/json"} | own


def unmarked(one: Attack, host: str, key: str) -> int:
    """Return the status of the request as it is without a mark, 200 for all of success.

    What is refused in any case never comes as far as SQL, and attacking it would prove nothing.
    """
    method, target = one.line.replace("*", "").split(" ")
    headers = {name: text.replace("*", "") for name, text in headers_of(one, key).items()}
    connection = HTTPConnection(host, timeout=20)
    connection.request(method, target, one.body.replace("*", "").encode(), headers)
    status = connection.getresponse().status
    connection.close()
    return 200 if status < 300 else status


def attack(sqlmap: str, one: Attack, host: str, key: str, folder: Path) -> str:
    """Return what sqlmap says of a request."""
    where = folder / re.sub(r"\W", "-", one.name)
    where.mkdir()
    headers = [f"{name}: {text}" for name, text in headers_of(one, key).items()]
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


def faults(one: Attack, status: int, said: str) -> list[str]:
    """Return what is wrong with the outcome of an attack."""
    found = ["sqlmap says that it can be done"] if FOUND.search(said) else []
    if status != one.answer:
        found.append(f"the request itself is answered {status}, not {one.answer}")
    found += [f"{times} answers {status}" for status, times in FAILED.findall(said)]
    tried = len(TRIED.findall(said))
    if tried != one.places:
        found.append(f"{tried} of {one.places} places were tried")
    return found


def by_hand(host: str, keys: Keys, names: Sequence[str]) -> int:
    """Make the attacks that sqlmap does not, several at a time; return how many found something."""
    chosen = [
        one for one in raw_attacks.attacks(host, *astuple(keys)) if not names or one[0] in names
    ]
    together, last = chosen[:-1], chosen[-1:]
    with ThreadPoolExecutor(BY_HAND_AT_ONCE) as pool:
        faults_found = list(pool.map(lambda one: one[1](), together))
    faults_found += [make() for _, make in last]
    told = [(name, fault) for (name, _), fault in zip(chosen, faults_found, strict=True)]
    for name, fault in told:
        print(f"{name}: {fault or 'refused as it should be'}", flush=True)
    return sum(fault is not None for _, fault in told)


def main(sqlmap: str, *names: str) -> int:
    """Attack, tell each outcome, and return 1 if there is a fault."""
    sqlmap = str(Path(sqlmap).absolute())  # it runs in a folder of its own
    attacks = [one for one in ATTACKS if not names or one.name in names]
    folder = Path(tempfile.mkdtemp(prefix="jotbase-attack-"))
    print(f"What sqlmap says is kept in {folder}")
    with careless() as host:
        if not FOUND.search(attack(sqlmap, OPEN, host, "", folder)):
            print("sqlmap did not find the server that is open to it: the run means nothing")
            return 1
    print(f"{OPEN.name}: found out, as it should be")
    wrong = 0
    with board(folder) as (host, keys, user), ThreadPoolExecutor(AT_ONCE) as pool:
        key = keys.secret
        wrong += by_hand(host, keys, names)
        known = [one.filled(user) for one in attacks]
        statuses = [unmarked(one, host, key) for one in known]
        outcomes = pool.map(lambda one: attack(sqlmap, one, host, key, folder), known)
        for one, status, said in zip(known, statuses, outcomes, strict=True):
            found = faults(one, status, said)
            wrong += bool(found)
            refused = sum(int(times) for times in REQUESTS.findall(said))
            outcome = "; ".join(found) or f"nothing in {one.places} places"
            print(f"{one.name}: {outcome} ({refused} requests were refused)", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
