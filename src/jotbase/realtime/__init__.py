"""Realtime: what a connection says and hears, who follows what, and who is told of a change."""
