"""Types for clients: what the project's rows and functions are in TypeScript and in Python."""
