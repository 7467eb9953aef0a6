"""Hooks: functions of the project that are told of a table's writes.

In charge of these types. Must not know how a hook is declared, nor run one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from jotbase.records import dataclass

Action = Literal["insert", "update", "delete"]
ACTIONS: tuple[Action, ...] = ("insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class BeforeHook:
    """A function that is asked before rows of a table are written.

    `run` takes the row or the change, and for a change the stored rows; it returns what is to be
    written instead, or None for what it was given, as it has left it.
    """

    action: Action
    table: str
    name: str
    run: Callable[..., Any]


#: The hooks of each table, in the order in which they are declared.
BeforeHooks = Mapping[str, Sequence[BeforeHook]]
