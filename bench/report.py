"""docs/benchmarks.md from the figures: goals first, then each part. Pure: values in, text out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servers import SERVERS
from workloads import WORKLOADS, Workload

Figures = Mapping[str, Any]

VIEWS = {
    "hello": "a Flask view of one line",
    "echo": "one that reads and writes JSON",
    "work": "one that computes for half a millisecond",
}
SLEEPERS = {
    "sleeps": "inserts' p99 beside 16 functions that sleep, against alone",
    "sleeps_and_writes": "the same, sleeping before they write",
    "writes_and_sleeps": "the same, sleeping between two writes",
}


#: Told without a goal.
BESIDE_MANY = (
    ("p99 of reads by key beside 400 log-ins at once, against alone", "logins", "400 log-ins"),
    ("p99 of reads by key beside 200 anonymous replays, against alone", "replays", "replays"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure to reach: what was asked, and what was seen (None: not measured,
    or no goal)."""

    figure: str
    goal: str
    seen: str
    met: bool | None


def page(results: Figures) -> str:
    """The whole page; a part that was not measured says so."""
    parts: list[str] = [INTRODUCTION.strip(), _machine(results), _goals(results)]
    sections: tuple[tuple[str, Callable[[Figures], str]], ...] = (
        ("load", _load),
        ("broadcast", _broadcast),
        ("startup", _startup),
        ("bindings", _bindings),
        ("scale", _scale),
    )
    parts += [section(results[name]) for name, section in sections if name in results]
    return "\n\n".join([*parts, METHOD.strip()]) + "\n"


def verdicts(results: Figures) -> list[Verdict]:
    """Each figure to reach, with what was seen."""
    found = [verdict for w in WORKLOADS for verdict in _ratio_verdicts(w, results)]
    broadcast = results.get("broadcast")
    share = broadcast and broadcast["jotbase"]["single_rate"] / broadcast["bare"]["single_rate"]
    start = results.get("startup", {}).get("servers", {}).get("jotbase", {})
    fixture, shapes = results.get("fixture", {}), results.get("shapes", {})
    sockets = broadcast["sockets"] if broadcast else 1000
    found += [
        _least(f"one change to {sockets:,} sockets, against the bare loop", share, 0.6, _percent),
        _most("process start to the first 200 of /health", start.get("again"), 0.3, _ms),
        _most("resident memory, idle", start.get("resident"), 60e6, _mb),
        _most("a fresh backend from the pytest fixture", fixture.get("set_up"), 0.01, _ms),
        _most("a known question shape, outside the database", shapes.get("known"), 40, _us),
        _most("a new question shape, outside the database", shapes.get("new"), 1000, _us),
    ]
    found += _beside(results)
    scale = results.get("scale", {"sizes": (1_000, 1_000_000), "rates": {}})
    small, large = scale["sizes"]
    for name, title in (("read", "by key"), ("list", "by indexed filter")):
        cost = _scale_cost(scale["rates"].get(name, {}))
        found.append(
            _most(f"reading {title}, {large:,} rows against {small:,}: cost", cost, 1.3, _times)
        )
    return found


def _beside(results: Figures) -> list[Verdict]:
    """What the others wait for beside one client, and what he takes."""
    found: list[Verdict] = []
    slept = results.get("sleepers", {}).get("p99", {})
    for name, figure in SLEEPERS.items():
        ratio = slept and slept[name] / slept["alone"]
        found.append(_most(figure, ratio or None, 1.5, _times))
    waited = results.get("dearest", {}).get("p99", {})
    worst = max((p99 for name, p99 in waited.items() if name != "alone"), default=None)
    found.append(_most("32 readers' p99 beside the dearest request", worst, 0.05, _ms))
    above = results.get("memory", {}).get("above") or {"one client's dearest requests": None}
    for name, size in above.items():
        found.append(_most(f"memory above idle: {name}", size, 150e6, _mb))
    for kind, title in (("reads", "reads by key"), ("events", "events to subscribers")):
        p99 = results.get("slow", {}).get("p99", {}).get(kind, {})
        for crowd in (4, 16):
            figure = f"p99 of {title} beside {crowd} slow statements, against alone"
            found.append(_most(figure, _over(p99, f"{crowd} statements"), 2, _times))
    p99 = results.get("logins", {}).get("p99", {})
    figure = "p99 of reads by key beside 64 log-ins at once, against alone"
    found.append(_most(figure, _over(p99, "64 log-ins"), 3, _times))
    for figure, waits, name in BESIDE_MANY:
        ratio = _over(results.get(waits, {}).get("p99", {}), name)
        found.append(Verdict(figure, "–", "–" if ratio is None else _times(ratio), None))
    rates = results.get("pruning", {}).get("rates", {})
    figure = "inserts a second while a full log is pruned, against without"
    found.append(_least(figure, _over(rates, "pruning", "without"), 0.9, _times))
    for writers, rates in results.get("hooks", {"rates": {"16": {}}})["rates"].items():
        figure = f"inserts a second with a hook after the commit, against none; writers: {writers}"
        found.append(_least(figure, _over(rates, "hook", "without"), 0.8, _times))
    on_postgres = results.get("postgresql", {}).get("rates", {})
    for name, title in (("read", "read one row by key"), ("insert", "insert one row, durably")):
        ratio = _over(on_postgres.get(name, {}), "jotbase", "bare")
        figure = f"{title}, on PostgreSQL, against a bare asyncpg handler"
        found.append(_least(figure, ratio, 0.7, _times))
    costs = results.get("lookups", {}).get("costs", {})
    figure = "a change to 500 callers: a rule over two tables, against one"
    found.append(_most(figure, _over(costs, "two", "one"), 2, _times))
    for view, title in VIEWS.items():
        rates = results.get("views", {}).get("rates", {}).get(view, {})
        figure = f"{title}, under waitress with as many threads, against Jotbase: rate"
        found.append(_most(figure, _over(rates, "plain", "jotbase"), 1.3, _times))
    return found


