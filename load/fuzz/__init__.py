"""Requests and frames that nobody sends, by everybody, and what became of them."""
