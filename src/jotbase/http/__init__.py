"""Sockets and headers: the ASGI edge, its routes, and what each protocol does at the door."""

from jotbase.http.edge.uvicorn_package import defer_package

# Before any module of this room loads what it needs of uvicorn.
defer_package()
