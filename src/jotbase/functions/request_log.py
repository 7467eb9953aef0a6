"""The request that code runs for, in the records of its log.

In charge of the attribute `request_id` of log records. Must not know where logs go.
"""

from __future__ import annotations

import logging
from typing import Any

from jotbase.engines.base import REQUEST_ID

_original = logging.getLogRecordFactory()


def _record(*given: Any, **named: Any) -> logging.LogRecord:
    made = _original(*given, **named)
    named_by = request_id()
    told = {"request_id": named_by, "in_request": f" [{named_by}]" if named_by else ""}
    made.__dict__.update(told)
    return made


def name_requests() -> None:
    """Have all records tell their request from now on, "" outside of requests."""
    global _original  # noqa: PLW0603 - logging has one factory, as its documentation says
    if (current := logging.getLogRecordFactory()) is not _record:
        _original = current
        logging.setLogRecordFactory(_record)


def request_id() -> str:
    """Return the id of the request that is being answered, "" outside of one."""
    return str(REQUEST_ID.get())
