"""The OpenAPI document of what a caller may do."""
