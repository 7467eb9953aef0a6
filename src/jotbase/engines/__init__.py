"""The databases: each engine runs fragments, keeps one writer, and gives the ordered changes."""
