"""Content negotiation: `Accept` to the response's media type, `Content-Type` to the body's.

In charge of the names of media types. Must not know how a response is rendered.
Source: https://docs.postgrest.org/en/stable/references/api/resource_representation.html
"""

from __future__ import annotations

from typing import Literal

from jotbase.errors import RequestError
from jotbase.query.request.intent import Media

Content = Literal["json", "csv", "form", "text", "bytes", "xml"]

_CONTENT: dict[str, Content] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/x-www-form-urlencoded": "form",
    "text/plain": "text",
    "application/octet-stream": "bytes",
    "text/xml": "xml",
}
#: The name of each form of body.
MIME: dict[Content, str] = {form: name for name, form in _CONTENT.items()}
_VENDOR = "application/vnd.pgrst."
_PLAN_OPTIONS = ("analyze", "verbose", "settings", "buffers", "wal")
_JSON = Media()


def parse_accept(header: str, root: bool = False) -> Media:
    """Return the first supported media type of an Accept header, by quality, then by position.

    JSON without a header. `root` says that the resource is the OpenAPI document. Raises
    RequestError PGRST107.
    """
    if header in {"", "*/*", "application/json"}:
        return Media("openapi") if root else _JSON
    for entry in _by_quality(header):
        media = _media(entry, root)
        if media is not None:
            return media
    names = (_without_parameters(entry) for entry in _by_quality(header))
    raise unavailable(", ".join(names))


def unavailable(names: str) -> RequestError:
    """Return the error for an Accept header without a supported media type."""
    return RequestError("PGRST107", f"None of these media types are available: {names}")


def unaccepted_body(name: str) -> RequestError:
    """Return the error for an unsupported Content-Type."""
    return RequestError("PGRST102", f"Content-Type not acceptable: {name}")


def _without_parameters(entry: str) -> str:
    return entry.split(";", 1)[0].strip()


def _by_quality(header: str) -> list[str]:
    """Split at commas outside quotes; sort by quality, highest first (RFC 9110 section 12.5.1)."""
    entries: list[str] = []
    start = 0
    in_quotes = False
    for position, character in enumerate(header):
        if character == '"':
            in_quotes = not in_quotes
        elif character == "," and not in_quotes:
            entries.append(header[start:position].strip())
            start = position + 1
    entries.append(header[start:].strip())
    ranked = [(_quality(entry), entry) for entry in entries if entry]
    return [entry for quality, entry in sorted(ranked, key=lambda pair: -pair[0]) if quality > 0]


def _quality(entry: str) -> float:
    for part in entry.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value.strip())
            except ValueError:
                return 0.0
    return 1.0


def _media(entry: str, root: bool) -> Media | None:
    name, *parts = (part.strip() for part in entry.split(";"))
    name = name.lower()
    if name in ("application/openapi+json", "application/vnd.oai.openapi+json"):
        return Media("openapi") if root else None
    if name in ("application/json", "*/*", "application/*"):
        return Media("openapi") if root else _JSON
    if root:
        return None
    if name in ("text/csv", "text/*"):
        return Media("csv")
    if not name.startswith(_VENDOR):
        return None
    stripped = "nulls=stripped" in parts
    match name.removeprefix(_VENDOR):
        case "object" | "object+json":
            return Media("object", stripped)
        case "array" | "array+json":
            return Media("array", True) if stripped else _JSON
        case "plan" | "plan+text":
            return _plan(parts, text=True)
        case "plan+json":
            return _plan(parts, text=False)
    return None


def _plan(parts: list[str], text: bool) -> Media | None:
    """Return the media type of a query plan, None if it is for an unsupported media type."""
    plan_of: str | None = "application/json"
    options: tuple[str, ...] = ()
    for part in parts:
        name, _, value = part.partition("=")
        if name.strip() == "for":
            plan_of = _planned_form(value.strip().strip('"'))
        elif name.strip() == "options":
            chosen = {option.strip() for option in value.split("|")}
            options = tuple(option for option in _PLAN_OPTIONS if option in chosen)
    if plan_of is None:
        return None
    return Media("plan", plan_text=text, plan_of=plan_of, plan_options=options)


def _planned_form(name: str) -> str | None:
    """Return the media type whose plan is requested, None if unsupported."""
    media = None if name.startswith(f"{_VENDOR}plan") else _media(name, root=False)
    return None if media is None else content_type(media).removesuffix("; charset=utf-8")


def parse_content_type(header: str) -> Content:
    """Return the body's format; JSON without a header. Raises RequestError PGRST102."""
    if not header or header == "application/json":
        return "json"
    name = header.split(";", 1)[0].strip().lower()
    if name in _CONTENT:
        return _CONTENT[name]
    if name.endswith("+json"):
        return "json"
    raise unaccepted_body(name)


def content_type(media: Media) -> str:
    """Return the Content-Type of a response with that media type."""
    stripped = ";nulls=stripped" if media.stripped else ""
    match media.kind:
        case "object":
            return f"application/vnd.pgrst.object+json{stripped}; charset=utf-8"
        case "array":
            return f"application/vnd.pgrst.array+json{stripped}; charset=utf-8"
        case "csv":
            return "text/csv; charset=utf-8"
        case "openapi":
            return "application/openapi+json; charset=utf-8"
        case "plan":
            form = "text" if media.plan_text else "json"
            options = "|".join(media.plan_options)
            tail = f"; options={options}" if options else ""
            return f'application/vnd.pgrst.plan+{form}; for="{media.plan_of}"{tail}; charset=utf-8'
    return "application/json; charset=utf-8"
