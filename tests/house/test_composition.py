"""The composition root builds parts and nothing else: it answers no request, runs no statement."""

import ast
from collections.abc import Iterator

from tests.house.tree import Source, dotted, sources

ROOT_MODULE = "src/jotbase/app.py"

#: What the root may do with the engine itself; all else is asked by the room that needs it.
ENGINE_LIFE = {"open", "close", "unavailable_reason", "dialect"}
#: Types of what passes while a request is answered or a statement is run.
PASSING = {"Request", "Response", "Scope", "Receive", "Send", "Message", "Principal", "Rows"}


def composition_faults(source: Source) -> Iterator[str]:
    """Yield where a module does a part's work in place of handing parts to each other."""
    for node in ast.walk(source.tree):
        where = f"{source.path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Attribute):
            owner = dotted(node.value).rpartition(".")[2]
            if owner == "engine" and node.attr not in ENGINE_LIFE:
                yield f"{where}: asks the engine for {node.attr}"
        if isinstance(node, ast.Name) and node.id in PASSING:
            yield f"{where}: handles a {node.id}"


def test_the_composition_root_builds_and_does_no_work() -> None:
    """`app.py` names no request, response, caller or rows, and asks nothing of the database."""
    root = next(source for source in sources("src") if source.path == ROOT_MODULE)

    assert list(composition_faults(root)) == []


def test_work_in_the_composition_root_is_found() -> None:
    """A method that answers and one that runs a statement are both told, with their lines."""
    text = (
        "class Backend:\n"
        "    async def records(self, request: Request): ...\n"
        "    async def count(self):\n"
        "        return await self.engine.read('SELECT 1', ())\n"
        "    async def stop(self):\n"
        "        await self.engine.close()\n"
    )

    assert sorted(composition_faults(Source("app.py", text))) == [
        "app.py:2: handles a Request",
        "app.py:4: asks the engine for read",
    ]
