"""From a request's text to an intent, a plan and a fragment, and from a result to a response."""
