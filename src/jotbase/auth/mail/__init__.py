"""Proofs by mail: one-time tokens, links, PKCE, e-mail changes."""
