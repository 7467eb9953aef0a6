"""The project's own Flask code: inside a view, `caller()` says who asks, `data()` acts as them."""

from jotbase.functions.context import DataClient, DataError, caller, data

__all__ = ["DataClient", "DataError", "caller", "data"]
