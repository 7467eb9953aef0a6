"""The layer table: what each room of src/jotbase may import, as data.

In charge of the table alone; `test_layers` holds it against the code and CONTRIBUTING shows it.
The room of a module is the longest key that begins its name, `jotbase` itself left off.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """What a room may import besides itself and, for a pure one, the standard library's pure part.

    `rooms` names other rooms, `libraries` what must be installed. A pure room turns values into
    values: no socket, file, clock, randomness, thread or database.
    """

    pure: bool
    rooms: frozenset[str]
    libraries: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _room(rooms: str, libraries: str = "", *, pure: bool = False) -> Room:
    return Room(pure, _words(rooms), _words(libraries))


WORDS = "records error_codes errors values"
#: What every statement is made of.
STATEMENTS = f"{WORDS} sql search expression schema"
THINKING = f"{STATEMENTS} query access auth realtime"
PAGES = "pipeline feed delivery calls batches"
#: What the composition root is put together with.
PARTS = "background computing project"
OUTSIDE = f"{THINKING} tasks {PAGES} timing engines.base engines functions http studio settings"

#: What all engines share.
ENGINES = "engines.base engines.engine_errors engines.calls"

#: A wing names the wings of its own room that it may import, and so never one above it. A room's
#: name stands for all of its wings, and in a wing of its own for the modules beside the wings.
#: orjson is a codec, bytes to values and back: it may stand wherever JSON does.
ROOMS: dict[str, Room] = {
    "records": _room("", pure=True),
    "error_codes": _room("records", pure=True),
    "errors": _room("records error_codes", pure=True),
    "values": _room("records error_codes errors", pure=True),
    "sql": _room("records error_codes errors", pure=True),
    "tasks": _room(f"{WORDS} sql", "orjson", pure=True),
    # schema: files to a model, and what follows from it for rows and databases
    "schema": _room("", pure=True),
    "schema.model": _room(WORDS, "orjson", pure=True),
    "schema.keywords": _room(f"{WORDS} schema.model", pure=True),
    "schema.values": _room(f"{WORDS} sql schema.model", "jsonschema_rs orjson", pure=True),
    "schema.ddl": _room(
        f"{WORDS} sql tasks schema.model schema.keywords schema.values", "orjson", pure=True
    ),
    "schema.ddl.postgres": _room(
        f"{WORDS} sql tasks schema.model schema.keywords schema.values schema.ddl",
        "orjson",
        pure=True,
    ),
    "schema.rows": _room(
        f"{WORDS} schema.model schema.keywords schema.values", "jsonschema_rs orjson", pure=True
    ),
    "schema.reading": _room(
        f"{WORDS} schema.model schema.keywords schema.values schema.ddl schema.rows",
        "jsonschema_rs orjson",
        pure=True,
    ),
    "schema.upgrading": _room(
        f"{WORDS} sql schema.model schema.keywords schema.values schema.rows schema.ddl",
        "orjson",
        pure=True,
    ),
    "schema.upgrading.postgres": _room(
        f"{WORDS} sql schema.model schema.keywords schema.values schema.rows schema.ddl"
        " schema.upgrading",
        "orjson",
        pure=True,
    ),
    "schema.pulling": _room(
        f"{WORDS} sql schema.model schema.keywords schema.reading schema.ddl", "orjson", pure=True
    ),
    # what URL filters, access rules and subscriptions share
    "search": _room(f"{WORDS} sql schema.keywords", pure=True),
    "expression.data_types": _room(
        f"{WORDS} sql schema.model schema.values search", "orjson", pure=True
    ),
    "expression": _room(
        f"{WORDS} sql schema.model schema.values search expression.data_types", "orjson", pure=True
    ),
    # auth: token bytes to a principal; sessions, accounts, mails
    "auth": _room("", pure=True),
    "auth.tokens": _room(f"{WORDS} sql schema.values", "cryptography orjson", pure=True),
    "auth.sessions": _room(f"{WORDS} auth.tokens", "orjson", pure=True),
    "auth.accounts": _room(
        f"{WORDS} sql schema auth.tokens auth.sessions",
        "argon2 bcrypt cryptography orjson",
        pure=True,
    ),
    "auth.mail": _room(f"{WORDS} sql auth.tokens auth.sessions auth.accounts", "orjson", pure=True),
    "auth.factors": _room(f"{WORDS} sql auth.tokens auth.sessions auth.accounts", pure=True),
    "auth.changes": _room(
        f"{WORDS} sql auth.tokens auth.sessions auth.accounts auth.mail auth.factors",
        "orjson",
        pure=True,
    ),
    # query: in the order in which a request passes
    "query": _room("", pure=True),
    "query.request": _room(f"{WORDS} expression schema.values", "orjson", pure=True),
    "query.plan": _room(f"{STATEMENTS} query.request", "orjson", pure=True),
    "query.statement": _room(f"{STATEMENTS} query.request query.plan", "orjson", pure=True),
    "query.write": _room(
        f"{STATEMENTS} query.request query.plan query.statement", "orjson", pure=True
    ),
    "query.openapi": _room(f"{STATEMENTS} query.request query.plan", "orjson", pure=True),
    "query.response": _room(f"{STATEMENTS} query", "orjson", pure=True),
    "access": _room("", pure=True),
    "access.language": _room(f"{STATEMENTS} query", pure=True),
    "access.enforcement": _room(f"{STATEMENTS} query access.language", pure=True),
    "access.analysis": _room(f"{STATEMENTS} query access.language access.enforcement", pure=True),
    "exporting": _room(f"{STATEMENTS} query access", pure=True),
    "client_types": _room(f"{STATEMENTS} query", pure=True),
    "realtime": _room("", pure=True),
    "realtime.messages": _room(f"{STATEMENTS} query", "orjson", pure=True),
    "realtime.matching": _room(f"{STATEMENTS} query access realtime.messages", "orjson", pure=True),
    "realtime.relational": _room(
        f"{STATEMENTS} query access realtime.messages realtime.matching", "orjson", pure=True
    ),
    "realtime.rooms": _room(
        f"{STATEMENTS} query access realtime.messages realtime.matching realtime.relational",
        "orjson",
        pure=True,
    ),
    # engines: the databases
    "engines": _room("", pure=True),
    "engines.base": _room(f"{WORDS} sql"),
    "engines.spool": _room(WORDS),
    "engines.engine_errors": _room(WORDS),
    "engines.calls": _room(f"{WORDS} sql engines.base engines.engine_errors engines.spool"),
    "engines.sqlite.database": _room(
        f"{WORDS} sql engines.engine_errors engines.calls", "apsw orjson"
    ),
    "engines.sqlite.read": _room(
        f"{WORDS} sql {ENGINES} engines.spool engines.sqlite.database",
        "apsw orjson",
    ),
    "engines.sqlite.write": _room(
        f"{WORDS} sql {ENGINES} engines.sqlite.database engines.sqlite.read",
        "apsw orjson",
    ),
    "engines.sqlite.log": _room(
        f"{WORDS} sql {ENGINES} engines.sqlite.database engines.sqlite.read engines.sqlite.write",
        "apsw orjson",
    ),
    "engines.sqlite": _room(
        f"{WORDS} sql {ENGINES} engines.spool engines.sqlite",
        "apsw orjson",
    ),
    "engines.loading": _room(f"{WORDS} sql engines.postgresql", "asyncpg"),
    "engines.postgresql.database": _room(f"{WORDS} sql {ENGINES}", "asyncpg orjson"),
    "engines.postgresql.read": _room(
        f"{WORDS} sql {ENGINES} engines.spool engines.postgresql.database", "asyncpg"
    ),
    "engines.postgresql.write": _room(
        f"{WORDS} sql {ENGINES} engines.postgresql.database engines.postgresql.read",
        "asyncpg orjson",
    ),
    "engines.postgresql.log": _room(
        f"{WORDS} sql {ENGINES} engines.postgresql.database engines.postgresql.read"
        " engines.postgresql.write",
        "asyncpg orjson",
    ),
    "engines.postgresql": _room(
        f"{WORDS} sql {ENGINES} engines.spool engines.postgresql", "asyncpg orjson"
    ),
    # the pages
    "timing": _room("values", pure=True),
    "pipeline": _room(f"{THINKING} engines.base timing", "orjson"),
    "calls": _room(f"{THINKING} tasks engines.base engines.calls pipeline timing"),
    "batches": _room(f"{THINKING} engines.base engines.calls pipeline calls timing"),
    "delivery": _room(f"{THINKING} engines.base", "orjson"),
    "feed": _room(f"{THINKING} engines.base delivery", "orjson"),
    # the edges
    "settings": _room("error_codes errors"),
    "functions.api": _room(
        f"{WORDS} schema expression query access tasks realtime background engines.base"
        f" engines.calls {PAGES}",
        "flask orjson werkzeug",
    ),
    "functions.hosting": _room(
        f"{WORDS} engines.base engines.calls functions.api", "a2wsgi flask werkzeug"
    ),
    "functions": _room(
        f"{WORDS} schema expression query access tasks realtime background engines.base"
        f" engines.calls {PAGES} functions",
        "a2wsgi flask orjson werkzeug",
    ),
    "http": _room("http.edge"),
    "http.edge": _room(f"{WORDS} sql auth engines.base settings studio", "starlette orjson"),
    "http.accounts": _room(f"{WORDS} sql auth engines.base http.edge settings", "orjson segno"),
    "http.live.sending": _room(f"{THINKING} feed delivery http.edge", "uvicorn websockets"),
    "http.live.channels": _room(
        f"{THINKING} feed engines.base http.edge http.live.sending", "orjson"
    ),
    "http.live.streams": _room(
        f"{THINKING} feed http.edge http.live.sending http.live.channels", "orjson"
    ),
    "http.live": _room(f"{THINKING} feed engines.base http.edge http.live settings", "orjson"),
    "http.server": _room(
        f"{THINKING} tasks {PAGES} engines.base engines.spool functions http.edge http.live"
        " settings",
        "httptools orjson uvicorn uvloop websockets",
    ),
    "studio": _room(""),
    "computing": _room(f"{THINKING} engines.base pipeline calls", "orjson"),
    "background": _room(f"{STATEMENTS} tasks auth engines.base realtime settings"),
    "project": _room(
        f"jotbase {THINKING} tasks {PAGES} timing engines background settings", "apsw dotenv orjson"
    ),
    "app": _room(f"{OUTSIDE} {PARTS}", "orjson"),
    "startup": _room(f"{OUTSIDE} {PARTS} app"),
    "commands": _room(
        f"{OUTSIDE} {PARTS} exporting app startup client_types jotbase", "orjson uvicorn uvloop"
    ),
    "cli": _room("errors commands jotbase"),
    "__main__": _room("cli"),
    "testing": _room(
        f"{STATEMENTS} tasks access auth engines http settings {PARTS} app startup jotbase",
        "asyncpg orjson pytest",
    ),
    "follow": _room("", "httpx"),  # of supabase-py, for which it is
    "examples": _room("functions testing jotbase", "flask pytest"),
    "jotbase": _room(WORDS),
}

#: What of the standard library a pure room may use. Everything else reaches the world, or might.
PURE_LIBRARY = _words(
    """
    __future__ abc ast base64 binascii bisect collections copy dataclasses datetime decimal difflib
    enum fractions functools graphlib hashlib heapq hmac html ipaddress itertools json keyword math
    numbers operator re string struct textwrap types typing unicodedata urllib.parse uuid zlib
    zoneinfo
    """
)

#: Calls that reach the world from modules which are otherwise pure.
IMPURE_CALLS = _words(
    """
    open print input exec eval compile breakpoint __import__
    datetime.now datetime.utcnow datetime.today date.today datetime.datetime.now
    datetime.datetime.utcnow datetime.datetime.today datetime.date.today
    uuid.uuid1 uuid.uuid4 uuid1 uuid4
    """
)

#: Modules which a room must not name although it may name the room they are in, and the other
#: way round, each with its reason: (module, imported module) -> reason. A stale one is a fault.
EXCEPTIONS: dict[tuple[str, str], str] = {
    (
        "jotbase.search.stemming",
        "importlib.import_module",
    ): "thirty stemmers, loaded at the first search",
}
