"""A province under faults: servers, PostgreSQL, Valkey and every line between them, broken at random and recorded."""
