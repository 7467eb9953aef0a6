# ruff: noqa: TID252 - a project's package is dropped in under another name
"""The functions of PostgREST's test fixture, in Python: a folder for the suite's project.

In charge of bringing the modules together, each a theme: a project's functions are whatever its
package imports. Must not know what a case asks.
"""

from . import (
    answers,
    bodies,
    computed,
    overloads,
    refusals,
    results,
    scalars,
    tables,
    tokens,
    varied,
    writes,
)

__all__ = [
    "answers",
    "bodies",
    "computed",
    "overloads",
    "refusals",
    "results",
    "scalars",
    "tables",
    "tokens",
    "varied",
    "writes",
]