def _over(figures: Mapping[str, float], name: str, base: str = "alone") -> float | None:
    """How many times the base a figure is."""
    return figures[name] / figures[base] if name in figures and figures.get(base) else None


def _ratio_verdicts(workload: Workload, results: Figures) -> Iterable[Verdict]:
    servers = results.get("load", {}).get("servers", {})
    for goal in workload.goals:
        ours, theirs = (_rate(servers, name, workload) for name in ("jotbase", goal.peer))
        ratio = ours / theirs if ours and theirs else None
        title = f"{workload.title}, against {SERVERS[goal.peer].title}"
        yield _least(title, ratio, goal.ratio, _times)


def _rate(servers: Figures, name: str, workload: Workload) -> float | None:
    figures = servers.get(name, {}).get("workloads", {}).get(workload.name)
    return float(figures["rate"]) if figures else None


def _scale_cost(rates: Mapping[str, float]) -> float | None:
    sizes = sorted(rates, key=int)
    return rates[sizes[0]] / rates[sizes[-1]] if len(sizes) > 1 else None


def _least(figure: str, seen: float | None, goal: float, show: Callable[[float], str]) -> Verdict:
    met = None if seen is None else seen >= goal
    return Verdict(figure, f"≥ {show(goal)}", "–" if seen is None else show(seen), met)


def _most(figure: str, seen: float | None, goal: float, show: Callable[[float], str]) -> Verdict:
    met = None if seen is None else seen <= goal
    return Verdict(figure, f"≤ {show(goal)}", "–" if seen is None else show(seen), met)


# Sections ----------------------------------------------------------------------------------------


def _machine(results: Figures) -> str:
    rows = [(name, value) for name, value in results["machine"].items()]
    return "## Machine\n\n" + _table(("", ""), [("date", results["date"]), *rows])


def _goals(results: Figures) -> str:
    rows = [(v.figure, v.goal, v.seen, _reached(v)) for v in verdicts(results)]
    return "## Figures to reach\n\n" + _table(("figure", "goal", "measured", "reached"), rows)


def _reached(verdict: Verdict) -> str:
    if verdict.seen == "–":
        return "not measured"
    return {True: "yes", False: "**no**", None: "no goal"}[verdict.met]


def _load(load: Figures) -> str:
    text = [
        "## Requests a second",
        f"Measured {load['date']}. Medians of {load['rounds']} rounds of {load['seconds']:g} s; "
        f"{load['rows']:,} rows to begin with. Processors: how many the server kept busy. Ratio: "
        "Jotbase's rate over this one's.",
    ]
    for name, reason in load["absent"].items():
        text.append(f"{SERVERS[name].title} could not be measured: {_one_line(reason)}")
    for workload in WORKLOADS:
        text.append(f"### {workload.title.capitalize()}")
        head = ("server", "per second", "p50 ms", "p99 ms", "processors", "ratio")
        text.append(_table(head, list(_load_rows(load["servers"], workload))))
    return "\n\n".join(text)


def _load_rows(servers: Figures, workload: Workload) -> Iterable[Sequence[str]]:
    ours = _rate(servers, "jotbase", workload)
    for name, server in servers.items():
        title = SERVERS[name].title
        if reason := server["failures"].get(workload.name):
            yield title, f"not counted: {_one_line(reason)}", "", "", "", ""
        elif figures := server["workloads"].get(workload.name):
            ratio = _times(ours / figures["rate"]) if ours and name != "jotbase" else ""
            latency = (f"{figures[p] / 1000:.1f}" for p in ("p50", "p99"))
            yield title, _rounded(figures["rate"]), *latency, f"{figures['processors']:.2f}", ratio


