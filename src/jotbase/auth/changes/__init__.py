"""What users and administrators change of accounts."""
