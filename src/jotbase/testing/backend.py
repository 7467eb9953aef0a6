"""A backend under test: its own database in memory, clients, a clock and an outbox.

In charge of building each test's backend from a template that is prepared once a session (files
read, tables created, rules parsed). Must not know any project.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jotbase.app import Backend, EngineMaker, Environment
from jotbase.auth.tokens.apikeys import opaque_key
from jotbase.auth.tokens.keys import KeyRing
from jotbase.engines.base import Engine
from jotbase.engines.sqlite import SqliteEngine
from jotbase.project.data import ProjectDefinition, read_definition
from jotbase.project.folder import Project, dialect_of, find_project, is_postgresql, read_dotenv
from jotbase.project.keychain import fresh_keys, read_keys
from jotbase.settings import Settings, changed, read_settings
from jotbase.startup.loading import engine_maker
from jotbase.tasks.units import DeadTask
from jotbase.testing.client import Client
from jotbase.testing.databases import Databases
from jotbase.testing.factories import needed
from jotbase.testing.fakes import Clock, Outbox
from jotbase.testing.subscription import Subscription
from jotbase.testing.units import Units
from jotbase.testing.wire import LoopThread, exchange, http_scope
from jotbase.values import ANON, SERVICE, Request, Response

MEMORY = ":memory:"
URL = "http://backend.test"
PASSWORD = "correct horse battery staple"


#: A new database as it is copied: its bytes, or the databases of a PostgreSQL server.
Image = bytes | Databases


@dataclass(frozen=True)
class Template:
    """What all tests of a session share: the project as read, and images of its new database.

    `image` has empty tables, `seeded` the rows of seeds/; both are bytes of a database file.
    """

    project: Project
    settings: Settings
    definition: ProjectDefinition
    ring: KeyRing
    image: Image
    seeded: Image


def make_template(folder: Path, threads: LoopThread) -> Template:
    """Read a project once, with settings from the environment and `.env` as a server reads them.

    The keys are generated for the test run; the project's own are not used. Raises ProjectError
    with every mistake.
    """
    project = find_project(folder)
    settings = read_settings({**os.environ, **fresh_keys()}, read_dotenv(project))
    definition = read_definition(project, dialect=dialect_of(settings.database_url))
    ring = read_keys(settings)
    still = Environment(run_tasks=False)

    async def image(seeds: bool) -> Image:
        if is_postgresql(settings.database_url):
            return await prepared(seeds)
        make = engine_maker(MEMORY, settings, definition.model)
        backend = Backend(project, settings, definition, ring, make, URL, still, seeds=seeds)
        await backend.start()
        try:
            return await _image(backend.engine)
        finally:
            await backend.stop()

    async def prepared(seeds: bool) -> Databases:
        databases = await Databases.new(settings.database_url)
        make = engine_maker(databases.url, settings, definition.model)
        backend = Backend(project, settings, definition, ring, make, URL, still, seeds=seeds)
        await backend.start()
        await backend.stop()
        return databases

    empty = threads.run(image(False))
    seeded = threads.run(image(True)) if (project.root / "seeds").is_dir() else empty
    return Template(project, settings, definition, ring, empty, seeded)


async def _image(engine: Engine) -> bytes:
    if not isinstance(engine, SqliteEngine):
        raise TypeError("only the embedded engine gives an image")
    return await engine.image()


class TestBackend:
    """The backend of one test: `anonymous`, `service` and `user(email)` are its clients.

    It starts with empty tables, or with the rows of seeds/ when `seeds` is set. `settings` override
    the project's. Its time changes only by `clock.advance(seconds)`.
    """

    __test__ = False

    def __init__(
        self,
        template: Template,
        threads: LoopThread,
        *,
        seeds: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.clock = Clock()
        self.outbox = Outbox()
        self._threads = threads
        self._template = template
        self._database: str | None = None
        image = template.seeded if seeds else template.image
        chosen = changed(template.settings, settings or {})
        self._backend = Backend(
            template.project,
            chosen,
            template.definition,
            template.ring if chosen.jwt_keys == template.settings.jwt_keys else read_keys(chosen),
            self._engine_maker(image, chosen),
            URL,
            Environment(self.clock, os.urandom, self.outbox.send, run_tasks=False),
            seeds=False,
        )
        threads.run(self._backend.start())
        self._application = self._backend.application()
        self._numbers = itertools.count(1)

    def _engine_maker(self, image: Image, chosen: Settings) -> EngineMaker:
        model = self._template.definition.model
        if isinstance(image, bytes):
            return engine_maker(MEMORY, chosen, model, image)
        self._database = self._threads.run(image.copied())
        return engine_maker(self._database, chosen, model)

    def close(self) -> None:
        """Stop the backend and discard its database."""
        self._threads.run(self._backend.stop())
        image = self._template.image
        if self._database is not None and not isinstance(image, bytes):
            self._threads.run(image.dropped(self._database))

    def run_tasks(self) -> int:
        """Run what hooks after commits are to be told and all tasks that are due by the clock, and
        what these make due at once; return how many. What failed is due again later.
        """
        return self._threads.run(self._backend.tasks.drain())

    def dead_tasks(self) -> list[DeadTask]:
        """Return the tasks that failed as often as they may."""
        return self._threads.run(self._backend.tasks.dead())

    @property
    def anonymous(self) -> Client:
        """The client of an anonymous visitor: the publishable key, no session."""
        key = opaque_key(ANON, self._backend.ring)
        return Client(self._send, key, key, follow=self._follow)

    @property
    def service(self) -> Client:
        """The client of the service role: the secret key, which bypasses all rules."""
        key = opaque_key(SERVICE, self._backend.ring)
        return Client(self._send, key, key, follow=self._follow)

    def user(
        self,
        email: str | None = None,
        password: str = PASSWORD,
        *,
        roles: Iterable[str] = (),
        app_metadata: Mapping[str, Any] | None = None,
    ) -> Client:
        """Sign up a user and return its client; without an address, one is generated.

        `roles` and `app_metadata` are set by the service role, and the client's token has them.
        """
        client = self._signed_up(email, password)
        granted = {**({"roles": list(roles)} if roles else {}), **(app_metadata or {})}
        if not granted:
            return client
        path = f"/auth/v1/admin/users/{client.id}"
        answer = self.service.request("PUT", path, None, {"app_metadata": granted})
        if answer.status != 200:
            raise AssertionError(f"app_metadata was refused: {answer.text}")
        return client.refresh()

    @property
    def units(self) -> Units:
        """The project's rules and schemas, each asked alone."""
        return Units(self._template.definition)

    def make(self, table: str, **given: Any) -> dict[str, Any]:
        """Insert a valid row as the service role and return it, with the rows that it refers to.

        Rows that a column needs and `given` does not name are made as well; users are signed up.
        """
        known = self._template.definition.model.tables[table]
        for key in known.foreign_keys:
            columns = [known.by_name[name] for name in key.columns]
            if any(one.name in given for one in columns) or not all(map(needed, columns)):
                continue
            row = self._target(key.target)
            named = zip(key.columns, key.target_columns, strict=True)
            given |= {own: row[theirs] for own, theirs in named}
        row = self.units.row_for(table, next(self._numbers), **given)
        answer = self.service.post(f"/{table}", row)
        if answer.status != 201:
            raise AssertionError(f"a row of {table} was refused: {answer.text}")
        made: dict[str, Any] = answer.json()[0]
        return made

    def _target(self, table: str) -> Mapping[str, Any]:
        if table != "auth.users":
            return self.make(table)
        user = self.user()
        return {"id": user.id, "email": user.email}

    def _signed_up(self, email: str | None, password: str) -> Client:
        address = email or f"user{next(self._numbers)}@example.com"
        answer = self.anonymous.request(
            "POST", "/auth/v1/signup", None, {"email": address, "password": password}
        )
        if answer.status != 200:
            raise AssertionError(f"sign-up of {address} was refused: {answer.text}")
        session = answer.json()
        if "access_token" not in session:
            session = self._confirm(address)
        return Client(
            self._send,
            opaque_key(ANON, self._backend.ring),
            session["access_token"],
            id=session["user"]["id"],
            email=session["user"]["email"],
            refresh_token=session["refresh_token"],
            follow=self._follow,
        )

    def _confirm(self, address: str) -> Any:
        code = self.outbox.to(address)[-1].code
        body = {"type": "signup", "email": address, "token": code}
        return self.anonymous.request("POST", "/auth/v1/verify", None, body).json()

    def _follow(self, request: Request) -> Subscription:
        run, told_all = self._threads.run, self._told_all
        return Subscription(self._application, http_scope(request), run, told_all)

    async def _told_all(self) -> None:
        """Wait until the feed has told all that is committed."""
        feed = self._backend.feed
        _, newest = await feed.engine.last_change()
        while feed.cursor < newest:  # noqa: ASYNC110 - nobody else waits for the feed
            await asyncio.sleep(0)
        for sink in tuple(self._backend.live.streams.sinks.values()):
            await sink.drained()

    def _send(self, request: Request) -> Response:
        return self._threads.run(exchange(self._application, request))
