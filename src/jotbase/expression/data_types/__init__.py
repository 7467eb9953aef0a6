"""What operators and casts mean for each type of value."""
