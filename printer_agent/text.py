"""A paper in the printer's own letters, for printers that can print no picture: plain ASCII, whatever code page is set.

The server chooses the words and breaks the lines; here they become bytes. A line may be larger by a whole factor.
"""

from __future__ import annotations

from dataclasses import dataclass

from queue_server.protocol.resources import TextLine

_CENTRED = b"\x1ba\x01"
_LARGEST = 8  # times; GS ! knows no more


@dataclass(frozen=True, slots=True)
class Text:
    lines: tuple[TextLine, ...]


def text_bytes(text: Text) -> bytes:
    """After ESC @. What is not ASCII becomes "?": a code page that happens to be set must not choose the letter."""
    return _CENTRED + b"".join(_line(line) for line in text.lines) + b"\x1d!\x00"


def _line(line: TextLine) -> bytes:
    size = min(max(line.size, 1), _LARGEST) - 1
    letters = "".join(letter if " " <= letter <= "~" else "?" for letter in line.text)
    return bytes((0x1D, ord("!"), size << 4 | size)) + letters.encode("ascii") + b"\n"
