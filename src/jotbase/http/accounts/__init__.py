"""`/auth/v1`: routes and handlers of the accounts API."""
