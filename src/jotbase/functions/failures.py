"""What is told of code in functions/ that fails to load: file, line, reason, and what to do.

In charge of finding the place in the project's own files. Must not load code.
"""

from __future__ import annotations

import traceback
from pathlib import Path

from jotbase.errors import CodeFailed, Fault, describe_exception


def failure_to_load(folder: Path, error: Exception) -> Fault:
    """Return the mistake for an exception that loading the code of a folder raised."""
    said = str(error) if isinstance(error, CodeFailed) else describe_exception(error)
    cause = error.__cause__ if isinstance(error, CodeFailed) and error.__cause__ else error
    file, line, source = _place(folder, cause)
    if isinstance(cause, SyntaxError):
        said = f"{type(cause).__name__}: {cause.msg}"
    shown = f" (line {line})" if line else ""
    return Fault(file, "", f"the code failed to load: {said}{shown}", _hint(cause, line, source))


def _place(folder: Path, error: BaseException) -> tuple[str, int | None, str]:
    """Return file, line and its text: the innermost of the project's own frames."""
    if isinstance(error, SyntaxError) and error.filename and _within(folder, error.filename):
        return _shown(folder, error.filename), error.lineno, (error.text or "").strip()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _within(folder, frame.filename):
            return _shown(folder, frame.filename), frame.lineno, (frame.line or "").strip()
    return f"{folder.name}/__init__.py", None, ""


def _within(folder: Path, name: str) -> bool:
    return Path(name).is_relative_to(folder)


def _shown(folder: Path, name: str) -> str:
    return Path(name).relative_to(folder.parent).as_posix()


def _hint(error: BaseException, line: int | None, source: str) -> str:
    at = f"line {line}: {source}" if line and source else "see the code"
    match error:
        case ModuleNotFoundError(name=str(name)):
            return (
                f"{at} -- install {name.partition('.')[0]!r} where jotbase is installed; a module"
                f" beside functions/__init__.py is imported with a dot: from . import {name}"
            )
        case ImportError():
            return f"{at} -- no such name is there; look at its spelling"
        case SyntaxError():
            return f"{at} -- Python cannot read this"
        case Exception():
            return f"{at} -- code outside functions runs once at start, and must not fail there"
    return f"{at} -- code that loads must not end the process"
