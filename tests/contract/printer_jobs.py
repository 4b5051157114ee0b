"""What the tests of printer_agent.wire share: a picture that shows every lost row, and one call that prints it."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image, ImageDraw

from printer_agent.job import print_picture
from printer_agent.wire import NetworkTarget, Outcome, PrinterOptions
from tests.simulators.printer import PrinterSimulator

OPTIONS = PrinterOptions()
SHORT = PrinterOptions(job_time=3.0, answer_time=1.5)  # for jobs that are meant to run out of time
STATUS_BYTES = 9  # three questions before a job


def a_picture(width: int = 576, height: int = 300) -> Image.Image:
    """Bars of random height: nothing in it repeats, so that a lost or doubled row shows."""
    picture = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(picture)
    chance = random.Random(7)
    for x in range(0, width, 12):
        draw.rectangle((x, chance.randrange(height), x + 8, height), fill=0)
    return picture


def job_bytes(picture: Image.Image) -> int:
    """How many bytes a printer takes up to and with the cut: ESC @, GS a, fragments of 128 rows, GS V."""
    fragments = -(-picture.height // 128)
    return 2 + 3 + fragments * 8 + picture.height * picture.width // 8 + 4


class Begin:
    """The hook before the first byte: counts, and may do something then."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.calls = 0
        self._then = then

    def __call__(self) -> None:
        self.calls += 1
        self._then()


def print_to(
    printer: PrinterSimulator,
    picture: Image.Image,
    options: PrinterOptions = OPTIONS,
    begin: Callable[[], None] | None = None,
    *,
    is_dirty: bool = False,
) -> Outcome:
    target = NetworkTarget(*printer.address)
    return print_picture(target, options, picture, on_first_byte=begin or Begin(), is_dirty=is_dirty)
