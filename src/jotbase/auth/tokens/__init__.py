"""Tokens, the keys that sign them, and API keys."""
