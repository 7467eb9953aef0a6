"""The change log: followed, announced by LISTEN, pruned."""
