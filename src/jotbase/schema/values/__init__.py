"""Values between text, JSON and storage: ranges, times, nesting, patterns."""
