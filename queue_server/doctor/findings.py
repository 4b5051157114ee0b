"""What a doctor has to say."""

from __future__ import annotations

from msgspec import Struct


class Finding(Struct, frozen=True):
    """A sentence for the administrator; `is_wrong` asks for something to be done."""

    sentence: str
    is_wrong: bool = True


def note(sentence: str) -> Finding:
    """What is good to know."""
    return Finding(sentence, False)
