"""Background tasks of a running backend: revocations, pruning, full-text indexing, mail."""
