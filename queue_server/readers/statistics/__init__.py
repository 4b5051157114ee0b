"""Figures of a service day, out of its tickets and events."""
