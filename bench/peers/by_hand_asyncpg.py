"""One table on PostgreSQL as one would write it by hand: uvicorn, an asyncpg pool, two statements.

The statements are those that Jotbase runs, without rule, schema and change log.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import orjson
import uvicorn

JOB = (
    "json_build_object('id', id, 'title', title, 'company', company, 'salary', salary,"
    " 'published', published, 'posted_by', posted_by, 'created_at', created_at)::text"
)
READ = f"SELECT '[' || string_agg({JOB}, ',') || ']' FROM jobs WHERE id = $1"
STORE = (
    "INSERT INTO jobs (title, company, salary, published, posted_by)"
    f" VALUES ($1, $2, $3, $4, $5) RETURNING '[' || {JOB} || ']'"
)
JSON = (b"content-type", b"application/json")


class Jobs:
    """The application."""

    pool: asyncpg.Pool

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE"], max_size=10)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        status, text = 200, "{}"
        if scope["method"] == "POST":
            body = await receive()
            row = orjson.loads(body["body"])
            names = ("title", "company", "salary", "published", "posted_by")
            async with self.pool.acquire() as connection:
                text = await connection.fetchval(STORE, *(row[name] for name in names))
            status = 201
        elif scope["path"] != "/health":
            (key,) = parse_qs(scope["query_string"].decode())["id"]
            async with self.pool.acquire() as connection:
                text = await connection.fetchval(READ, int(key[3:])) or "[]"
        content = text.encode()
        length = (b"content-length", str(len(content)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [JSON, length]})
        await send({"type": "http.response.body", "body": content})


if __name__ == "__main__":
    uvicorn.run(Jobs(), port=int(os.environ["BENCH_PORT"]), access_log=False, log_level="warning")
