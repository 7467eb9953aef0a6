"""The reference says what the code says, and no link of the documentation leads nowhere."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from jotbase.auth.sessions.sessions import TRANSITIONS
from jotbase.cli import COMMANDS
from jotbase.error_codes import ACCOUNT_CODES, CHANNEL_CODES
from jotbase.settings import settings_help

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "src/jotbase/examples"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *EXAMPLES.glob("*/*.md")],
)
SETTINGS = {name for name, _, _ in settings_help()}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def maker() -> ModuleType:
    """Return the tool that makes the pages."""
    specification = importlib.util.spec_from_file_location("reference", ROOT / "tools/reference.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["settings.md", "commands.md", "errors.md", "operators.md", "advice.md"]
)
def test_a_page_is_what_the_code_says(name: str) -> None:
    """`make docs` makes each of these pages; the one committed is the same."""
    assert (ROOT / "docs/reference" / name).read_text() == maker().pages()[name]


def raised(kind: str) -> set[str]:
    """Return the codes with which the code makes errors of a kind, or puts into its tables."""
    found: set[str] = set()
    for path in (ROOT / "src/jotbase").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == kind:
                place = 1 if kind == "AuthError" else 0
                found |= texts(node.args[place])
    return found


def texts(node: ast.expr) -> set[str]:
    """Return the texts that an expression may stand for."""
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value
    }


def test_every_code_of_accounts_and_channels_is_explained() -> None:
    """What can be refused stands in the tables that the page is made of, and nothing else."""
    given = {rule.code for rule in TRANSITIONS.values() if rule.code}

    assert raised("AuthError") | given == set(ACCOUNT_CODES)
    assert raised("ChannelError") == set(CHANNEL_CODES)


def prose(document: Path) -> str:
    """Return a document without its blocks of code."""
    return re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return what a link may name after `#`: the headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in headings}


def place(path: Path) -> str:
    """Return the name of a document in a test's name."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=place)
def test_links_lead_somewhere(document: Path) -> None:
    """A link names a file that is there, and a heading that this file has."""
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if "://" not in link and not (
            target.exists() and (not anchor or anchor in anchors(target))
        ):
            lost.append(link)

    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=place)
def test_what_a_page_tells_to_run_or_set_is_there(document: Path) -> None:
    """Commands, targets of make and settings that a page names are the code's."""
    text = document.read_text()
    told = re.findall(r"(?:^|[`(] ?)(jotbase|make) ([a-z]+)", text, re.MULTILINE)
    known = {"jotbase": set(COMMANDS), "make": TARGETS}
    settings = set(re.findall(r"\bJOTBASE_[A-Z_]*[A-Z]", text))

    assert [(tool, name) for tool, name in told if name not in known[tool]] == []
    assert settings - SETTINGS == set()
