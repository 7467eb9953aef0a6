"""`jotbase keys`: shows or generates the keys of clients and servers.

In charge of printing them. Must not know how keys are derived.
"""

from __future__ import annotations

import argparse
import json

from jotbase.project.folder import keep_in_dotenv, where_served
from jotbase.project.keychain import fresh_keys, read_keys, shown_keys, with_keys
from jotbase.startup.loading import load_settings, server_url

_MEANINGS = {
    "url": "where the project is served",
    "publishable_key": "for pages and apps: what everybody may do",
    "secret_key": "for your servers: passes all rules; keep it secret",
    "anon_key": "the publishable key in its older form, a token",
    "service_role_key": "the secret key in its older form; keep it secret",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--generate", action="store_true", help="print fresh settings for production; keeps nothing"
    )
    parser.add_argument(
        "--rotate", action="store_true", help="make new keys; all tokens and keys end at next start"
    )


def run(options: argparse.Namespace) -> int:
    """Print the keys, or generate new ones."""
    if options.generate:
        print("\n".join(f"{name}='{value}'" for name, value in fresh_keys().items()))
        return 0
    project, settings = load_settings(options.project)
    if options.rotate:
        keep_in_dotenv(project, fresh_keys())
        project, settings = load_settings(options.project)
    ring = read_keys(with_keys(project, settings))
    public = settings.api_url or settings.site_url
    url = public or where_served(project.database(settings.database_url))
    shown = shown_keys(ring, url or server_url(settings))
    if options.json:
        print(json.dumps(shown, indent=2))
        return 0
    for name, value in shown.items():
        print(f"{name}  ({_MEANINGS[name]})\n  {value}")
    return 0
