"""Starting a backend from a project's folder, and reloading it."""
