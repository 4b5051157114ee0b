"""A dispenser with two printers, two dispensers with one, and each other's: at most one unmarked paper, none lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.demo_server import BRANCH
from tests.printing import (
    AgentProcess,
    Piece,
    Reader,
    job_of,
    reports,
    signed_in,
    wait_for_live,
    wait_until_nothing_is_owed,
)
from tests.server import Api, DemoServer, Ticket
from tests.simulators.printer import Fault, PrinterSimulator


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    """One server for all tests of this file; each has printers and an agent of its own."""
    with DemoServer(tmp_path_factory.mktemp("centre"), data=prepared) as server:
        yield server


@pytest.fixture
def second() -> Iterator[PrinterSimulator]:
    with PrinterSimulator() as simulator:
        yield simulator


def address(printer: PrinterSimulator) -> str:
    return "network:{}:{}".format(*printer.address)


@pytest.fixture
def agent(centre: DemoServer, printer: PrinterSimulator, second: PrinterSimulator, tmp_path: Path) -> AgentProcess:
    """With both printers."""
    token = centre.tokens["printer"]
    return AgentProcess(tmp_path, centre.url, token, printer.address, "--fallback", address(second))


def issue(centre: DemoServer) -> Ticket:
    return centre.api("dispenser").issue("chung-thuc")


def pieces(centre: DemoServer, printer: PrinterSimulator, *tickets: Ticket) -> list[Piece]:
    reader = Reader(centre, map(job_of, tickets))
    return [piece for piece in map(reader.read, printer.papers) if piece.kind != "blank"]


def wholes(*tickets: Ticket, is_marked: bool = False) -> list[Piece]:
    return [Piece("whole", job_of(ticket), is_marked) for ticket in tickets]


def said_of(centre: DemoServer, ticket: Ticket) -> list[tuple[str, str]]:
    return [(report.outcome, report.reason) for report in reports(centre) if report.job == job_of(ticket)]


def wait_until_warned(centre: DemoServer, reason: str) -> None:
    """Until staff see it."""
    wait_for_live(centre, lambda live: live["printers_warned"] == {centre.devices["printer"]: reason})


# -- one dispenser, two printers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.PAPER_OUT, Fault.COVER_OPEN, Fault.OFFLINE, Fault.CUTTER])
def test_the_second_prints_while_the_first_cannot_and_staff_see_why(centre, printer, second, agent, fault):
    reason = "fault (1)" if fault is Fault.CUTTER else f"{fault} (1)"
    printer.set(fault)
    with agent:
        tickets = [issue(centre) for _ in range(2)]
        wait_until_nothing_is_owed(centre)
        wait_until_warned(centre, reason)
    assert pieces(centre, second, *tickets) == wholes(*tickets)
    assert printer.papers == []
    assert said_of(centre, tickets[0]) == [("printed", reason)]


def test_a_first_printer_without_power_costs_the_paper_nothing(centre, printer, second, agent):
    printer.stop()
    with agent:
        ticket = issue(centre)
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, second, ticket) == wholes(ticket)
    assert said_of(centre, ticket) == [("printed", "unreachable (1)")]


def test_a_roll_near_its_end_is_used_up_before_the_second_prints(centre, printer, second, agent):
    printer.set(Fault.NEAR_END)
    with agent:
        ticket = issue(centre)
        wait_until_nothing_is_owed(centre)
        wait_until_warned(centre, "near_end (1)")
    assert pieces(centre, printer, ticket) == wholes(ticket)
    assert second.papers == []


def test_a_line_that_breaks_inside_the_picture_leaves_a_part_and_a_marked_paper(centre, printer, second, agent):
    printer.drop_after(10_000)
    with agent:
        ticket = issue(centre)
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, ticket) == [Piece("part", job_of(ticket), False)]
    assert pieces(centre, second, ticket) == wholes(ticket, is_marked=True)
    assert said_of(centre, ticket) == [("reprinted", "unreachable (1)")]


@pytest.mark.parametrize("fault", [Fault.PAPER_OUT, Fault.COVER_OPEN])
def test_what_the_first_still_holds_comes_out_later_as_the_only_unmarked_paper(centre, printer, second, agent, fault):
    with agent:
        printer.set_after(20_000, fault)
        ticket = issue(centre)
        wait_until_nothing_is_owed(centre)
        printer.clear(fault)
        printer.wait_for_papers(1)
    assert pieces(centre, printer, ticket) == wholes(ticket)
    assert pieces(centre, second, ticket) == wholes(ticket, is_marked=True)


def test_where_neither_can_print_the_paper_waits_for_whichever_is_well_first(centre, printer, second, agent):
    printer.set(Fault.PAPER_OUT)
    second.set(Fault.COVER_OPEN)
    both = "paper_out (1), cover_open (2)"
    with agent:
        ticket = issue(centre)
        wait_for_live(centre, lambda live: live["printers_waiting"] == {centre.devices["printer"]: both})
        second.clear(Fault.COVER_OPEN)
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, second, ticket) == wholes(ticket)
    assert (printer.papers, said_of(centre, ticket)[-1]) == ([], ("printed", "paper_out (1)"))


# -- two dispensers ----------------------------------------------------------------------------------------------------


class Paired(NamedTuple):
    device: str
    token: str


def pair(centre: DemoServer, kind: str, printer: str | None = None) -> Paired:
    """Another device, let in as in the hall."""
    nobody = centre.api("nobody")
    wait = nobody.post("/pairings", kind=kind)
    body = {"code": wait["code"], "name": f"{kind} 2", "branch": BRANCH, "printer": printer}
    signed_in(centre, "quang", "POST", "/pairings/confirm", body)
    token = nobody.post("/pairings/collect", code=wait["code"], secret=wait["secret"])["token"]
    return Paired(Api(centre.url, token).get("/me")["actor"].partition(":")[2], token)


def press_at_once(*dispensers: Api, each: int) -> list[Ticket]:
    with ThreadPoolExecutor(len(dispensers)) as people:
        pressed = [people.submit(dispenser.issue, "chung-thuc") for dispenser in dispensers for _ in range(each)]
        return [press.result() for press in pressed]


def test_two_dispensers_with_one_printer_get_their_papers_one_after_another(centre, printer, tmp_path):
    other = pair(centre, "dispenser", centre.devices["printer"])
    with AgentProcess.of(centre, printer, tmp_path):
        tickets = press_at_once(centre.api("dispenser"), Api(centre.url, other.token), each=3)
        wait_until_nothing_is_owed(centre)
    in_order = sorted(tickets, key=lambda ticket: int(ticket.position.rpartition(".")[2]))
    assert pieces(centre, printer, *tickets) == wholes(*in_order)


@pytest.fixture
def neighbours(
    centre: DemoServer, printer: PrinterSimulator, second: PrinterSimulator, agent: AgentProcess, tmp_path: Path
) -> Iterator[list[Api]]:
    """Two dispensers, each with a printer and an agent of its own, and the other's printer to stand in."""
    theirs = pair(centre, "printer")
    dispenser = pair(centre, "dispenser", theirs.device)
    beside = AgentProcess(tmp_path / "beside", centre.url, theirs.token, second.address, "--fallback", address(printer))
    with agent, beside:
        yield [centre.api("dispenser"), Api(centre.url, dispenser.token)]


