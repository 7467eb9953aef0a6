"""Two models compared, and a database brought from one to the other."""
