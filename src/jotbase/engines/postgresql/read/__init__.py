"""Reads: each on a connection of its own, on the primary or on a replica."""
