"""Durable readers of the journal: each remembers how far it is, and what it does outside happens at least once."""
