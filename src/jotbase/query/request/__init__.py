"""A request's text read into an intent: nothing here knows a table."""
