"""Runs beside a ticket printer: takes pictures from the server, prints each once, reports paper and faults."""
