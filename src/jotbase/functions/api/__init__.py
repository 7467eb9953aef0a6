"""What the project's code imports: decorators, the caller, results, errors."""
