"""A project's keys: read from its settings; in development generated and stored on first use.

In charge of when keys are generated and where they are stored. Must not know what they sign.
"""

from __future__ import annotations

import os
from dataclasses import replace

from jotbase.auth.tokens.apikeys import legacy_key, opaque_key
from jotbase.auth.tokens.keys import KEY_RANDOMNESS, SHORTEST_SECRET, KeyRing, new_ring, read_ring
from jotbase.project.folder import Project, keep_if_missing
from jotbase.settings import Settings, variable
from jotbase.values import ANON, SERVICE


def fresh_keys() -> dict[str, str]:
    """Generate a secret and a signing key; return them by their variables."""
    secret, keys = new_ring(os.urandom(SHORTEST_SECRET + KEY_RANDOMNESS))
    return {variable("jwt_secret"): secret, variable("jwt_keys"): keys}


def with_keys(project: Project, settings: Settings) -> Settings:
    """Return the settings with both keys; missing ones are generated and stored in `.env`."""
    names = [variable(n) for n in ("jwt_secret", "jwt_keys") if getattr(settings, n) is None]
    if not names:
        return settings
    kept = keep_if_missing(project, names, fresh_keys)
    return replace(
        settings,
        jwt_secret=settings.jwt_secret or kept[variable("jwt_secret")],
        jwt_keys=settings.jwt_keys or kept[variable("jwt_keys")],
    )


def read_keys(settings: Settings) -> KeyRing:
    """Return the ring of settings that have both keys. Raises SettingError."""
    return read_ring(settings.jwt_secret or "", settings.jwt_keys)


#: When the keys in the form of a token are said to be issued: fixed, so that the same secret always
#: gives the same keys (2026-01-01; they end in 2036).
ISSUED_AT = 1_767_225_600


def shown_keys(ring: KeyRing, url: str) -> dict[str, str]:
    """Return what clients and servers are given, as `jotbase keys --json` prints it."""
    return {
        "url": url,
        "publishable_key": opaque_key(ANON, ring),
        "secret_key": opaque_key(SERVICE, ring),
        "anon_key": legacy_key(ANON, ring, ISSUED_AT),
        "service_role_key": legacy_key(SERVICE, ring, ISSUED_AT),
    }
