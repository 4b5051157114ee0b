"""Clip packs for the voice of a lobby display: making them, and checking one that somebody else made."""
