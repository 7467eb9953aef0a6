"""Schema files read into a model, with every mistake named."""
