"""Draws sample tickets of every layout and width, and the test page, into docs/images (ticket-*.png).

    .venv/bin/python scripts/ticket_pictures.py

Exit status 1: a letter of a sample is not in the font.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

from msgspec.structs import replace
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from printer_agent.settings import Settings  # noqa: E402
from printer_agent.specimen import specimen  # noqa: E402
from queue_server.readers.printing.layouts import layout_in_force  # noqa: E402
from queue_server.readers.printing.lettering import clean  # noqa: E402
from queue_server.readers.printing.paper import Rebooked, TicketPaper, WaitClock, WaitMinutes, Width  # noqa: E402
from queue_server.readers.printing.picture import draw_ticket  # noqa: E402

IMAGES = ROOT / "docs" / "images"
AT = datetime(2026, 11, 23, 8, 5, tzinfo=timezone(timedelta(hours=7)))
STANDARD = TicketPaper(
    organisation="Ủy ban nhân dân phường Gò Vấp",
    branch="Trung tâm Phục vụ hành chính công phường Gò Vấp",
    field="Đất đai, Tài nguyên và Môi trường",
    number="K017",
    ahead=4,
    wait=WaitMinutes(25, 40),
    issued_at=AT,
    counters=(9, 10, 11),
    floor=1,
    zone="Nhà B",
    url="https://so.example.gov.vn/t/01a204aa181fd97ace603fd985.u3Zk",
)
PAPERS = {
    "standard": STANDARD,
    "priority-english": replace(
        STANDARD, field="Chứng thực", field_en="Certification", number="A002", is_priority=True, language="en"
    ),
    "reprint-training": replace(
        STANDARD, is_reprint=True, is_training=True, wait=WaitClock(AT.replace(hour=13), AT.replace(hour=13, minute=30))
    ),
    "rebooked": replace(STANDARD, number="K001", ahead=None, wait=None, rebooked=Rebooked(date(2026, 11, 24), "K017")),
    "without-code": replace(STANDARD, url=None, floor=None, zone="", wait=None),
}
GROUND = 160


def main() -> int:
    lost = [text for paper in PAPERS.values() for text in (paper.organisation, paper.field) if clean(text) != text]
    for width in get_args(Width):
        layout = layout_in_force(width)
        save(f"ticket-{width}", [draw_ticket(paper, layout) for paper in PAPERS.values()])
        (chosen,) = Settings(printer="network:192.0.2.1", width=width).printers()
        page = specimen(chosen)
        assert isinstance(page, Image.Image)
        save(f"ticket-test-page-{width}", [page])
    return 1 if lost else 0


def save(name: str, papers: list[Image.Image]) -> None:
    """Side by side on grey, so that the edges of the paper show."""
    width = sum(paper.width + 24 for paper in papers) + 24
    sheet = Image.new("L", (width, max(paper.height for paper in papers) + 48), GROUND)
    x = 24
    for paper in papers:
        sheet.paste(paper.convert("L"), (x, 24))
        x += paper.width + 24
    sheet.quantize(4).save(IMAGES / f"{name}.png", optimize=True)
    print(f"{name}.png: {', '.join(f'{paper.width}×{paper.height}' for paper in papers)}")


if __name__ == "__main__":
    sys.exit(main())
