"""Background work as data: what is due, who runs it, when it runs again."""
