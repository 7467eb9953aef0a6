"""`jotbase token`: prints an access token for trying the API as a given user.

In charge of the claims that the command line describes. Must not know how tokens are signed.
"""

from __future__ import annotations

import argparse
import json
import time
import uuid

from jotbase.auth.tokens.tokens import sign
from jotbase.errors import Fault, ProjectError
from jotbase.project.keychain import read_keys, with_keys
from jotbase.startup.loading import load_settings, server_url
from jotbase.values import AUTHENTICATED


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--role", default=AUTHENTICATED, help="the role (default: authenticated)")
    parser.add_argument("--sub", metavar="ID", help="the user's id (default: a new one)")
    parser.add_argument("--email", default="", help="the user's address")
    parser.add_argument("--claims", metavar="JSON", default="{}", help="more claims, an object")
    parser.add_argument(
        "--expires", type=int, default=3600, metavar="SECONDS", help="(default: 3600)"
    )
    parser.add_argument("--json", action="store_true", help="print the token and its claims")


def run(options: argparse.Namespace) -> int:
    """Print a token."""
    project, settings = load_settings(options.project)
    ring = read_keys(with_keys(project, settings))
    now = int(time.time())
    claims = {
        "iss": f"{server_url(settings)}/auth/v1",
        "sub": options.sub or str(uuid.uuid4()),
        "aud": settings.jwt_aud or "authenticated",
        "exp": now + options.expires,
        "iat": now,
        "email": options.email,
        "role": options.role,
        **_more(options.claims),
    }
    token = sign(claims, ring)
    print(json.dumps({"token": token, "claims": claims}, indent=2) if options.json else token)
    return 0


def _more(text: str) -> dict[str, object]:
    try:
        claims = json.loads(text)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise ProjectError([Fault("--claims", "", "is not a JSON object", """'{"org": "a"}'""")])
    return claims