def test_two_dispensers_stand_in_for_each_other(centre, printer, second, neighbours):
    """The second printer serves both: while it prints for one, the other's line is not answered, and waits."""
    printer.set(Fault.PAPER_OUT)
    tickets = press_at_once(*neighbours, each=2)
    wait_until_nothing_is_owed(centre)
    assert printer.papers == []
    assert sorted(pieces(centre, second, *tickets)) == sorted(wholes(*tickets))


def test_two_dispensers_with_a_printer_each_do_not_wait_for_each_other(centre, printer, second, neighbours):
    first, other = (dispenser.issue("chung-thuc") for dispenser in neighbours)
    wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, first, other) == wholes(first)
    assert pieces(centre, second, first, other) == wholes(other)


# -- other papers ------------------------------------------------------------------------------------------------------


def test_a_printer_of_58_mm_gets_a_paper_of_its_width(centre, tmp_path):
    with PrinterSimulator(width=384) as narrow:
        token = centre.tokens["printer"]
        with AgentProcess(tmp_path, centre.url, token, narrow.address, "--width", "384", "--cut", "none"):
            issue(centre)
            wait_until_nothing_is_owed(centre)
        narrow.stop()
        assert narrow.complaints == []
        assert narrow.received_bytes > 384 // 8 * 500


def test_a_printer_that_can_print_no_picture_gets_letters_without_diacritics(centre, printer, tmp_path):
    with AgentProcess(tmp_path, centre.url, centre.tokens["printer"], printer.address, "--prints", "text"):
        ticket = issue(centre)
        wait_until_nothing_is_owed(centre)
    [paper] = printer.papers
    lines = paper.text.splitlines()
    assert f"{ticket.number[0]} {ticket.number[1:]}" in lines
    assert lines[:3] == ["Uy ban nhan dan phuong Go Vap", "Trung tam Phuc vu hanh chinh cong phuong Go Vap", "-" * 48]
    assert "?" not in paper.text
    assert (paper.is_cut, printer.complaints) == (True, [])
