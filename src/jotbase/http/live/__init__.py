"""Realtime over HTTP: the WebSocket endpoint, and what stands beside it at /realtime/v1."""
