"""Pages that tell of a project's code are run in backends like those of tests/api."""

from tests.api.conftest import _serve, serve

__all__ = ["_serve", "serve"]
