"""Who is connected now, over all processes; never written to the database."""
