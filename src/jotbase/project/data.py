"""Loading a project's definition, and building the data API from it.

In charge of reading schemas and rules together, and of giving each table its row check, defaults
and rules. Must not know sockets, nor the database's path.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from time import perf_counter
from typing import Literal
from uuid import UUID

from jotbase import __version__
from jotbase.access.enforcement.guard import AllowAllGuard, RuleGuard
from jotbase.access.enforcement.policy import Policy, load_policy
from jotbase.batches import answer_batch
from jotbase.calls import Calls, answer_call, write_asking_hooks
from jotbase.engines.base import Engine
from jotbase.engines.calls.code_budget import CodeBudget
from jotbase.errors import Fault, HookTimeout, ProjectError
from jotbase.expression.expr import Context
from jotbase.pipeline import DataApi, MakeContext
from jotbase.project.folder import Project, read_files, unread_files
from jotbase.project.sql_trial import has_sql, tried
from jotbase.query.plan.functions import Functions, may_call
from jotbase.query.plan.guarding import Guard, permitted_actions
from jotbase.query.plan.nodes import PlanLimits, Root
from jotbase.query.response.render import render_options
from jotbase.query.write.result import WriteContext
from jotbase.realtime.rooms.topic_rules import TopicPolicy, load_topics
from jotbase.schema.ddl.changelog import logged_row
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.reading.read import read_leniently
from jotbase.schema.rows.check import RowCheck
from jotbase.schema.values.zones import is_zone
from jotbase.settings import Settings
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.values import Principal, Request, Response, Row

Check = Callable[[Mapping[str, str]], Awaitable[Principal]]
#: Returns the name of a table's unique or foreign key by its columns, for errors of the database.
ConstraintName = Callable[[Literal["unique", "foreign"], str, tuple[str, ...]], str | None]


@dataclass(frozen=True, slots=True)
class ProjectDefinition:
    """A project's files as read: the model, the rules, each table's row check, the files."""

    files: Mapping[str, bytes]
    model: Model
    policy: Policy
    checks: Mapping[str, RowCheck]
    topics: TopicPolicy = TopicPolicy()


def read_definition(
    project: Project,
    known: Model | None = None,
    *,
    there: Mapping[str, str] | None = None,
    dialect: Dialect = SQLITE,
) -> ProjectDefinition:
    """Read schemas/ whole; tables that are as in a `known` model are its very own.

    `there` is the SQL of what stands in the project's database: with it, all SQL of the files is
    tried, and without only what needs no knowledge of it. SQL of another `dialect` than SQLite's is
    its database's to try. Raises ProjectError with every mistake, in schemas and in rules.
    """
    files = read_files(project.schemas)
    model, faults = read_leniently(files)
    faults = [*unread_files(project.schemas), *faults]
    if faults:
        told = [*faults, *(_sql_faults(model, faults) if dialect is SQLITE else ())]
        raise ProjectError([*told, *_rule_faults(model, faults)])
    if known is not None:
        model = model.keeping(known)
    asked = dialect is SQLITE and (there is not None or has_sql(model))
    wrong = tried(model, there).faults if asked else []
    if wrong:
        raise ProjectError([*wrong, *_rule_faults(model, wrong)])
    topics, wrong = _topics(project, model)
    try:
        policy = load_policy(model)
    except ProjectError as error:
        raise ProjectError([*error.faults, *wrong]) from error
    if wrong:
        raise ProjectError(wrong)
    return ProjectDefinition(files, model, policy, {t.name: RowCheck(t) for t in model}, topics)


def _topics(project: Project, model: Model) -> tuple[TopicPolicy, list[Fault]]:
    """Return the rules of private topics, and the faults of their file."""
    try:
        data = project.channels.read_bytes()
    except FileNotFoundError:
        return TopicPolicy(), []
    except OSError as error:
        return TopicPolicy(), [Fault(project.channels.name, "", f"unreadable: {error.strerror}")]
    from jotbase.schema.reading.topics import read_topics

    patterns, faults = read_topics(data)
    try:
        return load_topics(patterns, model), faults
    except ProjectError as error:
        return TopicPolicy(), [*faults, *error.faults]


def _sql_faults(model: Model, faults: Sequence[Fault]) -> list[Fault]:
    """Return the faults in the SQL of otherwise valid files. A name that an invalid file would
    define is no fault.
    """
    wrong = {Path(fault.file).stem for fault in faults}
    sound = Model({table.name: table for table in model if table.name not in wrong})
    return tried(sound, None).faults if has_sql(sound) else []


def _rule_faults(model: Model, faults: Sequence[Fault]) -> list[Fault]:
    """Return mistakes in rules that are none of what is wrong in files: those of tables whose
    columns are sound, as are those of all files that they refer to or name.
    """
    try:
        load_policy(model)
    except ProjectError as error:
        shapes = ("/properties", "/foreignKeys")
        wrong = {
            Path(fault.file).stem
            for fault in faults
            if not fault.pointer or fault.pointer.startswith(shapes)
        }
        return [
            fault
            for fault in error.faults
            if not _reaches(model.tables[Path(fault.file).stem], wrong)
        ]
    return []


def _reaches(table: Table, wrong: AbstractSet[str]) -> bool:
    """Return whether a table's rules may refer to an invalid file."""
    named = re.findall(r"[\w-]+", " ".join(table.access.values()) + str(table.schema))
    return table.name in wrong or not wrong.isdisjoint(named)


