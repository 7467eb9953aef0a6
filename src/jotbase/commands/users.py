"""`jotbase users`: lists, makes, bans and deletes users, ends their sessions, moves them.

In charge of the command's actions and of printing what came of them. It works on the database
itself, beside a server that runs: the server learns of each change within half a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from jotbase.auth.accounts import ddl, store
from jotbase.auth.accounts.audit import SCOPES, entries
from jotbase.auth.accounts.context import RANDOMNESS, Context
from jotbase.auth.accounts.passwords import SALT_BYTES, check_new_password, hash_password
from jotbase.auth.changes import administration
from jotbase.auth.changes.administration import AdminUserAttributes, UserQuery
from jotbase.auth.sessions.audit_entries import entry_json
from jotbase.auth.sessions.sessions import session_row_json
from jotbase.auth.sessions.users import Account, User, user_json
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.engines.base import Engine
from jotbase.errors import Fault, JotError, ProjectError
from jotbase.project.auth_policy import auth_policy
from jotbase.project.users_file import attributes, exported, read_entries, told
from jotbase.sql.units import UnitOfWork
from jotbase.startup.loading import load, load_settings, server_url

#: How many users are read at once for an export.
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a project's database, opened for one command."""

    engine: Engine
    policy: AuthPolicy

    async def run(self, work: Callable[[], UnitOfWork[Any]]) -> Any:
        """Drive a unit of work."""
        return await self.engine.write(work)

    def context(self) -> Context:
        """Return the context of a unit of work, as of now."""
        random = os.urandom(RANDOMNESS)
        return Context(self.engine.dialect, self.policy, time.time(), random)

    async def find(self, who: str | None) -> Account:
        """Return the user with that address or id. Raises ProjectError."""
        column, value = ("email", (who or "").lower()) if "@" in (who or "") else ("id", who or "")
        found = await self.run(lambda: store.account(self.engine.dialect, column, value))
        if not isinstance(found, Account):
            raise _refused(f"there is no user {who!r}", "jotbase users list")
        return found


#: What an action has to show: a JSON value, and the lines of text.
Shown = tuple[Any, Iterable[str]]
Action = Callable[[Accounts, argparse.Namespace], Awaitable[Shown]]


async def _list(accounts: Accounts, options: argparse.Namespace) -> Shown:
    query = UserQuery(options.limit, filter_text=options.who or "")
    dialect = accounts.engine.dialect
    page = await accounts.run(lambda: administration.list_users(dialect, query))
    users = [user_json(Account(user)) for user in page.users]
    lines = [_line(user) for user in users]
    if page.total > len(users):
        lines.append(f"… {page.total} in all; --limit shows more")
    return {"users": users, "total": page.total}, lines or ["There is no user."]


def _line(user: dict[str, Any]) -> str:
    marks = [name for name in ("banned_until", "deleted_at", "is_anonymous") if user.get(name)]
    state = "" if user.get("confirmed_at") else "unconfirmed"
    marks = [*filter(None, [state]), *(one.partition("_")[0] for one in marks)]
    return "  ".join(filter(None, (user["id"], user["email"] or "-", user["role"], *marks)))


async def _create(accounts: Accounts, options: argparse.Namespace) -> Shown:
    password = _password(options)
    check_new_password(password, accounts.policy)
    hashed = hash_password(password, os.urandom(SALT_BYTES))
    profile = replace(
        attributes({"email": options.who}), password_hash=hashed, confirm=True, role=options.role
    )
    context = accounts.context()
    made = await accounts.run(lambda: administration.create_user(context, profile))
    user, more = user_json(made), {} if options.password else {"password": password}
    return {**user, **more}, [_line(user), *(f"password: {one}" for one in more.values())]


def _password(options: argparse.Namespace) -> str:
    if options.password == "-":
        return sys.stdin.readline().rstrip("\n")
    return options.password or secrets.token_urlsafe(15)


def _ban(seconds: Callable[[argparse.Namespace], float]) -> Action:
    async def ban(accounts: Accounts, options: argparse.Namespace) -> Shown:
        account, context = await accounts.find(options.who), accounts.context()
        profile = AdminUserAttributes(ban=seconds(options))
        unit = administration.update_user
        changed = await accounts.run(lambda: unit(context, account.user.id, profile))
        user = user_json(changed.account)
        return user, [_line(user)]

    return ban


async def _delete(accounts: Accounts, options: argparse.Namespace) -> Shown:
    account, context = await accounts.find(options.who), accounts.context()
    unit = administration.delete_user
    await accounts.run(lambda: unit(context, account.user.id, soft=options.soft))
    return {"deleted": account.user.id}, [f"deleted {account.user.id}"]


async def _sessions(accounts: Accounts, options: argparse.Namespace) -> Shown:
    account, dialect = await accounts.find(options.who), accounts.engine.dialect
    found = await accounts.run(lambda: administration.list_sessions(dialect, account.user.id))
    shown = [session_row_json(one) for one in found]
    lines = [
        f"{one['id']}  {one['aal']}  since {one['created_at']}  {one['ip'] or '-'}"
        f"  {one['user_agent'] or '-'}"
        for one in shown
    ]
    return {"sessions": shown}, lines or ["No session is open."]


