"""What an ESC/POS printer makes of a byte stream: papers, and complaints about what it does not know.

Written from the command references of the makers, not from our own wire module, so that both cannot share one mistake.
It is pure: bytes in, papers out; `printer.py` beside it is the device with its socket, faults and speed.
An unknown command is never guessed at: it is a complaint, and a test that wants a clean job asserts that there is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from dataclasses import dataclass

from PIL import Image, ImageOps

NUL, HT, LF, FF, CR, DLE, CAN, ESC, GS = 0x00, 0x09, 0x0A, 0x0C, 0x0D, 0x10, 0x18, 0x1B, 0x1D

# Commands that only set something that a picture does not need: how many parameter bytes follow.
_SETTINGS = {
    **{(ESC, code): 1 for code in b" !-=EGMRSTVat{"},
    (ESC, ord("2")): 0,
    (ESC, ord("c")): 2,
    (ESC, ord("p")): 3,
    **{(GS, code): 1 for code in b"!BHabfhw"},
    **{(GS, code): 2 for code in b"LPW"},
}
_LINE_DOTS = 34  # 1/6 inch at 203 dpi, an Epson's line spacing after ESC @
_CUT_NOW = (0, 1, 48, 49)
_CUT_AFTER_FEED = (65, 66, 97, 98, 103, 104)

Step = Generator[int, bytes, None]


@dataclass(frozen=True, slots=True)
class Paper:
    """One piece of paper. `image` has mode "1" (0 black) and ends with the last printed row; `tail_dots` follow white.

    `is_torn`: the sender went away before the cut; the rows are those that had been printed by then.
    """

    image: Image.Image
    is_cut: bool
    is_torn: bool
    tail_dots: int
    text: str
    qr_codes: tuple[str, ...]

    @property
    def width(self) -> int:
        return self.image.width

    def digest(self) -> str:
        """Equal for equal pictures: size and dots."""
        return picture_digest(self.image)

    def column_profile(self) -> tuple[int, ...]:
        """Black dots in each column: a quick look at what went wrong when two pictures differ."""
        return column_profile(self.image)


def picture_digest(image: Image.Image) -> str:
    return hashlib.sha256(repr(image.size).encode() + image.convert("1").tobytes()).hexdigest()


def column_profile(image: Image.Image) -> tuple[int, ...]:
    black = ImageOps.invert(image.convert("L"))
    columns = (black.crop((x, 0, x + 1, black.height)) for x in range(black.width))
    return tuple(column.histogram()[255] for column in columns)


class Decoder:
    """Fed with bytes in any portions; `papers` and `complaints` grow. `reply` gets the answers that come in order."""

    def __init__(self, width: int, answer_in_order: Callable[[int], None]) -> None:
        self.width = width
        self.papers: list[Paper] = []
        self.complaints: list[str] = []
        self._answer = answer_in_order
        self._wanted = 1
        self._start_paper()
        self._start_parser()

    def feed(self, data: bytes) -> None:
        self._unread += data
        while len(self._unread) >= self._wanted:
            portion = bytes(self._unread[: self._wanted])
            del self._unread[: self._wanted]
            self._wanted = self._parser.send(portion)

    @property
    def is_in_command(self) -> bool:
        """True while the parser waits for the rest of a command, such as the rows of a picture."""
        return self._is_in_command

    def tear(self) -> None:
        """The sender went away: what was printed hangs out of the printer, and half a command is forgotten."""
        if self._rows or self._text or self._qr_codes:
            self._finish_paper(is_cut=False)
        self._start_parser()

    def _start_parser(self) -> None:
        self._unread = bytearray()
        self._graphics: list[bytes] = []
        self._qr_data = ""
        self._is_in_command = False
        self._parser = self._commands()
        self._wanted = next(self._parser)

    def _start_paper(self) -> None:
        self._rows: list[bytes] = []
        self._printed = 0
        self._text = ""
        self._qr_codes: list[str] = []
        self._line_dots = _LINE_DOTS

    def _finish_paper(self, *, is_cut: bool) -> None:
        rows = self._rows[: self._printed]
        dots = Image.frombytes("1", (self.width, len(rows)), b"".join(rows))
        tail = len(self._rows) - self._printed
        image = ImageOps.invert(dots.convert("L")).convert("1")
        paper = Paper(image, is_cut, not is_cut, tail, self._text, tuple(self._qr_codes))
        self.papers.append(paper)
        self._start_paper()

    def _commands(self) -> Step:
        while True:
            self._is_in_command = False
            first = (yield 1)[0]
            self._is_in_command = True
            if first in (ESC, GS):
                yield from self._escaped(first)
            elif first == DLE:
                yield from self._real_time()
            elif first == LF:
                self._text += "\n"
                self._feed_paper(self._line_dots)
            elif first >= 0x20 or first == HT:
                self._text += bytes((first,)).decode("cp437")
            elif first not in (NUL, CR, FF, CAN):
                self.complaints.append(f"unknown byte {first:02x}")

    def _real_time(self) -> Step:
        """Already obeyed when it arrived; here it is only stepped over."""
        kind = (yield 1)[0]
        if kind in (0x04, 0x05):
            yield 1
        elif kind == 0x14:
            yield 3
        else:
            self.complaints.append(f"unknown command 10 {kind:02x}")

    def _escaped(self, lead: int) -> Step:
        code = (yield 1)[0]
        if (lead, code) in _SETTINGS:
            if count := _SETTINGS[lead, code]:
                yield count
        elif lead == ESC:
            yield from self._esc(code)
        else:
            yield from self._gs(code)

    def _esc(self, code: int) -> Step:
        match chr(code):
            case "@":
                self._line_dots = _LINE_DOTS
            case "3":
                self._line_dots = (yield 1)[0]
            case "d":
                self._feed_paper((yield 1)[0] * self._line_dots)
            case "J":
                self._feed_paper((yield 1)[0])
            case "i" | "m":
                self._finish_paper(is_cut=True)
            case _:
                self.complaints.append(f"unknown command 1b {code:02x}")

    def _gs(self, code: int) -> Step:
        match chr(code):
            case "v":
                yield from self._raster()
            case "V":
                yield from self._cut()
            case "r":
                self._answer((yield 1)[0])
            case "(":
                yield from self._block((yield 1), 2)
            case "8":
                yield from self._block((yield 1), 4)
            case _:
                self.complaints.append(f"unknown command 1d {code:02x}")

    def _cut(self) -> Step:
        mode = (yield 1)[0]
        if mode in _CUT_AFTER_FEED:
            self._feed_paper((yield 1)[0])
        elif mode not in _CUT_NOW:
            self.complaints.append(f"unknown cut {mode}")
            return
        self._finish_paper(is_cut=True)

    def _raster(self) -> Step:
        """GS v 0: rows are printed as they arrive, so a broken job leaves its upper part."""
        head = yield 6
        if head[0] != ord("0") or head[1] not in (0, ord("0")):
            self.complaints.append(f"unknown raster mode {head[:2].hex(' ')}")
        width_bytes, height = _little(head[2:4]), _little(head[4:6])
        for _ in range(height):
            self._print_row((yield width_bytes))

    def _block(self, kind: bytes, length_bytes: int) -> Step:
        """GS ( and GS 8 carry their length, so that an unknown function can be stepped over."""
        length = _little((yield length_bytes))
        data = yield length
        if kind == b"L":
            self._graphics_function(data)
        elif kind == b"k" and data[:1] == b"1":
            self._qr_function(data)
        else:
            self.complaints.append(f"unknown block GS ( {kind!r} {data[:2].hex(' ')}")

    def _graphics_function(self, data: bytes) -> None:
        if data[1:2] == b"p" and data[2:6] in (b"0\x01\x011", b"0111"):
            width_bytes = (_little(data[6:8]) + 7) // 8
            body = data[10:]
            self._graphics = [body[at : at + width_bytes] for at in range(0, len(body), width_bytes)]
        elif data[1:2] in (b"2", b"\x02"):
            for row in self._graphics:
                self._print_row(row)
            self._graphics = []
        else:
            self.complaints.append(f"unknown graphics function {data[:6].hex(' ')}")

    def _qr_function(self, data: bytes) -> None:
        function = data[1]
        if function == 80:
            self._qr_data = data[3:].decode("utf-8", "replace")
        elif function == 81:
            self._qr_codes.append(self._qr_data)
        elif function not in (65, 67, 69):
            self.complaints.append(f"unknown QR function {function}")

    def _print_row(self, row: bytes) -> None:
        width_bytes = self.width // 8
        if len(row) > width_bytes:
            self.complaints.append(f"row of {len(row) * 8} dots on a head of {self.width}")
        self._rows.append(row[:width_bytes].ljust(width_bytes, b"\0"))
        self._printed = len(self._rows)

    def _feed_paper(self, dots: int) -> None:
        self._rows.extend([bytes(self.width // 8)] * dots)


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
