"""JSON Schema files read into one immutable model, and what follows from it for rows and tables."""
