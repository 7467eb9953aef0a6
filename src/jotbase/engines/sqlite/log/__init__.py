"""The change log, followed and pruned."""
