"""The composition root: builds each part of a backend once, from a project and its settings.

In charge of wiring the parts, and of the order of start, reload and stop. Must not do any part's
work: it handles no request and runs no statement.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from jotbase.auth.mail.messages import Mail
from jotbase.auth.tokens.apikeys import opaque_key
from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.rate_limits import AuthRateLimits
from jotbase.auth.tokens.token_cache import Notice
from jotbase.background.indexing import index_periodically
from jotbase.background.mailing import mailer
from jotbase.background.tasks import Places, TaskRunner
from jotbase.background.upkeep import RevocationWatcher, prune_periodically, watch_revocations
from jotbase.calls import Calls
from jotbase.computing import Computing
from jotbase.engines.base import Engine
from jotbase.errors import Fault, JotError, ProjectError
from jotbase.feed import Feed
from jotbase.functions.api.background import Place, work_of
from jotbase.functions.api.context import run_as
from jotbase.functions.api.row_hooks import run_before
from jotbase.functions.hooks import Hooks
from jotbase.functions.hosting.task_threads import TaskThreads
from jotbase.functions.loading import Loaded, described, load_for, load_in_thread
from jotbase.http.edge.asgi import Application
from jotbase.http.edge.clock import WallClock
from jotbase.http.edge.credentials import CredentialCheck, standing_in
from jotbase.http.edge.deferred import Answerer, Deferred
from jotbase.http.edge.hashing import HashingPool
from jotbase.http.edge.mail_page import mail_pages
from jotbase.http.edge.static_files import health_page, json_page, public_files
from jotbase.http.edge.studio import studio_pages
from jotbase.http.live.channels.quotas import quotas_within
from jotbase.http.live.endpoint import RealtimeEndpoint
from jotbase.http.server.data_routes import DataRoutes
from jotbase.http.server.project_app import ProjectApp
from jotbase.http.server.routes import Routes, application
from jotbase.pipeline import DataApi
from jotbase.project.auth_policy import auth_policy
from jotbase.project.data import (
    ConstraintName,
    ProjectDefinition,
    constraint_names,
    contexts,
    data_api,
    read_definition,
    row_decoder,
)
from jotbase.project.database_views import with_views
from jotbase.project.environment import DotenvVariables
from jotbase.project.folder import Project
from jotbase.project.mail_templates import mail_templates
from jotbase.project.migration import migrate
from jotbase.project.seeding import seed
from jotbase.query.plan.computed import with_computed
from jotbase.schema.keywords.vocabulary import META_SCHEMA
from jotbase.schema.model.tables import Model
from jotbase.schema.reading.topics import META_SCHEMA as CHANNELS
from jotbase.schema.upgrading.upgrade import UpgradeResult
from jotbase.settings import Settings
from jotbase.values import ANON, Row

log = logging.getLogger("jotbase")

#: How long after a start the deferred modules are imported, in seconds.
WARM_UP = 0.3

#: Computes a computed field within a statement (`computing.Computing`).
Compute = Callable[..., Any]
#: Makes the engine, given what decodes a row of the change log, what names a constraint, and what
#: answers for functions of rows.
EngineMaker = Callable[[Callable[[str, str], Row], ConstraintName, Compute], Engine]


@dataclass(frozen=True, slots=True)
class Environment:
    """The clock, randomness and mail of a backend, which tests replace.

    Without `post`, mails are sent as the settings say. Unless it is to `run_tasks`, background work
    waits for `TaskRunner.drain`.
    """

    now: Callable[[], float] = time.time
    random_bytes: Callable[[int], bytes] = os.urandom
    post: Callable[[Mail], None] | None = None
    run_tasks: bool = True


@dataclass
class Backend:
    """One served project; `start` must be called before any request, `stop` at the end."""

    project: Project
    settings: Settings
    definition: ProjectDefinition
    ring: KeyRing
    make_engine: EngineMaker
    url: str
    world: Environment = field(default_factory=Environment)
    seeds: bool = True

    def __post_init__(self) -> None:
        self._computing = Computing()
        self.engine = self.make_engine(
            row_decoder(self._model), constraint_names(self._model), self._computing
        )
        self._hashing = HashingPool()
        self._mailer = mailer(self.settings)
        self.credentials = CredentialCheck(
            self.ring, self.world.now, standing_in(self.engine), self.settings.jwt_aud
        )
        self._project_app = ProjectApp(
            self.credentials,
            lambda: self.data,
            self.settings,
            lambda: self.live.broadcasts,
            self.world.now,
        )
        self._templates = mail_templates(self.project)
        threads, queue = self.settings.functions_threads, self.settings.functions_queue
        self._hooks = Hooks(threads, queue, self.world.now)
        self._after_threads = TaskThreads("jotbase-after", threads)
        self._task_threads = TaskThreads("jotbase-task", threads)
        places = Places(self._after_threads, self._task_threads, threads)
        self.tasks = TaskRunner(self.engine, self.world.now, places)
        self._accounts = Deferred(self._account_routes)
        self._variables = DotenvVariables(self.project)
        self._variables.apply()
        self._take_functions(load_for(self.project.functions, self.definition.model))
        self.data = self._data()
        self._clock = WallClock(self.world.now)
        self.feed = Feed(self.engine, self._clock)
        self.live = RealtimeEndpoint(
            self.credentials,
            self.feed,
            self._clock,
            self.settings.proxies,
            quotas_within(
                self.settings.max_connections_per_address, self.settings.realtime_sockets_per_user
            ),
        )
        self._changes = RevocationWatcher(
            self.engine, self._clock, self._apply_notices, self._missed
        )

    def _model(self) -> Model:
        return self.definition.model

    def _data(self) -> DataApi:
        model = with_computed(self.definition.model, described(self._of_rows))
        data = data_api(
            replace(self.definition, model=model),
            self.engine,
            self.settings,
            contexts(self.world.now, self.world.random_bytes),
            self.credentials.principal,
            self.url,
            self._calls,
        )
        functions = {f"{one.table}.{one.function.name}": one.function for one in self._of_rows}
        self._computing.configure(functions, data, self._calls)
        return data

    def _account_routes(self) -> Answerer:
        # 50 ms of imports that a start need not wait for; `start` has them loaded right after.
        from jotbase.http.accounts.routes import accounts
        from jotbase.http.accounts.services import AccountServices

        services = AccountServices(
            engine=self.engine,
            ring=self.ring,
            policy=auth_policy(self.settings, self.url),
            now=self.world.now,
            random_bytes=self.world.random_bytes,
            run_in_thread=self._hashing.run,
            poll_revocations=self._changes.poll_or_restart,
            limits=AuthRateLimits(self.settings.mail_rate_client, self.settings.mail_rate),
            proxies=self.settings.proxies,
            post=self.world.post or self._mailer.post,
            hooks=self._hooks,
            templates=lambda: self._templates,
        )
        return partial(accounts, services=services)

    def _apply_notices(self, notices: Sequence[Notice]) -> None:
        self.credentials.live.forget(notices)
        self.live.apply_notices(notices)

    def _missed(self) -> None:
        self.credentials.live.clear()
        self.live.restart()

    async def start(self) -> UpgradeResult:
        """Open and migrate the database, seed it if it is new, and start the feed.

        Raises ProjectError when the database cannot be opened or migrated.
        """
        await self.engine.open()
        try:
            model, hooked = self.definition.model, self._loaded.hooked
            migrated = await migrate(self.engine, model, "a start", hooked=hooked)
            await self._take_views()
            if migrated.fresh and self.seeds:
                await seed(self.project, self.data)
        except BaseException:
            await self.engine.close()
            raise
        await self.feed.start()
        await self._changes.start()
        await self._declare_tasks()
        self._tell_live()
        self._chores = [
            asyncio.create_task(chore)
            for chore in (
                watch_revocations(self._changes),
                prune_periodically(
                    self.engine, self.settings, self.world.now, self.tasks.untold, self._model
                ),
                index_periodically(self.engine, self._model),
            )
        ]
        asyncio.get_running_loop().call_later(WARM_UP, self._accounts.load)
        return migrated

    async def _take_views(self) -> None:
        definition = await with_views(self.definition, self.engine)
        if definition is not self.definition:
            self.definition = definition
            self.data = self._data()

    def _tell_live(self) -> None:
        model, policy = self.definition.model, self.definition.policy
        rules = {t.name: policy.rule(t, "select").expression for t in model}
        self.live.configure(model, rules, self.definition.topics)

    async def stop(self) -> None:
        """Close sockets and feed, finish running writes, and close the database."""
        for chore in self._chores:
            chore.cancel()
        await self.live.close()
        await self.feed.stop()
        await self.tasks.stop()
        await self.engine.close()
        self._hashing.close()
        self._hooks.close()
        self._after_threads.close()
        self._task_threads.close()
        await self._mailer.close()
        self._variables.withdraw()

    async def reload(self) -> UpgradeResult:
        """Read the project's files again, migrate, and serve the new definition.

        Raises ProjectError, with everything unchanged, when the files have faults or the migration
        is refused.
        """
        definition = read_definition(
            self.project, self.definition.model, dialect=self.engine.dialect
        )
        templates = mail_templates(self.project)
        self._variables.apply()
        loaded = await load_in_thread(self.project.functions, definition.model)
        migrated = await migrate(
            self.engine, definition.model, "a reload", started=False, hooked=loaded.hooked
        )
        self.definition, self._templates = definition, templates
        self._take_functions(loaded)
        await self._take_views()
        self.data = self._data()
        await self.feed.read_timeline()
        await self._declare_tasks()
        self._tell_live()
        return migrated

    async def _declare_tasks(self) -> None:
        loaded = self._loaded
        seconds, decode = self.settings.functions_timeout / 1000, row_decoder(self._model)
        place = Place(self._project_app.asking(), self.world.now, self.settings.webhooks_private)
        work = work_of(loaded.after, loaded.tasks, loaded.schedules, decode, place, seconds)
        await self.tasks.declare(work)
        if self.world.run_tasks:
            self.tasks.start()

    def routes(self, on_failure: Callable[[ProjectError], None] = lambda _: None) -> Routes:
        """Return the routes; `on_failure` is called with the error of a failed start."""

        async def start() -> None:
            try:
                await self.start()
            except ProjectError as error:
                on_failure(error)
                raise
            except JotError as error:
                # The database refused what only the server itself asks of it.
                fault = Fault("database", "", f"it cannot be used: {error}", error.hint)
                on_failure(ProjectError([fault]))
                raise
            except Exception:
                log.exception("the start failed")
                raise

        timed, position = self.settings.server_timing, self.feed.position
        data = DataRoutes(lambda: self.data, self.credentials, timed, position)
        shown = {"url": self.url, "publishable_key": opaque_key(ANON, self.ring)}
        return Routes(
            records=data.answer,
            records_now=data.answer_now,
            accounts=self._accounts,
            live=self.live,
            streams=self.live.streams,
            broadcasts=self.live.broadcasts.answer,
            functions=self._project_app,
            files=public_files(self.project.public),
            pages={
                "/health": health_page(self.engine.unavailable_reason, self.feed.behind),
                "/config.json": json_page(shown),
                "/metrics": self.live.metrics.answer,
                "/realtime/v1/admin/explain": self.live.explain_page,
                "/schema/table/v1": json_page(META_SCHEMA, cache="public, max-age=3600"),
                "/schema/channels/v1": json_page(CHANNELS, cache="public, max-age=3600"),
                **studio_pages(),
                **mail_pages(self._mailer.recent),
            },
            start=start,
            stop=self.stop,
            origins=self.settings.cors_origins,
            max_body=self.settings.max_body,
            trace_header=self.settings.trace_header,
        )

    def application(self) -> Application:
        """Return the ASGI application of the backend, whose lifespan starts and stops it."""
        return application(self.routes())

    def _take_functions(self, loaded: Loaded) -> None:
        self._calls = Calls(
            loaded.functions,
            partial(run_as, clock=self.world.now),
            loaded.row_hooks,
            partial(run_before, clock=self.world.now),
            lambda: self.live.broadcasts,
        )
        self._loaded, self._of_rows = loaded, loaded.computed
        self._project_app.replace(loaded.app)
        self._hooks.replace(loaded.hooks)
