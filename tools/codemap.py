"""Draw the code map in CONTRIBUTING.md from the imports of src/jotbase.

In charge of reading imports and of laying rooms out in lines, each importing only lines below it.
Must not know what a room is for. A house test holds the picture that it draws.

Usage: python tools/codemap.py
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "jotbase"
PAGE = ROOT / "CONTRIBUTING.md"
PICTURE = re.compile(r"(<!-- code map -->\n```text\n).*?(```\n)", re.DOTALL)
#: Rooms that hold files for others and import nothing of the package in turn.
LEFT_OUT = {"examples", "studio", "__init__", "__main__"}

Graph = Mapping[str, set[str]]


def modules() -> Iterator[tuple[str, Path]]:
    """Yield each module's dotted name below the package, and its file."""
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] not in LEFT_OUT:
            yield ".".join(parts).removesuffix(".__init__"), file


def imported(file: Path) -> Iterator[str]:
    """Yield what a file imports of the package, dotted, without the package's own name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jotbase."):
            module = str(node.module).removeprefix("jotbase.")
            yield from (f"{module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Import):
            yield from (
                one.name.removeprefix("jotbase.")
                for one in node.names
                if one.name.startswith("jotbase.")
            )


def room(name: str) -> str:
    """Return a module's room: its folder below the package, or itself at the root."""
    return name.partition(".")[0]


def wing(name: str) -> str:
    """Return a module's wing: the deepest folder that it stands in."""
    parts = name.split(".")
    while parts and not PACKAGE.joinpath(*parts).is_dir():
        parts.pop()
    return ".".join(parts) or room(name)


def graph() -> Graph:
    """Return which wing imports which."""
    found: dict[str, set[str]] = {}
    for name, file in modules():
        own = found.setdefault(wing(name), set())
        own |= {wing(other) for other in imported(file)} - {wing(name)}
    return {name: {other for other in others if other in found} for name, others in found.items()}


def by_room(wings: Graph) -> Graph:
    """Return which room imports which."""
    found: dict[str, set[str]] = {}
    for name, others in wings.items():
        own = found.setdefault(room(name), set())
        own |= {room(other) for other in others} - {room(name)}
    return found


def levels(rooms: Graph) -> list[list[str]]:
    """Return the rooms in lines, highest first, so that each imports only lines below its own."""
    depth: dict[str, int] = {}
    for name in TopologicalSorter(rooms).static_order():
        depth[name] = 1 + max((depth[other] for other in rooms[name]), default=-1)
    lines: dict[int, list[str]] = {}
    for name, level in depth.items():
        lines.setdefault(level, []).append(name)
    return [sorted(lines[level]) for level in sorted(lines, reverse=True)]


def wings_of(folder: str, wings: Graph) -> list[str]:
    """Return a folder's wings in an order in which each imports only earlier ones.

    What is inside a wing counts as the wing, and has a line of its own (`folders`).
    """
    inner: dict[str, set[str]] = {}
    for one, others in wings.items():
        if one.startswith(f"{folder}."):
            own = inner.setdefault(_child(folder, one), set())
            own |= {_child(folder, other) for other in others if other.startswith(f"{folder}.")}
    order = _stable_order({one: others - {one} for one, others in inner.items()})
    return order if len(order) > 1 else []


def folders(name: str, wings: Graph) -> list[str]:
    """Return a room and those of its wings that are divided in turn."""
    parents = {one.rpartition(".")[0] for one in wings if one.startswith(f"{name}.")}
    return sorted(parents | {name})


def _child(folder: str, name: str) -> str:
    return name.removeprefix(f"{folder}.").partition(".")[0]


def _stable_order(inner: Graph) -> list[str]:
    """Return a topological order that does not depend on the order of sets."""
    sorter = TopologicalSorter({name: sorted(inner[name]) for name in sorted(inner)})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return order


def picture() -> str:
    """Return the code map as text."""
    wings = graph()
    lines = levels(by_room(wings))
    width = max(len("  ".join(line)) for line in lines)
    drawn = []
    for line in lines:
        drawn.append("  ".join(line).center(width).rstrip() + "\n")
        drawn.append("v".center(width).rstrip() + "\n")
    drawn.pop()
    inside = [one for line in lines for name in line for one in folders(name, wings)]
    told = [(one.replace(".", "/") + ":", wings_of(one, wings)) for one in inside]
    told = [(name, parts) for name, parts in told if parts]
    column = max(len(name) for name, _ in told)
    return (
        "".join(drawn)
        + "\nInside a room, a wing imports only wings to its left:\n\n"
        + "".join(f"{name:<{column}} {' < '.join(parts)}\n" for name, parts in told)
    )


def redrawn(page: str) -> str:
    """Return a page with the picture of today in the place of the one that it holds."""
    return PICTURE.sub(lambda match: match[1] + picture() + match[2], page)


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
