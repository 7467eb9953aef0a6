"""Errors that every engine has: it is closing, or the process lacks a resource.

In charge of these alone; what a database refuses is its engine's business.
"""

from __future__ import annotations

import logging

from jotbase.errors import EXHAUSTED, JotError, resource_error

log = logging.getLogger(__name__)


def closed() -> JotError:
    """Return the error of an engine that is closed or closing (57P01)."""
    return JotError("57P01", "the database is closing", status=503, hint="Try again.")


def out_of_resources(what: str) -> JotError:
    """Return the error of an exhausted resource of the process, such as threads (53000)."""
    log.error(EXHAUSTED, what)
    return resource_error(what)
