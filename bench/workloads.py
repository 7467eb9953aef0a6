"""What is asked of every server: the rows, the requests, and the check that the answers are right.

Pure but for the questions it puts through a client. Must not know how a server is set up, or timed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from client import Client
from servers import Callers, User

ROWS_PER_COMPANY = 200
BATCH = 1000
STRANGER = "00000000-0000-4000-8000-000000000000"
COLUMNS = "id,title,company,salary,published,posted_by,created_at"
REPRESENTATION = {"Prefer": "return=representation"}


@dataclass(frozen=True, slots=True)
class Goal:
    """At least `ratio` times what `peer` reaches."""

    peer: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of request, how many connections ask it, and what is to be reached."""

    name: str
    title: str
    connections: int
    goals: tuple[Goal, ...]


WORKLOADS = (
    Workload("read", "read one row by key", 32, (Goal("fastify", 1.5), Goal("lite", 5))),
    Workload("insert", "insert one row, durably", 32, (Goal("fastify", 5), Goal("lite", 5))),
    Workload("list", "100 rows, filter and order", 32, (Goal("lite", 5),)),
    Workload("embed", "50 rows, a to-one and a to-many embed", 32, (Goal("lite", 5),)),
    Workload("bulk", "insert 1,000 rows in one request", 8, (Goal("lite", 5),)),
)


#: Jobs with applications; tables of the scale part have more, and are not asked for them.
MOST_APPLIED_FOR = 10_000


