"""A server under writers, subscribers and accidents, drawn from one seed; then all is compared."""
