"""The one writer, its group commits, and calls of user code within it."""
