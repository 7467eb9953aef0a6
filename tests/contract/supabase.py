"""A database as Supabase hands it out, as far as policies look: its roles and the schema `auth`.

In charge of making one and of asking it as a caller. Must not know what is tested.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from tests.postgres_server import Server

#: As in Supabase's migrations of `auth`.
STUB = """
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email varchar(255));
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
  $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
  $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'anon') THEN
    CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE service_role BYPASSRLS;
  END IF;
END $$;
GRANT USAGE ON SCHEMA auth, public TO anon, authenticated, service_role;
"""


async def exported_database(server: Server, script: str, rows: Sequence[str]) -> str:
    """Make a database, run the script and then the rows' statements in it; return its URL."""
    url = await server.create()
    connection = await asyncpg.connect(url)
    try:
        for text in (STUB, script, *rows):
            await connection.execute(text)
    finally:
        await connection.close()
    return url


async def ask(url: str, token: Mapping[str, Any], *statements: str) -> list[Any]:
    """Return what each statement gives a caller, first columns or an SQLSTATE; nothing is kept."""
    connection = await asyncpg.connect(url)
    try:
        return [await _asked(connection, token, statement) for statement in statements]
    finally:
        await connection.close()


async def _asked(connection: Any, token: Mapping[str, Any], statement: str) -> Any:
    began = connection.transaction()
    await began.start()
    try:
        claims = json.dumps(token)
        await connection.fetch("SELECT set_config('request.jwt.claims', $1, true)", claims)
        await connection.execute(f"SET LOCAL ROLE {token['role']}")
        return [row[0] for row in await connection.fetch(statement)]
    except asyncpg.PostgresError as error:
        return error.sqlstate
    finally:
        await began.rollback()
