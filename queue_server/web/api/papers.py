"""A print job as a picture, which comes out of the printer and serves for a preview, or as plain text."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.branches.host import BranchHost
from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.events import Recorded
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState, Paper
from queue_server.journal.port import Journal
from queue_server.protocol.resources import PaperText, TextLine
from queue_server.readers.printing.filling import Asked, filled, followed, seq_of
from queue_server.readers.printing.layouts import layout_in_force
from queue_server.readers.printing.paper import LayoutConfig, TicketPaper, Width
from queue_server.readers.printing.plain import plain_lines
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, house_of
from queue_server.web.house import House

WIDTHS: dict[str, Width] = {"576": 576, "512": 512, "384": 384}
COLUMNS = range(24, 65)
"""Letters on a line of a printer's own: 32 on 58 mm, 42 or 48 on 80 mm."""
PICTURES_KEPT = 256
"""Pictures are fetched again within minutes or never; one is about 10 kB."""
EVENTS_AT_ONCE = 500

PictureKey = tuple[str, bool, Width]


class Pictures:
    """Draws papers one at a time in a thread, and keeps the newest. Pillow is loaded with the first one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[PictureKey, bytes] = OrderedDict()
        self._layouts: dict[Width, LayoutConfig] = {}
        self._drawing = asyncio.Lock()

    def kept(self, key: PictureKey) -> bytes | None:
        return self._kept.get(key)

    async def draw(self, key: PictureKey, paper: TicketPaper) -> bytes:
        """The paper as a PNG of one bit a dot, `key`'s width."""
        async with self._drawing:
            picture = self._kept.get(key)
            if picture is None:
                picture = self._kept[key] = await asyncio.to_thread(self._draw, paper, key[2])
                if len(self._kept) > PICTURES_KEPT:
                    self._kept.popitem(last=False)
        return picture

    def layout(self, width: Width) -> LayoutConfig:
        """As it was when a paper of this width was first wanted."""
        if width not in self._layouts:
            self._layouts[width] = layout_in_force(width)
        return self._layouts[width]

    def _draw(self, paper: TicketPaper, width: Width) -> bytes:
        from queue_server.readers.printing.picture import draw_ticket, to_png

        return to_png(draw_ticket(paper, self.layout(width)))


async def picture(request: Request) -> Response:
    """GET /print-jobs/{job}?width=576&marked=0: the paper as a PNG, for its printer and for staff who may reprint.

    `marked=1` says "IN LẠI" on it: an earlier attempt may have put a paper into somebody's hand.
    """
    house, who = house_of(request), await asker_of(request)
    job = request.path_params["job"]
    width = WIDTHS.get(request.query_params.get("width", "576"))
    if width is None:
        raise Refusal("malformed", where="width", fault=f"Expected one of {', '.join(WIDTHS)}")
    marked = _is_marked(request)
    host, paper = await _find(house, who, job)
    key = (job, marked, width)
    pictures = _pictures(request)
    png = pictures.kept(key) or await pictures.draw(key, await filled_from(house, host, paper, is_marked=marked))
    return Response(png, media_type="image/png", headers={"cache-control": "private, no-store"})


async def text(request: Request) -> Response:
    """GET /print-jobs/{job}/text?columns=48&marked=0: the paper without diacritics, for printers that can print no
    picture."""
    house, who = house_of(request), await asker_of(request)
    asked = request.query_params.get("columns", "48")
    columns = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    if columns not in COLUMNS:
        raise Refusal("malformed", where="columns", fault=f"Expected {COLUMNS.start} to {COLUMNS.stop - 1}")
    marked = _is_marked(request)
    host, paper = await _find(house, who, request.path_params["job"])
    filled_paper = await filled_from(house, host, paper, is_marked=marked)
    lines = plain_lines(filled_paper, _pictures(request).layout(576), columns)
    return json(PaperText(tuple(TextLine(line, size) for line, size in lines)))


def _is_marked(request: Request) -> bool:
    marked = {"0": False, "1": True}.get(request.query_params.get("marked", "0"))
    if marked is None:
        raise Refusal("malformed", where="marked", fault="Expected 0 or 1")
    return marked


def _pictures(request: Request) -> Pictures:
    """The application's one cache, made when the first paper is asked for."""
    state = request.app.state
    if not hasattr(state, "pictures"):
        state.pictures = Pictures()
    pictures: Pictures = state.pictures
    return pictures


async def _find(house: House, who: Who, job: str) -> tuple[BranchHost, Paper]:
    """The job and its branch, for somebody who may see it. Another printer's job does not exist for a printer."""
    if who.role is Role.PRINTER and who.branch is not None:
        host = await house.bus.host(who.branch)
    else:
        host = await _host_of(house, job)
        who.require_command("reprint", host.branch_id)
    paper = (await host.settled()).papers.get(job)
    if paper is None or (who.role is Role.PRINTER and paper.printer != who.device):
        raise Refusal("unknown-job", job=job)
    return host, paper


async def _host_of(house: House, job: str) -> BranchHost:
    try:
        return await house.bus.host(await house.bus.branch_of(job.rpartition("-")[0]))
    except Refusal as refusal:
        raise Refusal("unknown-job", job=job) from refusal


async def filled_from(house: House, host: BranchHost, job: Paper, *, is_marked: bool) -> TicketPaper:
    """What stands on the paper of a job, from the branch's journal and its configuration in force."""
    asked = await _asked(house.journal, host, job)
    state = await host.settled()
    return filled(state, job, asked, url=_url(house, state, job), is_marked=is_marked)


def _url(house: House, state: BranchState, job: Paper) -> str:
    base = house.settings.public_url.rstrip("/")
    return f"{base}/t/{house.access.ticket_tokens.token(followed(state, job))}" if base else ""


# -- the events behind a job -------------------------------------------------------------------------------------------


async def _asked(journal: Journal, host: BranchHost, job: Paper) -> Asked:
    """What the journal says of this paper; a ticket that was carried over from another day has no number given here."""
    seq = seq_of(job.job)
    request = await _last_of(journal, host.branch_id, seq, seq - 1, lambda _: True)
    if request is None:
        raise Refusal("unknown-job", job=job.job)
    if isinstance(request.event, ev.TicketIssued):
        return Asked(request, request)
    head = await journal.head(host.branch_id)
    day_began = head.day_seq - 1 if head else 0
    issued = await _last_of(journal, host.branch_id, seq, day_began, lambda event: _gave(event, job.ticket))
    return Asked(request, issued)


def _gave(event: ev.EventType, ticket: str) -> bool:
    return isinstance(event, ev.TicketIssued) and event.ticket == ticket


async def _last_of(
    journal: Journal, branch: str, last: int, after: int, is_it: Callable[[ev.EventType], bool]
) -> Recorded | None:
    """The newest such event with `after < seq <= last`; read backwards, because a reprint mostly follows soon."""
    while last > after:
        start = max(after, last - EVENTS_AT_ONCE)
        for stored in reversed(await journal.read(branch, start, last - start)):
            recorded = upcast.load(stored.seq, stored.day, stored.type, stored.v, stored.body)
            if is_it(recorded.event):
                return recorded
        last = start
    return None


routes = [
    Route("/print-jobs/{job}", picture, methods=["GET"]),
    Route("/print-jobs/{job}/text", text, methods=["GET"]),
]