def companies_of(rows: int) -> int:
    """How many companies share `rows` jobs: each has the same number, whatever the table's size."""
    return max(1, rows // ROWS_PER_COMPANY)


def seed(client: Client, callers: Callers, rows: int, batch: int, generic: bool) -> None:
    """Stores the rows through HTTP, as the service, `batch` at a time.

    By the last digit of the id: 1 to 6 and 0 published, 7 and 8 a user's own, 9 hidden from all.
    The hand-written servers make their companies themselves, and have no applications.
    """

    def post(table: str, items: Sequence[object]) -> None:
        for first in range(0, len(items), batch):
            part = items[first : first + batch]
            client.need("POST", f"/rest/v1/{table}", callers.service, part)

    if generic:
        post("companies", _companies(rows))
    for first in range(1, rows + 1, BATCH):
        numbers = range(first, min(first + BATCH, rows + 1))
        post("jobs", [_seed_job(number, callers.users, rows) for number in numbers])
    if generic:
        with_applications = min(rows, MOST_APPLIED_FOR)
        for first in range(1, with_applications + 1, BATCH):
            jobs = range(first, min(first + BATCH, with_applications + 1))
            post("applications", [_application(job, k) for job in jobs for k in (1, 2)])


def _application(job: int, number: int) -> dict[str, object]:
    return {"job": job, "note": f"application {number} for position {job}"}


def _companies(rows: int) -> list[dict[str, str]]:
    numbered = [{"handle": f"c{n}", "name": f"Company {n}"} for n in range(companies_of(rows))]
    return [*numbered, {"handle": "new", "name": "New Company"}]


def _owner(number: int, users: tuple[User, ...]) -> User:
    return users[(number // 10) % len(users)]


def _seed_job(number: int, users: tuple[User, ...], rows: int) -> dict[str, object]:
    last = number % 10
    owner = STRANGER if last == 9 else _owner(number, users).id
    return {
        "title": f"Position {number}",
        "company": f"c{(number // 10) % companies_of(rows)}",
        "salary": 30_000 + (number * 7919) % 50_000,
        "published": last < 7,
        "posted_by": owner,
    }


def new_job(user: User, number: int) -> dict[str, object]:
    """A row as a client posts it."""
    return {
        "title": f"New position {number}",
        "company": "new",
        "salary": 40_000 + number,
        "published": True,
        "posted_by": user.id,
    }


def list_path(company: int) -> str:
    """100 rows of one company, dearest first."""
    order = "salary.desc,id.asc"
    return f"/rest/v1/jobs?select={COLUMNS}&company=eq.c{company}&order={order}&limit=100"


def embed_path(company: int) -> str:
    """50 rows of one company, each with its company and its applications."""
    select = "id,title,companies(handle,name),applications(id,note)"
    return f"/rest/v1/jobs?select={select}&company=eq.c{company}&order=id.asc&limit=50"


# The requests of one workload ---------------------------------------------------------------------


def requests_of(
    workload: Workload, port: int, callers: Callers, rows: int, batch: int, dice: random.Random
) -> Iterator[bytes]:
    """Raw HTTP requests for wrk to pick from, each by one of the users."""
    size = {"bulk": 8, "list": 1024, "embed": 1024}.get(workload.name, 8192)
    for number in range(size):
        user, method, path, body = _one(workload.name, callers.users, rows, batch, number, dice)
        yield raw(port, method, path, user.headers, body)


def _one(
    name: str, users: tuple[User, ...], rows: int, batch: int, number: int, dice: random.Random
) -> tuple[User, str, str, object]:
    user, company = dice.choice(users), dice.randrange(companies_of(rows))
    if name == "list":
        return user, "GET", list_path(company), None
    if name == "embed":
        return user, "GET", embed_path(company), None
    if name == "insert":
        return user, "POST", "/rest/v1/jobs", new_job(user, number)
    if name == "bulk":
        return user, "POST", "/rest/v1/jobs", [new_job(user, n) for n in range(batch)]
    key = dice.randrange(rows // 10) * 10 + dice.randrange(1, 9)
    reader = _owner(key, users) if key % 10 >= 7 else user
    return reader, "GET", f"/rest/v1/jobs?id=eq.{key}", None


def raw(
    port: int, method: str, path: str, headers: Mapping[str, str], body: object = None
) -> bytes:
    """One raw HTTP request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    data = b""
    if body is not None:
        data = json.dumps(body, separators=(",", ":")).encode()
        prefer = "return=minimal" if isinstance(body, list) else REPRESENTATION["Prefer"]
        lines += [f"Prefer: {prefer}", "Content-Type: application/json"]
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


# Are the answers right? ---------------------------------------------------------------------------


def faults(client: Client, callers: Callers, batch: int, embeds: bool) -> dict[str, str]:
    """Asks each question once; gives by workload what is wrong with the answer, if anything."""
    user, jobs = callers.users[1], "/rest/v1/jobs"
    asks = {**user.headers, **REPRESENTATION}
    wrong: dict[str, str] = {}

    def expect(name: str, met: bool, answer: object) -> None:
        if not met:
            wrong.setdefault(name, str(answer)[:300])

    # Rows 17 and 19: the user's own, and one that the rule hides from everybody (see `seed`).
    seen, hidden = (
        client.ask("GET", f"{jobs}?id=eq.17", asks),
        client.ask("GET", f"{jobs}?id=eq.19", asks),
    )
    expect("read", seen[0] == 200 and _keys(seen[1]) == [17], seen)
    expect("read", hidden == (200, []), hidden)

    stored = client.ask("POST", jobs, asks, new_job(user, 1))
    expect("insert", stored[0] == 201 and len(_keys(stored[1])) == 1, stored)
    other = client.ask("POST", jobs, asks, {**new_job(user, 1), "posted_by": STRANGER})
    expect("insert", other[0] in (401, 403), other)
    # 0.10 of @supabase/lite answers 500 here: it is refused, and that is what counts.
    invalid = client.ask("POST", jobs, asks, {**new_job(user, 1), "title": ""})
    expect("insert", invalid[0] >= 400, invalid)

    listed = client.ask("GET", list_path(0), asks)
    expect("list", listed[0] == 200 and _ordered(listed[1]), listed)
    bulk = client.ask("POST", jobs, user.headers, [new_job(user, n) for n in range(batch)])
    expect("bulk", bulk[0] == 201, bulk)
    if embeds:
        nested = client.ask("GET", embed_path(0), asks)
        expect("embed", nested[0] == 200 and _nested(nested[1]), nested)
    return wrong


def _keys(rows: Any) -> list[Any]:
    return [row.get("id") for row in rows] if isinstance(rows, list) else []


def _ordered(rows: Any) -> bool:
    places = [(-row["salary"], row["id"]) for row in rows]
    return len(places) == 100 and places == sorted(places)


def _nested(rows: Any) -> bool:
    return len(rows) == 50 and all(
        row["companies"]["handle"] == "c0" and len(row["applications"]) == 2 for row in rows
    )