async def _sign_out(accounts: Accounts, options: argparse.Namespace) -> Shown:
    account, context = await accounts.find(options.who), accounts.context()
    unit = administration.end_sessions
    await accounts.run(lambda: unit(context, account.user.id, options.session))
    return {"signed_out": account.user.id}, [f"signed out {account.user.id}"]


async def _import(accounts: Accounts, options: argparse.Namespace) -> Shown:
    name = options.who or "-"
    made, refused = 0, []
    for place, entry in read_entries(name, _content(name)):
        context = accounts.context()
        try:
            work = partial(administration.create_user, context, attributes(entry))
            await accounts.run(work)
            made += 1
        except JotError as error:
            refused.append({"place": place, "reason": told(error)})
    lines = [f"{made} imported, {len(refused)} not"]
    return {"imported": made, "refused": refused}, [
        *lines,
        *(f"{name}: {one['place']}: {one['reason']}" for one in refused),
    ]


def _content(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise _refused(f"{name} cannot be read: {error.strerror}") from None


async def _export(accounts: Accounts, _: argparse.Namespace) -> Shown:
    dialect = accounts.engine.dialect
    found: list[User] = []
    while True:
        query = UserQuery(_PAGE, len(found), oldest_first=True)
        page = await accounts.run(partial(administration.list_users, dialect, query))
        found.extend(page.users)
        if len(found) >= page.total or not page.users:
            break
    entries_ = [exported(user) for user in found if user.deleted_at is None]
    return entries_, [json.dumps(one) for one in entries_]


async def _audit(accounts: Accounts, options: argparse.Namespace) -> Shown:
    scope, _, text = (options.who or "").partition(":")
    if scope and scope not in SCOPES:
        raise _refused(f"the log is not sought by {scope!r}", f"{', '.join(SCOPES)}: author:ada@")
    dialect = accounts.engine.dialect
    found, total = await accounts.run(lambda: entries(dialect, options.limit, 0, scope, text))
    shown = [entry_json(one) for one in found]
    lines = [
        f"{one['created_at']}  {one['payload']['action']}  {one['payload']['actor_username']}"
        f"  {one['payload'].get('traits', {}).get('user_email', '')}  {one['ip_address']}".rstrip()
        for one in shown
    ]
    return {"entries": shown, "total": total}, lines or ["No entry."]


def _ban_seconds(options: argparse.Namespace) -> float:
    return administration.read_duration(options.duration)


ACTIONS: dict[str, Action] = {
    "list": _list,
    "create": _create,
    "ban": _ban(_ban_seconds),
    "unban": _ban(lambda _: 0.0),
    "delete": _delete,
    "sessions": _sessions,
    "sign-out": _sign_out,
    "import": _import,
    "export": _export,
    "audit": _audit,
}
#: Actions that are about one user, who must be named.
_OF_ONE = frozenset(("create", "ban", "unban", "delete", "sessions", "sign-out"))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("action", choices=list(ACTIONS), help="what is done")
    parser.add_argument(
        "who",
        nargs="?",
        help="an address or id; of list a part of an address, of import a file, of audit"
        " author:…, action:… or type:…",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument("--limit", type=int, default=50, help="how many are listed (default: 50)")
    parser.add_argument("--password", help="of create: its password; - reads it from stdin")
    parser.add_argument("--role", default=None, help="of create: the role")
    parser.add_argument("--duration", default="876000h", help="of ban: such as 24h (default: ever)")
    parser.add_argument("--soft", action="store_true", help="of delete: keep an anonymous row")
    parser.add_argument("--session", metavar="ID", help="of sign-out: that session alone")


def run(options: argparse.Namespace) -> int:
    """Do what the action says, and print what came of it."""
    if options.action in _OF_ONE and not options.who:
        raise _refused(f"users {options.action} needs an address or id", "jotbase users list")
    if options.limit < 1:
        raise _refused("--limit is a number from 1")
    project, settings = load_settings(options.project)
    backend = load(project, settings, server_url(settings))
    accounts = Accounts(backend.engine, auth_policy(settings, backend.url))
    value, lines = asyncio.run(_opened(accounts, options))
    print(json.dumps(value, indent=2) if options.json else "\n".join(lines))
    return 1 if isinstance(value, dict) and value.get("refused") else 0


async def _opened(accounts: Accounts, options: argparse.Namespace) -> Shown:
    await accounts.engine.open()
    try:
        await accounts.run(lambda: ddl.upgrade_tables(accounts.engine.dialect))
        return await ACTIONS[options.action](accounts, options)
    finally:
        await accounts.engine.close()


def _refused(reason: str, hint: str | None = None) -> ProjectError:
    return ProjectError([Fault("users", "", reason, hint)])
