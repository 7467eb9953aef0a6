"""The repository's Python files, parsed once, for the tests of this ring.

In charge of finding files and of reading what they import, define and call. Must not know a rule.
"""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: What `git` leaves out, for a copy of the tree which is not a repository.
LEFT_OUT = {
    ".git",
    ".venv",
    "build",
    "dist",
    "node_modules",
    "__pycache__",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
}

type_of_function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path from the root, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The file's syntax tree."""
        return parse(self.text)

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return len(self.text.splitlines())

    @property
    def module(self) -> str:
        """The name it is imported by; an __init__ has the name of its package."""
        parts = self.path.removeprefix("src/").removesuffix(".py").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `target` is `a.b` for `import a.b`, `a.b.c` for `from a.b import c`."""

    target: str
    line: int
    inside_function: bool


@cache
def parse(text: str) -> ast.Module:
    """Return the syntax tree of a text; the same text is parsed once."""
    return ast.parse(text)


@cache
def sources(folder: str) -> tuple[Source, ...]:
    """Return the Python files below a folder of the repository, in order of their paths."""
    return tuple(
        Source(path, (ROOT / path).read_text(encoding="utf-8"))
        for path in files()
        if path.startswith(f"{folder}/") and path.endswith(".py")
    )


@cache
def files() -> tuple[str, ...]:
    """Return the path of every file that belongs to the repository, tracked or about to be."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        found = {path for path in listed.stdout.split("\0") if path}
    else:
        found = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")}
    kept = (path for path in found if not LEFT_OUT & set(Path(path).parts))
    return tuple(sorted(path for path in kept if (ROOT / path).is_file()))


def functions(tree: ast.AST) -> Iterator[type_of_function]:
    """Yield every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, type_of_function))


def length(node: type_of_function | ast.ClassDef) -> int:
    """Return the lines from `def` to the last one; decorators do not count."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def imports(tree: ast.Module) -> Iterator[Import]:
    """Yield what the file imports, at its head or inside a function."""
    within = {id(inner) for function in functions(tree) for inner in ast.walk(function)}
    for node in ast.walk(tree):
        for target in _targets(node):
            yield Import(target, getattr(node, "lineno", 0), id(node) in within)


def _targets(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [name.name for name in node.names]
        case ast.ImportFrom():
            return [f"{node.module}.{name.name}" for name in node.names]
        case _:
            return []


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the dotted name and line of each call of a plain name: `asyncio.sleep`, `open`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node.lineno


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for an attribute of a name; empty for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""
