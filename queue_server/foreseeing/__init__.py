"""Outlooks of the branches: made in a process of their own, so that plays never hold up a call."""
