"""SQL as values: fragments that carry their parameters, and how each dialect spells them."""
