"""What must hold of every run: pure functions of a history and of the database in the end."""
