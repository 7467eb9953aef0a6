"""Accounts: sign-up, sign-in, passwords, and how they are stored."""
