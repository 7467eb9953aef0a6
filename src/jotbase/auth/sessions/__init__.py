"""Sessions, their refresh tokens and their users."""
