"""The test page: nothing of it is cut off, every letter is there, and what it measures is right."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from printer_agent import specimen as module
from printer_agent.settings import Settings
from printer_agent.specimen import LETTERS, WEIGHTS, specimen
from queue_server.readers.printing import lettering

VIETNAMESE = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵ"
"""Written by hand, as they stand in a primer."""


def page(width: int) -> Image.Image:
    (chosen,) = Settings(printer="network:192.0.2.1", width=width).printers()  # type: ignore[arg-type]
    drawn = specimen(chosen)
    assert isinstance(drawn, Image.Image)
    return drawn


def test_the_letters_are_those_of_the_alphabet():
    assert "".join(LETTERS) == VIETNAMESE


@pytest.mark.parametrize("width", [576, 512, 384])
def test_it_is_as_wide_as_the_head_and_shows_its_first_and_last_dot(width):
    drawn = page(width)
    assert (drawn.mode, drawn.width) == ("1", width)
    assert {drawn.getpixel((x, y)) for x in (0, width - 1) for y in (0, drawn.height - 1)} == {0}


@pytest.mark.parametrize("width", [576, 512, 384])
@pytest.mark.parametrize("weight", WEIGHTS)
def test_no_letter_touches_an_edge_of_its_line(width, weight):
    block = module._letters(weight, width)
    box = ImageChops.invert(block.convert("L")).getbbox()
    assert box is not None
    assert box[0] > 0
    assert box[1] > 0
    assert box[2] < width
    assert box[3] < block.height


def test_it_has_the_letters_and_the_cut_of_a_ticket():
    """Drawn apart from the server, and the same dots."""
    line = module._line("ẴỶỘỰ gjy", "Bold", 36, 576)
    block = lettering.text_block("ẴỶỘỰ gjy", "Bold", 36, 576)
    assert _ink(line) == _ink(block)


def _ink(image: Image.Image) -> bytes:
    box = ImageChops.invert(image.convert("L")).getbbox()
    return image.crop(box).tobytes()


def test_the_ruler_of_a_head_of_180_dpi_is_as_long_as_that_of_203():
    ruler = module._ruler(512)
    marked = [x for x in range(1, 511) if ruler.getpixel((x, 5)) == 0]
    assert len(marked) == 72
    assert marked[69] == 496, "70 mm"


def test_the_ruler_counts_millimetres_of_eight_dots():
    ruler = module._ruler(576)
    marked = [x for x in range(1, 575) if ruler.getpixel((x, 5)) == 0]
    assert marked == list(range(8, 575, 8))


def test_the_greys_are_a_quarter_half_three_quarters_and_black():
    greys = module._greys(576)
    part = (576 - 32) // 4
    shares = []
    for n in range(4):
        field = greys.crop((16 + n * part, 6, 16 + (n + 1) * part, 66)).convert("L")
        shares.append(field.histogram()[0] / (part * 60))
    assert shares == [0.25, 0.5, 0.75, 1.0]
