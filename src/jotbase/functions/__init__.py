"""The project's own Python: Flask views, and functions that clients call.

`caller()` says who asks and `data()` acts as them; docs/functions.md shows the rest.
"""

from jotbase.functions.api.annotations import Row
from jotbase.functions.api.background import Change, after, cron, every, task, webhook
from jotbase.functions.api.context import DataClient, DataError, broadcast, caller, data, now
from jotbase.functions.api.row_hooks import before
from jotbase.functions.api.rpc import Refusal, computed, respond, rpc
from jotbase.functions.api.views import accepts, requires, unverified
from jotbase.functions.hooks import hook
from jotbase.functions.request_log import request_id

__all__ = [
    "Change",
    "DataClient",
    "DataError",
    "Refusal",
    "Row",
    "accepts",
    "after",
    "before",
    "broadcast",
    "caller",
    "computed",
    "cron",
    "data",
    "every",
    "hook",
    "now",
    "request_id",
    "requires",
    "respond",
    "rpc",
    "task",
    "unverified",
    "webhook",
]
