"""What the processes of one installation tell each other, and the ways by which they do."""
