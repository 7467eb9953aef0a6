"""Reads: on the event loop while cheap, in lanes of threads when not."""
