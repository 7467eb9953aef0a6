"""From a project's folder to the parts of a backend."""
