"""The project's Flask app and its background work in bounded pools of threads."""
