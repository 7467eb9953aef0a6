"""Full-text search: words, their stems, and what a search query matches."""
