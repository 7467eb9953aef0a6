"""ASGI in and out, credentials, cross-origin rules, static files."""
