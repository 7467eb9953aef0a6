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


WORDS = "errors values"
THINKING = f"{WORDS} sql schema auth query access realtime"
PAGES = "pipeline feed telling calls"
#: What the composition root is put together with.
ROOT = "trial rule_plans computing keychain data indexing mailing migration seeding upkeep"
OUTSIDE = f"{THINKING} {PAGES} engines.base engines functions http studio project settings"

#: orjson is a codec, bytes to values and back: it may stand wherever JSON does.
ROOMS: dict[str, Room] = {
    "errors": _room("", pure=True),
    "values": _room("errors", pure=True),
    "sql": _room("errors", pure=True),
    "schema": _room(f"{WORDS} sql", "jsonschema_rs orjson", pure=True),
    "auth": _room(f"{WORDS} sql schema", "argon2 cryptography orjson", pure=True),
    "query": _room(f"{WORDS} sql schema", "orjson", pure=True),
    "access": _room(f"{WORDS} sql schema query", pure=True),
    "realtime": _room(f"{WORDS} sql schema query access", "orjson", pure=True),
    "engines.base": _room(f"{WORDS} sql"),
    "engines": _room(f"{WORDS} sql engines.base", "apsw orjson"),
    "timing": _room("values", pure=True),
    "pipeline": _room(f"{THINKING} engines.base timing", "orjson"),
    "calls": _room(f"{THINKING} engines.base pipeline timing"),
    "computing": _room(f"{THINKING} engines.base pipeline calls", "orjson"),
    "telling": _room(f"{THINKING} engines.base"),
    "feed": _room(f"{THINKING} telling engines.base", "orjson"),
    "settings": _room("errors"),
    "project": _room("errors settings", "dotenv"),
    "functions": _room(f"{WORDS} schema query {PAGES}", "a2wsgi flask orjson werkzeug"),
    "http": _room(
        f"{THINKING} {PAGES} engines.base functions settings studio",
        "httptools orjson starlette uvicorn uvloop websockets",
    ),
    "studio": _room(""),
    "keychain": _room(f"{WORDS} auth project settings"),
    "rule_plans": _room(f"{WORDS} sql schema query access trial", "apsw"),
    "trial": _room(f"{WORDS} sql schema auth query engines", "apsw"),
    "data": _room(
        f"jotbase {THINKING} trial pipeline calls timing engines.base project settings", "orjson"
    ),
    "indexing": _room(f"{THINKING} engines.base"),
    "migration": _room(f"{THINKING} engines.base indexing", "orjson"),
    "mailing": _room("errors auth settings"),
    "upkeep": _room("errors auth engines.base settings"),
    "seeding": _room(f"{THINKING} migration pipeline engines.base project", "orjson"),
    "app": _room(f"{OUTSIDE} {ROOT}", "orjson"),
    "loading": _room(f"{OUTSIDE} {ROOT} app"),
    "reload": _room("errors app http"),
    "commands": _room(f"{OUTSIDE} {ROOT} app loading reload jotbase", "orjson uvicorn uvloop"),
    "cli": _room("errors commands jotbase"),
    "__main__": _room("cli"),
    "testing": _room(
        f"{WORDS} auth engines.base engines http settings project {ROOT} app loading jotbase",
        "orjson pytest",
    ),
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
        "jotbase.query.stemming",
        "importlib.import_module",
    ): "thirty stemmers, loaded at the first search",
}
