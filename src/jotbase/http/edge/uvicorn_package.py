"""uvicorn's server without its command line.

In charge of what is loaded of uvicorn: its package loads click and the supervisors of worker
processes too, 17 ms and 2 MB that `jotbase serve` has no use for. Must not know what is served.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

PACKAGE = "uvicorn"
#: What the package's own modules ask it for, and the module that has it.
OWN = {"Config": "uvicorn.config", "Server": "uvicorn.server"}


def defer_package() -> None:
    """Make the package's modules loadable; the package itself runs when something is asked of it.

    Its modules are found by its `__path__`, which the spec has; its names by PEP 562.
    """
    spec = find_spec(PACKAGE)
    if PACKAGE in sys.modules or spec is None or spec.loader is None:
        return
    package, loader = module_from_spec(spec), spec.loader

    def offered(name: str) -> Any:
        if name in OWN:
            return getattr(importlib.import_module(OWN[name]), name)
        if name.startswith("__") and name not in ("__all__", "__version__"):
            raise AttributeError(name)
        _run(package, loader)
        return getattr(package, name)

    package.__dict__["__getattr__"] = offered
    sys.modules[PACKAGE] = package


def _run(package: ModuleType, loader: Any) -> None:
    package.__dict__.pop("__getattr__", None)
    loader.exec_module(package)
