"""printer_agent.wire against the simulated printer: what reaches the paper, and when nothing does."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image

from printer_agent.job import ask_status, print_picture
from printer_agent.wire import NetworkTarget, NotStarted, Printed, Reason, Status, Unknown, Wire
from queue_server.readers.printing.paper import LayoutConfig, TicketPaper
from queue_server.readers.printing.picture import draw_ticket
from tests.contract.printer_jobs import OPTIONS, SHORT, STATUS_BYTES, Begin, a_picture, print_to
from tests.simulators.escpos_decoder import picture_digest
from tests.simulators.printer import Fault, PrinterSimulator


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def a_ticket() -> Image.Image:
    paper = TicketPaper(
        organisation="UBND phường Gò Vấp",
        branch="Trung tâm Phục vụ hành chính công",
        field="Hộ tịch",
        number="H107",
        ahead=23,
        issued_at=datetime(2026, 11, 23, 9, 41, tzinfo=UTC),
        counters=(6, 8),
        url="https://hangdoi.vn/t/7Q4KX2M9",
    )
    return draw_ticket(paper, LayoutConfig())


# The paper


@pytest.mark.parametrize("width", [576, 512])
@pytest.mark.parametrize("height", [1, 128, 300])
def test_a_picture_reaches_the_paper_dot_for_dot(width, height):
    picture = a_picture(width, height)
    with PrinterSimulator(width=width) as printer:
        assert print_to(printer, picture, replace(OPTIONS, width=width)) == Printed()
        [paper] = printer.wait_for_papers(1)
        assert printer.complaints == []
    assert paper.digest() == picture_digest(picture)
    assert (paper.is_cut, paper.is_torn, paper.width) == (True, False, width)


def test_a_ticket_reaches_the_paper_dot_for_dot(printer):
    ticket = a_ticket()
    assert print_to(printer, ticket) == Printed()
    [paper] = printer.wait_for_papers(1)
    assert paper.column_profile() == a_column_profile(ticket)
    assert paper.digest() == picture_digest(ticket)


def a_column_profile(picture: Image.Image) -> tuple[int, ...]:
    return tuple(sum(1 for y in range(picture.height) if picture.getpixel((x, y)) == 0) for x in range(picture.width))


def test_jobs_follow_each_other_on_papers_of_their_own(printer):
    pictures = [a_picture(height=height) for height in (40, 60, 80)]
    assert [print_to(printer, picture) for picture in pictures] == [Printed()] * 3
    papers = printer.wait_for_papers(3)
    assert [paper.digest() for paper in papers] == [picture_digest(picture) for picture in pictures]


def test_a_full_cut_can_be_asked_for(printer):
    assert print_to(printer, a_picture(), replace(OPTIONS, cut="full")) == Printed()
    assert printer.wait_for_papers(1)[0].is_cut
    assert printer.complaints == []


def test_a_picture_that_is_too_wide_is_a_mistake_of_the_caller(printer):
    with pytest.raises(ValueError, match="576 dots on a printer of 512"):
        print_to(printer, a_picture(576), replace(OPTIONS, width=512))


# Before the first byte


def test_the_hook_runs_once_when_nothing_but_questions_has_left(printer):
    seen: list[int] = []
    begin = Begin(lambda: seen.append(printer.received_bytes))
    print_to(printer, a_picture(), begin=begin)
    assert (begin.calls, seen) == (1, [STATUS_BYTES])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.PAPER_OUT, Reason.PAPER_OUT),
        (Fault.COVER_OPEN, Reason.COVER_OPEN),
        (Fault.OFFLINE, Reason.OFFLINE),
        (Fault.CUTTER, Reason.FAULT),
    ],
)
def test_a_printer_that_cannot_print_gets_no_job(printer, fault, reason):
    printer.set(fault)
    begin = Begin()
    assert print_to(printer, a_picture(), begin=begin) == NotStarted(reason)
    printer.clear(fault)
    assert print_to(printer, a_picture(height=50)) == Printed()
    [paper] = printer.wait_for_papers(1)
    assert (begin.calls, paper.image.height) == (0, 50)


def test_an_open_cover_is_named_before_the_paper_that_it_hides(printer):
    printer.set(Fault.PAPER_OUT)
    printer.set(Fault.COVER_OPEN)
    assert print_to(printer, a_picture()) == NotStarted(Reason.COVER_OPEN)


def test_a_printer_that_is_not_there_is_unreachable():
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    begin = Begin()
    outcome = print_picture(NetworkTarget("127.0.0.1", port), OPTIONS, a_picture(), on_first_byte=begin)
    assert (outcome, begin.calls) == (NotStarted(Reason.UNREACHABLE), 0)


def test_a_printer_that_never_answers_gets_no_job(printer):
    printer.set(Fault.MUTE)
    options = replace(SHORT, answer_time=0.3)
    assert print_to(printer, a_picture(), options) == NotStarted(Reason.TIMEOUT)
    assert printer.received_bytes == 3


def test_a_printer_that_serves_somebody_else_gets_no_job(printer):
    with socket.create_connection(printer.address):
        printer.wait_until(lambda it: it.connections == 1)
        assert print_to(printer, a_picture(), replace(SHORT, answer_time=0.3)) == NotStarted(Reason.TIMEOUT)


def test_a_hook_that_fails_stops_the_job(printer):
    def fail() -> None:
        raise RuntimeError("the ledger is full")

    with pytest.raises(RuntimeError, match="ledger"):
        print_to(printer, a_picture(), begin=fail)
    assert print_to(printer, a_picture(height=50)) == Printed()
    assert [paper.image.height for paper in printer.wait_for_papers(1)] == [50]


# Status without a job


def test_status_is_told_without_a_job(printer):
    target = NetworkTarget(*printer.address)
    assert ask_status(target, OPTIONS) == Status()
    printer.set(Fault.NEAR_END)
    assert ask_status(target, OPTIONS) == Status(is_near_end=True)
    printer.set(Fault.PAPER_OUT)
    assert ask_status(target, OPTIONS) == Status(Reason.PAPER_OUT, is_near_end=True)
    printer.set(Fault.MUTE)
    assert ask_status(target, replace(SHORT, answer_time=0.3)) is Reason.TIMEOUT


# The wire in an event loop


async def test_jobs_given_at_once_are_printed_one_after_another(printer):
    wire = Wire(NetworkTarget(*printer.address))
    pictures = [a_picture(height=height) for height in (40, 60, 80)]
    assert await asyncio.gather(*(wire.print(picture, Begin()) for picture in pictures)) == [Printed()] * 3
    assert [paper.image.height for paper in printer.papers] == [40, 60, 80]
    assert printer.connections == 3
    assert await wire.status() == Status()
    wire.close()


async def test_after_a_broken_job_the_wire_cleans_up_by_itself():
    picture = a_picture()
    with PrinterSimulator(forgets_half_command=False) as printer:
        wire = Wire(NetworkTarget(*printer.address))
        printer.drop_after(10_000)
        assert isinstance(await wire.print(picture, Begin()), Unknown)
        assert await wire.print(picture, Begin()) == Printed()
        assert await wire.print(picture, Begin()) == Printed()
        assert [paper.digest() for paper in printer.papers[-2:]] == [picture_digest(picture)] * 2
        assert len(printer.papers) == 3
        wire.close()


async def test_a_job_that_is_cancelled_while_it_waits_is_never_printed(printer):
    wire = Wire(NetworkTarget(*printer.address))
    is_begun, may_go_on = threading.Event(), threading.Event()
    first = asyncio.create_task(wire.print(a_picture(height=40), Begin(lambda: _hold(is_begun, may_go_on))))
    assert await asyncio.to_thread(is_begun.wait, 10)
    begin = Begin()
    second = asyncio.create_task(wire.print(a_picture(height=60), begin))
    await asyncio.sleep(0)  # lets the second job into the queue
    second.cancel()
    with suppress(asyncio.CancelledError):
        await second
    may_go_on.set()
    assert await first == Printed()
    assert await wire.print(a_picture(height=80), Begin()) == Printed()
    assert begin.calls == 0
    assert [paper.image.height for paper in printer.papers] == [40, 80]
    wire.close()


def _hold(is_begun: threading.Event, may_go_on: threading.Event) -> None:
    is_begun.set()
    assert may_go_on.wait(10)