def _broadcast(broadcast: Figures) -> str:
    rows = [
        (title, f"{f['milliseconds']:.1f}", *map(_rounded, (f["single_rate"], f["sustained_rate"])))
        for title, f in (("Jotbase", broadcast["jotbase"]), ("bare loop", broadcast["bare"]))
    ]
    head = ("server", "ms to the last socket", "messages/s, one change at a time", "8 under way")
    uneven = broadcast["jotbase"]["uneven"]
    return "\n\n".join(
        [
            f"## One change to {broadcast['sockets']:,} sockets",
            f"Measured {broadcast['date']}. The frame has {broadcast['frame_bytes']} bytes, the "
            "same for both. Jotbase's time holds the durable insert, its rule, its schema and the "
            "select rule for eight users; the bare loop's holds a request that says write.",
            *([f"**Sockets that lost or doubled a message: {uneven}.**"] if uneven else []),
            _table(head, rows),
        ]
    )


def _startup(startup: Figures) -> str:
    absent = "".join(
        f"{SERVERS[name].title} could not be measured: {_one_line(reason)}\n\n"
        for name, reason in startup["absent"].items()
    )
    rows = [
        (SERVERS[name].title, _ms(f["first"]), _ms(f["again"]), _mb(f["resident"]))
        for name, f in startup["servers"].items()
    ]
    head = ("server", "first start", "later starts", "idle memory")
    return f"## Start and memory\n\nMeasured {startup['date']}.\n\n{absent}{_table(head, rows)}"


def _bindings(bindings: Figures) -> str:
    rows = [
        (name, _us(cost["everybody"] * 1e6), _us(cost["index"] * 1e6))
        for name, cost in bindings["costs"].items()
    ]
    head = ("what each follows", "everybody judged", "found by the index")
    text = f"Measured {bindings['date']}, in one thread and without a socket; one of them is told."
    return f"## A change among many bindings\n\n{text}\n\n{_table(head, rows)}"


def _scale(scale: Figures) -> str:
    rows = [
        (next(w.title for w in WORKLOADS if w.name == name), f"{int(size):,}", _rounded(rate))
        for name, rates in scale["rates"].items()
        for size, rate in rates.items()
    ]
    return f"## Size of the table\n\nMeasured {scale['date']}.\n\n" + _table(
        ("question", "rows", "per second"), rows
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:120]


def _rounded(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _times(ratio: float) -> str:
    return f"{ratio:.2f} ×"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


def _us(microseconds: float) -> str:
    return f"{microseconds:.0f} µs"


def _mb(size: float) -> str:
    return f"{size / 1e6:.0f} MB"


INTRODUCTION = """
# Benchmarks

Written by `make bench`; what stands here was measured in one run on one machine, so compare the
ratios and not the figures with those of another machine. What is compared:

- **Jotbase**: one process, the project in `bench/project`, ES256 tokens of users who signed up.
- **Fastify** and **Express**: servers for this one table, written by hand (`bench/peers`), with
  jsonwebtoken, ajv and node:sqlite: one process, HS256, the same rule, WAL with
  `synchronous=FULL`, a change-log row in the transaction of each insert.
- **@supabase/lite**: as its `init` sets it up, with the same tables and policies. It keeps no
  change log and has no realtime. It takes 100 bound parameters a statement, so 1,000 rows are 50
  requests of 20 there; the line "limit raised" is the same server with settings that allow 1,000
  rows in one request.
"""

METHOD = """
## How it is measured

Every server starts in a fresh folder on a loopback port and is given the same rows over HTTP: 200
jobs a company, of ten jobs seven published, two a user's own, one that the rule hides. Before
anything is timed each server is asked every question once: a row that the caller may see, one
that he may not, an insert in another's name, an insert that the schema refuses, the order of a
list. A wrong answer takes that workload out of the table, and so does any refused request under
load.

`wrk` sends with 2 threads and 32 connections (8 for the 1,000 rows) requests made beforehand,
picked at random: other keys, other rows, eight users. Servers take turns within each round. One
user's token comes many times, as it does from a browser: Jotbase verifies it once and remembers,
the others verify each.

An insert counts as durable when the server answers after fsync; the table of the machine says
what one costs. Memory is the resident size of the process and its children, two seconds after the
start.

What others wait for "beside" something, and rates "beside" something, are measured with and without
it in turn, in rounds of one run; the ratio is that of the medians. A figure of few milliseconds
needs a machine that does nothing else: the ratios of waits grow with whatever else runs on it.
"Memory above idle" is the most anonymous memory that was seen less that of the same process before
the request: pages of the database file that it has mapped are the system's.

`make bench ARGS="--only fastify,express,load"` measures a part; `--quick` shows in a minute that
all works.
"""
