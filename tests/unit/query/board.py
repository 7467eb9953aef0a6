"""A small model, and short ways to ask it: the job board that the query room's tests read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from jotbase.errors import AccessError, RequestError
from jotbase.expression.expr import FALSE, TRUE, Apply, Context, Expr, Field, Literal
from jotbase.query.plan.guarding import RowAction, RuleAction, WriteAction
from jotbase.query.plan.nodes import Plan, PlanLimits, ReadPlan
from jotbase.query.plan.plan import plan
from jotbase.query.request.grammar import parse
from jotbase.query.request.intent import Intent
from jotbase.query.request.shape import shape
from jotbase.query.statement.compile import compile_read
from jotbase.schema.model.tables import Column, ForeignKey, Model, Table, Type, Unique
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Rows, Statement, UnitOfWork
from jotbase.values import Request, Row

Result = TypeVar("Result")


def column(name: str, kind: Type = Type.TEXT, *, nullable: bool = True, **more: Any) -> Column:
    """Return a column; null is a value of it where it may be null."""
    return Column(name, kind, {}, nullable=nullable, null_is_value=nullable, **more)


def table(name: str, *columns: Column, **more: Any) -> Table:
    """Return a table whose schema names its columns and asks nothing of them."""
    schema: dict[str, Any] = {"properties": {one.name: {} for one in columns}}
    return Table(name, columns, **{"schema": schema, **more})


COMPANIES = table(
    "companies",
    column("id", Type.INTEGER, nullable=False, identity=True, read_only=True),
    column("name", nullable=False),
    column("secret", write_only=True),
    primary_key=("id",),
    unique=(Unique("companies_name_key", ("name",)),),
)
JOBS = table(
    "jobs",
    column("id", Type.INTEGER, nullable=False, identity=True),
    column("title", nullable=False),
    column("company_id", Type.INTEGER),
    column("salary", Type.INTEGER),
    column("remote", Type.BOOLEAN, nullable=False, default=False),
    column("data", Type.JSON),
    column("created_at", Type.TIMESTAMP, read_only=True, default_expression="now()"),
    primary_key=("id",),
    foreign_keys=(ForeignKey("jobs_company_id_fkey", ("company_id",), "companies", ("id",)),),
)
PEOPLE = table(
    "people",
    column("id", Type.INTEGER, nullable=False),
    column("name"),
    column("boss_id", Type.INTEGER),
    primary_key=("id",),
    foreign_keys=(ForeignKey("people_boss_id_fkey", ("boss_id",), "people", ("id",)),),
)
APPLICATIONS = table(
    "applications",
    column("job_id", Type.INTEGER, nullable=False),
    column("person_id", Type.INTEGER, nullable=False),
    column("letter"),
    primary_key=("job_id", "person_id"),
    foreign_keys=(
        ForeignKey("applications_job_id_fkey", ("job_id",), "jobs", ("id",)),
        ForeignKey("applications_person_id_fkey", ("person_id",), "people", ("id",)),
    ),
)
OPEN_JOBS = table(
    "open_jobs",
    column("id", Type.INTEGER),
    column("firm", Type.INTEGER),
    view="select id, company_id as firm from jobs",
    origins={"id": ("jobs", "id"), "firm": ("jobs", "company_id")},
)
BUSY_FIRMS = table(
    "busy_firms",
    column("firm", Type.INTEGER),
    view="select distinct company_id as firm from jobs",
    origins={"firm": ("jobs", "company_id")},
)
MODEL = Model(
    {one.name: one for one in (APPLICATIONS, BUSY_FIRMS, COMPANIES, JOBS, OPEN_JOBS, PEOPLE)}
)
GENEROUS = PlanLimits(aggregates=True, plans=True, unfiltered_writes=True)


class OpenGuard:
    """Lets everything through."""

    def row_condition(self, table: Table, action: RowAction) -> Expr:
        """Hold nothing back."""
        return TRUE

    def check(
        self,
        table: Table,
        action: WriteAction,
        rows: Sequence[Row],
        olds: Sequence[Row] | None,
        context: Context,
        reading: bool,
    ) -> UnitOfWork[None]:
        """Ask nothing."""
        yield from ()

    def columns_checked(
        self, table: Table, action: WriteAction, reading: bool
    ) -> frozenset[str] | None:
        """Look at nothing."""

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Refuse nothing."""

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Allow all."""
        return True

    def denied(self, table: Table, action: str, context: Context) -> AccessError | None:
        """Refuse nobody."""


class HidingGuard(OpenGuard):
    """Holds back the rows of some tables by a rule on their `id`."""

    def __init__(self, *tables: str) -> None:
        self.tables = tables

    def row_condition(self, table: Table, action: RowAction) -> Expr:
        """Show row 1 of the tables, and all of the others."""
        if table.name not in self.tables:
            return TRUE
        name = table.columns[0].name
        rule = Apply("eq", (Field("row", name, Type.INTEGER), Literal(1, Type.INTEGER)))
        return rule if action != "delete" else FALSE


OPEN = OpenGuard()


def request(line: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Request:
    """Return the request of a line such as `GET /jobs?id=eq.5`."""
    method, target = line.split(" ", 1)
    path, _, query = target.partition("?")
    return Request(method, f"/rest/v1{path}", query, headers or {}, body)


def asked(line: str, **headers: str) -> Intent:
    """Return what a request line asks for; headers by name, `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse(shape(request(line, headers=named))[0])


def planned(line: str, limits: PlanLimits = GENEROUS, /, **headers: str) -> Plan:
    """Return the plan of a request line."""
    return plan(asked(line, **headers), MODEL, limits)


def read_plan(line: str, limits: PlanLimits = GENEROUS, /, **headers: str) -> ReadPlan:
    """Return the plan of a GET."""
    found = planned(line, limits, **headers)
    assert isinstance(found, ReadPlan)
    return found


def select_of(line: str, guard: OpenGuard = OPEN, /, **headers: str) -> str:
    """Return the SQL of a GET."""
    return compile_read(read_plan(line, GENEROUS, **headers), SQLITE, guard).text


def code_of(call: Callable[[], object]) -> str | None:
    """Return the code of the error that a call ends in, or None where it ends well."""
    try:
        call()
    except RequestError as error:
        return error.code
    return None


def drive(unit: UnitOfWork[Result], *answers: Rows) -> tuple[Result, list[Statement]]:
    """Run a unit of work; return its result and what it ran, each answered by the next rows."""
    ran: list[Statement] = []
    waiting = list(answers)
    try:
        statement = next(unit)
        while True:
            ran.append(Statement(statement.text, list(statement.params)))
            statement = unit.send(waiting.pop(0))
    except StopIteration as end:
        return end.value, ran
