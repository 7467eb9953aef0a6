"""The repository as a whole: what its files must not name, and pages that promise completeness."""

import ast
import re
import tomllib
from collections.abc import Iterator

import pytest
from tests.house.layers import ROOMS
from tests.house.tree import ROOT, Source, files
from tools import codemap

#: Where a developer gets packages from is the developer's own matter. Written in two halves, since
#: this file is read as well.
HOSTS = [
    ".".join(halves)
    for halves in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb.debian", "org"),
        ("proxy.golang", "org"),
        ("crates", "io"),
    ]
]
#: Folders of one machine, not of the project.
PATHS = ["/" + folder + "/" for folder in ("work", "root", "tmp/lab", "opt/wheels", "Users")]
FORBIDDEN = re.compile("|".join(re.escape(text) for text in HOSTS + PATHS))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def host_faults(path: str, text: str) -> Iterator[str]:
    """Yield the lines of a file that name a package host or a machine's own folder."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := FORBIDDEN.search(line):
            yield f"{path}:{number}: {found.group()}"


def names(requirements: list[str]) -> set[str]:
    """Return the packages of a list of requirements, without their versions."""
    return {re.split(r"[<>=!~\[; ]", each)[0].lower() for each in requirements}


def test_no_file_names_a_package_host_or_a_machine() -> None:
    """What is in the repository holds on every machine, behind every mirror."""
    texts = ((path, (ROOT / path).read_bytes().decode("utf-8", "replace")) for path in files())

    assert [fault for path, text in texts for fault in host_faults(path, text)] == []


@pytest.mark.parametrize(
    "text", [f"see https://{HOSTS[0]}/project", f"cd {PATHS[0]}main", HOSTS[2]]
)
def test_a_package_host_or_machine_path_is_found(text: str) -> None:
    """The pattern knows what it is looking for, and where."""
    found = list(host_faults("docs/page.md", f"fine\n{text}\n"))

    assert [fault.rpartition(":")[0] for fault in found] == ["docs/page.md:2"]


@pytest.mark.parametrize("lock", ["package-lock.json", "bench/package-lock.json"])
def test_npm_locks_name_no_registry(lock: str) -> None:
    """A lock file holds versions and checksums, without `resolved` lines."""
    assert '"resolved"' not in (ROOT / lock).read_text(encoding="utf-8")


def test_the_locks_hold_what_the_project_asks_for() -> None:
    """Each dependency has an exact version, and tests run on the versions that ship."""
    run, dev = (
        set((ROOT / f"requirements{part}.lock").read_text(encoding="utf-8").splitlines()[1:])
        for part in ("", "-dev")
    )
    extra = names(PROJECT["optional-dependencies"]["dev"])

    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.]+", pin) for pin in run | dev)
    assert run <= dev
    assert names(PROJECT["dependencies"]) <= names(list(run))
    assert extra <= names(list(dev))


def test_every_dependency_has_its_reason() -> None:
    """docs/dependencies.md has one row for each dependency of pyproject.toml, and no other."""
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z0-9-]+)`", page, re.MULTILINE))
    extra = PROJECT["optional-dependencies"]["dev"]

    assert rows == names(PROJECT["dependencies"] + extra + ["hatchling"])


def test_the_code_map_shows_every_room() -> None:
    """CONTRIBUTING's map has a line for each room and wing of the layer table."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    map_ = page.partition("## The code map")[2].partition("\n### ")[0]
    shown = {name.replace("/", ".") for name in re.findall(r"`([\w/]+?)(?:\.py|/)?`", map_)}
    told_with_its_room = {"__main__", "jotbase", "engines.base"}
    told_with_its_room |= {"engines.sqlite", "engines.postgresql"}

    assert set(ROOMS) - told_with_its_room - shown == set()


def test_the_code_map_is_drawn_from_the_imports() -> None:
    """The picture in CONTRIBUTING is what `python tools/codemap.py` draws today."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert codemap.PICTURE.search(page) is not None
    assert codemap.redrawn(page) == page


def test_the_version_is_the_same_everywhere() -> None:
    """The package, its metadata and the changelog agree on the version."""
    package = Source("__init__", (ROOT / "src/jotbase/__init__.py").read_text(encoding="utf-8"))
    values = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in package.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert values["__version__"] == PROJECT["version"]
    assert f"## [{PROJECT['version']}]" in changelog or "## [Unreleased]" in changelog


def named_places(page: str) -> list[str]:
    """Return the paths in the table of «Where do I put …?», as written."""
    table = page.partition("### Where do I put")[2].partition("\n## ")[0]
    cells = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ")]
    return [path for cell in cells for path in re.findall(r"`([\w/]+(?:/|\.py|\.md))`", cell)]


def missing_places(places: list[str]) -> list[str]:
    """Return those that are no file and no folder of the package or of the repository."""
    roots = (ROOT / "src/jotbase", ROOT, ROOT / "src/jotbase/engines")
    return [path for path in places if not any((root / path).exists() for root in roots)]


def test_each_place_of_the_contributing_table_exists() -> None:
    """A file that has moved or gone is a fault of the page, and so is a bare file name."""
    places = named_places((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))

    assert len(places) > 50
    assert missing_places(places) == []
    assert missing_places(["query/plan/nowhere.py", "render.py"]) == [
        "query/plan/nowhere.py",
        "render.py",
    ]
