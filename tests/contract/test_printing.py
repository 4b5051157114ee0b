"""From the press to the paper: a real server, a real agent and a simulated printer."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from queue_server.readers.printing.layouts import read_layout
from queue_server.readers.printing.paper import TicketPaper
from queue_server.readers.printing.picture import draw_ticket
from tests.demo_server import BRANCH
from tests.factories import VIETNAM
from tests.printing import (
    AgentProcess,
    Piece,
    Reader,
    Reported,
    job_of,
    reports,
    signed_in,
    wait_for_live,
    wait_until_nothing_is_owed,
    wait_until_owed,
)
from tests.server import DemoServer, Ticket
from tests.simulators.escpos_decoder import picture_digest
from tests.simulators.printer import Fault, PrinterSimulator

SLOW = 60_000  # bytes a second: a ticket takes 0.7 s


def issue(centre: DemoServer, field: str = "chung-thuc", **asked: Any) -> Ticket:
    return centre.api("dispenser").issue(field, **asked)


def pieces(centre: DemoServer, printer: PrinterSimulator, *tickets: Ticket) -> list[Piece]:
    reader = Reader(centre, map(job_of, tickets))
    return [reader.read(paper) for paper in printer.papers]


def wholes(*tickets: Ticket) -> list[Piece]:
    return [Piece("whole", job_of(ticket), False) for ticket in tickets]


# -- the paper ---------------------------------------------------------------------------------------------------------


def test_a_press_becomes_the_paper_that_was_drawn(centre, printer, agent):
    with agent:
        issue(centre)
        ticket = issue(centre, priority="NKT", language="en")
        paper = printer.wait_for_papers(2)[1]
        wait_until_nothing_is_owed(centre)
    issued = centre.api().events()[-1]
    expected = TicketPaper(
        organisation="Ủy ban nhân dân phường Gò Vấp",
        branch="Trung tâm Phục vụ hành chính công phường Gò Vấp",
        field="Chứng thực",
        field_en="Certification",
        number="A002",
        ahead=0,
        issued_at=datetime.fromisoformat(issued["at"]).astimezone(VIETNAM),
        counters=(1, 2, 5),
        floor=1,
        is_priority=True,
        language="en",
    )
    assert (issued["number"], ticket.number) == ("A002", "A002")
    assert paper.digest() == picture_digest(draw_ticket(expected, read_layout()))
    assert (paper.is_cut, printer.complaints) == (True, [])
    assert [report.outcome for report in reports(centre)] == ["printed", "printed"]


def test_papers_come_in_the_order_of_the_presses(centre, printer, agent):
    with agent:
        tickets = [issue(centre) for _ in range(6)]
        printer.wait_for_papers(6)
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, *tickets) == wholes(*tickets)


def test_a_reprint_says_that_it_is_one(centre, printer, agent):
    with agent:
        ticket = issue(centre)
        printer.wait_for_papers(1)
        centre.api().ticket(ticket.id, "reprint")
        printer.wait_for_papers(2)
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, ticket) == [*wholes(ticket), Piece("whole", job_of(ticket), True)]
    assert [report.outcome for report in reports(centre)] == ["printed", "reprinted"]


def test_a_number_that_is_put_off_to_another_day_is_printed_with_its_date(centre, printer, agent):
    with agent:
        ticket = issue(centre)
        printer.wait_for_papers(1)
        signed_in(centre, "tam", "POST", f"/branches/{BRANCH}/end-day", {"leftovers": "rebook"})
        paper = printer.wait_for_papers(2)[1]
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, ticket)[1].kind == "unknown"  # not what was drawn at the press
    assert paper.image.height > 300


def test_a_number_that_staff_give_is_printed_at_the_branchs_printer(centre, printer, agent):
    with agent:
        signed_in(centre, "tam", "POST", f"/branches/{BRANCH}/tickets", {"field": "chung-thuc"})
        printer.wait_for_papers(1)
        wait_until_nothing_is_owed(centre)
    assert [report.outcome for report in reports(centre)] == ["printed"]


# -- delivered twice ---------------------------------------------------------------------------------------------------


def delivered_twice(folder: Path, *, is_wiped: bool) -> tuple[list[Piece], list[Piece]]:
    """The server dies while a paper is being printed and never hears of its end: it delivers the job again."""
    with DemoServer(folder) as centre, PrinterSimulator(bytes_per_second=SLOW) as printer:
        with AgentProcess.of(centre, printer, folder) as agent:
            ticket = issue(centre)
            printer.wait_until(lambda it: it.received_bytes > 1000)
            centre.kill()
            printer.wait_for_papers(1)
            assert agent.stop() == 0
            if is_wiped:
                agent.wipe()
            centre.restart()
            agent.start()
            wait_until_nothing_is_owed(centre)
        return pieces(centre, printer, ticket), wholes(ticket)


def test_a_job_that_is_delivered_twice_is_printed_once(tmp_path):
    found, once = delivered_twice(tmp_path, is_wiped=False)
    assert found == once


def test_control_without_the_agents_memory_it_is_printed_twice(tmp_path):
    found, once = delivered_twice(tmp_path, is_wiped=True)
    assert found == once * 2


# -- trouble -----------------------------------------------------------------------------------------------------------


def test_papers_wait_for_paper_in_order_and_staff_see_why(centre, printer, agent):
    printer.set(Fault.PAPER_OUT)
    with agent:
        tickets = [issue(centre) for _ in range(3)]
        wait_for_live(centre, lambda live: live["printers_waiting"] == {centre.devices["printer"]: "paper_out"})
        assert printer.papers == []
        printer.clear(Fault.PAPER_OUT)
        printer.wait_for_papers(3)
        wait_until_nothing_is_owed(centre)
    wait_for_live(centre, lambda live: live["printers_waiting"] == {})
    assert pieces(centre, printer, *tickets) == wholes(*tickets)
    assert reports(centre)[0] == Reported(job_of(tickets[0]), "delayed", "paper_out")


def test_paper_that_ends_inside_a_picture_is_followed_by_a_marked_one(centre, printer, agent):
    with agent:
        printer.set_after(20_000, Fault.PAPER_OUT)
        ticket = issue(centre)
        wait_for_live(centre, lambda live: live["printers_waiting"] == {centre.devices["printer"]: "paper_out"})
        printer.clear(Fault.PAPER_OUT)
        wait_until_nothing_is_owed(centre)
    found = [piece for piece in pieces(centre, printer, ticket) if piece.kind != "blank"]
    assert found == [*wholes(ticket), Piece("whole", job_of(ticket), True)]
    assert reports(centre)[-1] == Reported(job_of(ticket), "reprinted", "")


def test_a_paper_that_nobody_waits_for_any_more_is_not_printed_and_that_is_reported(tmp_path):
    """A clock that runs thirty times as fast: five minutes pass in ten seconds."""
    with (
        DemoServer(tmp_path, "--clock-speed", "30", "--clock-start", datetime.now(VIETNAM).isoformat()) as centre,
        PrinterSimulator() as printer,
        AgentProcess.of(centre, printer, tmp_path) as agent,
    ):
        agent.wait_until_live()
        printer.set(Fault.COVER_OPEN)
        late = issue(centre)
        wait_until_nothing_is_owed(centre)
        printer.clear(Fault.COVER_OPEN)
        fresh = issue(centre)
        wait_until_nothing_is_owed(centre)
        assert pieces(centre, printer, late, fresh) == wholes(fresh)
        assert reports(centre) == [
            Reported(job_of(late), "delayed", "cover_open"),
            Reported(job_of(late), "too_old", "cover_open"),
            Reported(job_of(fresh), "printed", ""),
        ]


def test_a_server_that_dies_while_papers_wait_loses_none(centre, printer, agent):
    printer.set(Fault.PAPER_OUT)
    with agent:
        tickets = [issue(centre) for _ in range(4)]
        wait_until_owed(centre, 4)
        centre.kill()
        centre.restart()
        printer.clear(Fault.PAPER_OUT)
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, *tickets) == wholes(*tickets)


def test_papers_are_printed_when_the_agent_comes_after_the_press(centre, printer, agent):
    tickets = [issue(centre) for _ in range(2)]
    with agent:
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, *tickets) == wholes(*tickets)
