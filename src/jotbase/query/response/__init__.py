"""Results as responses, batches, and what is remembered of questions."""