def data_api(
    definition: ProjectDefinition,
    engine: Engine,
    settings: Settings,
    context: MakeContext,
    principal: Check,
    url: str,
    calls: Calls,
) -> DataApi:
    """Return the data API of a project's definition."""

    def budget() -> CodeBudget:
        return CodeBudget(settings.before_timeout, HookTimeout(settings.before_timeout))

    guards: dict[bool, Guard] = {
        False: RuleGuard(definition.policy, engine.dialect),
        True: AllowAllGuard(),
    }
    return DataApi(
        model=definition.model,
        engine=engine,
        limits=plan_limits(settings),
        guards=guards,
        write_context={
            passes: _write_contexts(definition, guard, engine.dialect)
            for passes, guard in guards.items()
        },
        principal=principal,
        call=partial(answer_call, calls=calls),
        transact=partial(answer_batch, calls=calls, budget=budget),
        context=context,
        ticks=perf_counter if settings.server_timing else None,
        verbose=settings.error_verbosity == "verbose",
        proxies=settings.proxies,
        hooked=dict.fromkeys(calls.hooks, partial(write_asking_hooks, calls=calls, budget=budget)),
        root=_root(
            definition.model,
            Root(url, __version__) if settings.openapi == "follow" else None,
            calls.functions,
            guards,
            context,
        ),
    )


def _root(
    model: Model,
    root: Root | None,
    functions: Functions,
    guards: Mapping[bool, Guard],
    context: MakeContext,
) -> Callable[[Request, Principal], Response]:
    def answer(request: Request, caller: Principal) -> Response:
        caller_context = context(caller, ())
        if request.method == "OPTIONS":
            guard = guards[caller.is_service]
            return render_options(request.path, model, guard, caller_context)
        # The modules of the OpenAPI document take a megabyte, which few servers need.
        from jotbase.query.response.root import answer_root

        callable_ = tuple(
            one for some in functions.values() for one in some if may_call(one, caller)
        )
        permitted = permitted_actions(guards[False], caller_context, model)
        return answer_root(
            request, model, None if caller.is_service else permitted, root, callable_
        )

    return answer


def plan_limits(settings: Settings) -> PlanLimits:
    """Return the limits of plans that the settings define."""
    return PlanLimits(
        max_rows=settings.max_rows,
        aggregates=settings.aggregates,
        plans=settings.plan,
        unfiltered_writes=settings.unfiltered_writes,
        tx_end=settings.tx_end,
        is_zone=is_zone,
        legacy_targets=settings.legacy_target_names,
        max_operations=settings.max_operations,
    )


def _write_contexts(
    definition: ProjectDefinition, guard: Guard, dialect: Dialect
) -> dict[str, WriteContext]:
    return {
        table.name: WriteContext(
            definition.checks[table.name], guard, dialect, definition.policy.defaults[table.name]
        )
        for table in definition.model
    }


def contexts(now: Callable[[], float], random_bytes: Callable[[int], bytes]) -> MakeContext:
    """Return the factory of requests' contexts, with this clock and randomness."""

    def new_uuid() -> str:
        return str(UUID(bytes=random_bytes(16), version=4))

    def context(principal: Principal, values: Sequence[str], timed: bool = True) -> Context:
        return Context(principal, tuple(values), timestamp(now()) if timed else "", new_uuid)

    return context


def timestamp(seconds: float) -> str:
    """Return epoch seconds in the stored form of timestamps: UTC, no trailing zeros."""
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    digits = f".{micros:06}".rstrip("0") if micros else ""
    return f"{_to_the_second(whole)}{digits}+00:00"


@lru_cache(maxsize=16)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def row_decoder(model: Callable[[], Model]) -> Callable[[str, str], Row]:
    """Return a decoder of the change log's rows (table, JSON text) by the current model.

    For a table that no longer exists it returns an empty row.
    """

    def decode(table: str, text: str) -> Row:
        return logged_row(model().tables.get(table) or Table(table, ()), text)

    return decode


def constraint_names(model: Callable[[], Model]) -> ConstraintName:
    """Return a function that names a table's unique or foreign key, by the current model."""

    def name(
        kind: Literal["unique", "foreign"], table: str, columns: tuple[str, ...]
    ) -> str | None:
        found = model().get(table)
        if found is None:
            return None
        constraints = found.unique if kind == "unique" else found.foreign_keys
        return next((one.name for one in constraints if one.columns == columns), None)

    return name
