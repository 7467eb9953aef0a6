"""Sockets and headers: the ASGI edge, its routes, and what each protocol does at the door."""
