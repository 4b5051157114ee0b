"""The HTTP contract under /api/v1."""
