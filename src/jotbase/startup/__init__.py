"""From a folder to a running backend, at start and on reload."""
