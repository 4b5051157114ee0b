"""Between databases: a backup of either is a SQLite file of the journal's own schema, and what a file holds goes into
either. Nothing is told here to people; `queue_server/transfers.py` does that."""
