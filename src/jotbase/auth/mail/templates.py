"""A project's own texts of mails: files of `mails/`, one for each kind of mail and language.

In charge of reading their texts and of filling them in. A text is filled in one pass over its
placeholders: what is put in is never read as a template itself, and is escaped in HTML. Must not
know files' folders, nor how a mail is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, get_args

from jotbase.auth.mail.messages import Mail, PendingMail, Purpose, mail_values
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.errors import Fault

#: What `{{ name }}` may name.
PLACEHOLDERS = ("site", "email", "link", "code", "duration")

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_FILE = re.compile(
    r"(?:(?P<language>[a-z]{2,3}(?:-[a-z0-9]{2,8})*)/)?(?P<kind>[a-z_]+)\.(txt|html)"
)
_SUBJECT = "Subject:"


@dataclass(frozen=True, slots=True)
class Template:
    """The texts of one kind of mail in one language; `html` may be empty."""

    subject: str
    text: str
    html: str = ""


#: Templates by language ("" is any) and kind.
Templates = Mapping[tuple[str, str], Template]


def read_templates(files: Mapping[str, str]) -> tuple[Templates, list[Fault]]:
    """Return the templates in files, by their path below `mails/`, and what is wrong with them."""
    faults: list[Fault] = []
    found: dict[tuple[str, str], Template] = {}
    for path, text in files.items():
        name = _FILE.fullmatch(path.lower())
        if name is None or name["kind"] not in get_args(Purpose):
            hint = f"<kind>.txt or <language>/<kind>.txt; kinds: {', '.join(get_args(Purpose))}"
            faults.append(Fault(f"mails/{path}", "", "is no kind of mail", hint))
            continue
        faults += _unknown(path, text)
        if path.endswith(".txt"):
            subject, _, body = text.partition("\n")
            if not subject.startswith(_SUBJECT) or not body.strip():
                reason = "does not begin with a line `Subject: …`, and a text below it"
                faults.append(Fault(f"mails/{path}", "", reason))
            html = files.get(path.removesuffix(".txt") + ".html", "")
            key = (name["language"] or "", name["kind"])
            subject = subject.removeprefix(_SUBJECT).strip()
            found[key] = Template(subject, body.strip() + "\n", html)
        elif path.removesuffix(".html") + ".txt" not in files:
            faults.append(Fault(f"mails/{path}", "", "has no text beside it, with the subject"))
    return found, faults


def _unknown(path: str, text: str) -> list[Fault]:
    names = [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
    hint = f"there are: {', '.join(PLACEHOLDERS)}"
    return [Fault(f"mails/{path}", "", f"names no value: {{{{ {one} }}}}", hint) for one in names]


def own_mail(
    mail: PendingMail, templates: Templates, policy: AuthPolicy, redirect: str
) -> Mail | None:
    """Return the mail in the project's words and the user's language, None where it has none."""
    template = _chosen(templates, mail.language.lower().replace("_", "-"), mail.purpose)
    if template is None:
        return None
    values = mail_values(mail, policy, redirect)
    html = {name: escape(value) for name, value in values.items()}
    return Mail(
        mail.to,
        " ".join(_filled(template.subject, values).split()),
        _filled(template.text, values),
        mail.code,
        values["link"],
        _filled(template.html, html),
    )


def _chosen(templates: Templates, language: str, kind: str) -> Template | None:
    for one in (language, language.partition("-")[0], ""):
        if found := templates.get((one, kind)):
            return found
    return None


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def language_of(*metadata: Mapping[str, Any]) -> str:
    """Return the language that the first metadata with one names (`locale` or `lang`), else ""."""
    for one in metadata:
        for name in ("locale", "lang"):
            if isinstance(value := one.get(name), str) and value:
                return value[:20]
    return ""
