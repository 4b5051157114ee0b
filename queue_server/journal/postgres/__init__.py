"""The journal on PostgreSQL: many processes on many machines, each batch a statement of its own."""

from queue_server.journal.postgres.journal import PostgresJournal

__all__ = ["PostgresJournal"]
