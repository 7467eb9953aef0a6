"""Writes as units of work: payload rows, statements, checks, results."""
