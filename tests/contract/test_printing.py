"""From the press to the paper: a real server, a real agent and a simulated printer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest
from PIL import Image

from queue_server.protocol.problems import Problem
from queue_server.readers.printing.layouts import read_layout
from queue_server.readers.printing.paper import TicketPaper
from queue_server.readers.printing.picture import draw_ticket
from tests.demo_server import BRANCH, PASSWORD
from tests.factories import VIETNAM
from tests.printing import (
    ROOT,
    AgentProcess,
    Piece,
    Reader,
    Reported,
    job_of,
    owed,
    reports,
    trimmed,
    wait_for_live,
    wait_until_nothing_is_owed,
)
from tests.server import DemoServer, Ticket
from tests.simulators.escpos_decoder import picture_digest
from tests.simulators.printer import Fault, PrinterSimulator

SLOW = 60_000  # bytes a second: a ticket takes 0.7 s


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path) as server:
        yield server


@pytest.fixture
def printer() -> Iterator[PrinterSimulator]:
    with PrinterSimulator() as simulator:
        yield simulator


@pytest.fixture
def agent(centre: DemoServer, printer: PrinterSimulator, tmp_path: Path) -> AgentProcess:
    """Not started yet."""
    return an_agent(centre, printer, tmp_path)


def an_agent(centre: DemoServer, printer: PrinterSimulator, folder: Path) -> AgentProcess:
    return AgentProcess(folder, centre.url, centre.tokens["printer"], printer.address)


def issue(centre: DemoServer, field: str = "chung-thuc", **asked: object) -> Ticket:
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
        place="Tầng 1",
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
        centre.api().ticket(ticket.id, "reprint")
        paper = printer.wait_for_papers(2)[1]
        wait_until_nothing_is_owed(centre)
    assert pieces(centre, printer, ticket)[1].kind == "unknown"  # not what was drawn at the press
    assert paper.image.height > 300


# -- delivered twice ---------------------------------------------------------------------------------------------------


def delivered_twice(folder: Path, *, is_wiped: bool) -> tuple[list[Piece], list[Piece]]:
    """The server dies while a paper is being printed and never hears of its end: it delivers the job again."""
    with DemoServer(folder) as centre, PrinterSimulator(bytes_per_second=SLOW) as printer:
        with an_agent(centre, printer, folder) as agent:
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
    """A clock that runs a hundred times as fast: five minutes pass in three seconds."""
    with (
        DemoServer(tmp_path, "--clock-speed", "100", "--clock-start", datetime.now(VIETNAM).isoformat()) as centre,
        PrinterSimulator() as printer,
        an_agent(centre, printer, tmp_path),
    ):
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
        owed(centre, lambda jobs: len(jobs) == 4)
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


# -- the picture over HTTP ---------------------------------------------------------------------------------------------


def picture(centre: DemoServer, path: str, kind: str = "printer") -> Image.Image:
    request = Request(f"{centre.url}/api/v1/print-jobs/{path}")
    if kind in centre.tokens:
        request.add_header("Authorization", f"Bearer {centre.tokens[kind]}")
    with urlopen(request, timeout=10) as answer:
        assert answer.headers["content-type"] == "image/png"
        return Image.open(BytesIO(answer.read()))


def refusal(centre: DemoServer, path: str, kind: str = "printer") -> tuple[int, str]:
    with pytest.raises(HTTPError) as found:
        picture(centre, path, kind)
    with found.value as answer:
        said = msgspec.json.decode(answer.read(), type=Problem)
    return said.status, said.code


def test_a_picture_has_one_bit_a_dot_and_the_width_of_the_head(centre):
    job = job_of(issue(centre))
    wide, narrow = picture(centre, job), picture(centre, f"{job}?width=512")
    assert [(p.mode, p.width) for p in (wide, narrow)] == [("1", 576), ("1", 512)]
    assert picture(centre, job).tobytes() == wide.tobytes()
    marked = picture(centre, f"{job}?marked=1")
    assert marked.height > wide.height


def test_a_picture_is_the_same_after_a_restart(centre):
    job = job_of(issue(centre))
    before = picture(centre, job).tobytes()
    centre.restart()
    assert picture(centre, job).tobytes() == before


def test_staff_who_may_reprint_see_the_picture(centre):
    job = job_of(issue(centre))
    assert picture(centre, job, "integration").tobytes() == picture(centre, job).tobytes()


def test_others_do_not(centre):
    job = job_of(issue(centre))
    assert refusal(centre, job, "nobody") == (401, "unauthenticated")
    assert refusal(centre, job, "dispenser") == (403, "forbidden")


def test_another_printers_job_does_not_exist_for_a_printer(centre):
    ticket = issue(centre)
    answer = centre.api().ticket(ticket.id, "reprint", printer="printer-other")
    job = job_of(answer)
    assert refusal(centre, job) == (404, "unknown-job")
    assert picture(centre, job, "integration").width == 576


@pytest.mark.parametrize("job", ["x", "x-1", "ticket-99999999", "%20", "a%2Fb-1"])
def test_what_is_no_job_is_refused(centre, job):
    assert refusal(centre, job) in ((404, "unknown-job"), (404, "not-found"))
    assert refusal(centre, job, "integration") in ((404, "unknown-job"), (404, "not-found"))


@pytest.mark.parametrize("query", ["width=80", "width=", "marked=2", "marked=yes"])
def test_a_question_that_makes_no_sense_is_refused(centre, query):
    assert refusal(centre, f"{job_of(issue(centre))}?{query}") == (400, "malformed")


def test_the_code_on_the_paper_leads_to_the_ticket(tmp_path, monkeypatch):
    """With a public address the paper carries a QR code."""
    with DemoServer(tmp_path / "without") as plain:
        without = trimmed(picture(plain, job_of(issue(plain))))
    with DemoServer(tmp_path / "with", "--public-url", "https://hangdoi.example.vn/") as centre:
        with_code = trimmed(picture(centre, job_of(issue(centre))))
    assert without is not None
    assert with_code is not None
    assert with_code.height > without.height + 100


# -- the command line --------------------------------------------------------------------------------------------------


def signed_in(centre: DemoServer, username: str, method: str, path: str, body: object) -> None:
    """A change by somebody with an account."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": "a-key-of-its-own"}
    sign_in = Request(f"{centre.url}/api/v1/session", method="POST", headers=headers)
    sign_in.data = msgspec.json.encode({"username": username, "password": PASSWORD})
    with urlopen(sign_in, timeout=10) as answer:
        cookie = answer.headers["set-cookie"].partition(";")[0]
    change = Request(f"{centre.url}/api/v1{path}", method=method, headers={**headers, "Cookie": cookie})
    change.data = msgspec.json.encode(body)
    with urlopen(change, timeout=10):
        pass


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "printer_agent", *arguments]


def test_a_new_printer_is_let_in_by_six_digits(centre, tmp_path):
    state = tmp_path / "state"
    asked = command("pair", "--server", centre.url, "--state", str(state))
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, text=True) as pairing:
        assert pairing.stdout is not None
        code = pairing.stdout.readline().partition(":")[2].replace(" ", "").strip()
        assert len(code) == 6
        body = {"code": code, "name": "Máy in tầng 2", "branch": BRANCH}
        signed_in(centre, "quang", "POST", "/pairings/confirm", body)
        assert pairing.wait(timeout=20) == 0
    token = state / "token"
    assert token.stat().st_mode & 0o777 == 0o600
    me = centre.api()
    me._token = token.read_text().strip()
    assert me.get("/me")["name"] == "Máy in tầng 2"


def status(state: Path, *more: str) -> tuple[int, str]:
    done = subprocess.run(
        command("status", "--state", str(state), *more), cwd=ROOT, capture_output=True, text=True, timeout=20
    )
    return done.returncode, done.stdout


def test_the_status_says_what_the_agent_does_and_what_the_printer_has(centre, printer, agent):
    address = "network:{}:{}".format(*printer.address)
    printer.set(Fault.COVER_OPEN)
    assert status(agent.state, "--printer", address) == (1, "agent    not running\nprinter  cover_open\n")
    printer.clear(Fault.COVER_OPEN)
    with agent:
        issue(centre)
        wait_until_nothing_is_owed(centre)
        code, said = status(agent.state)
        assert code == 0
        assert said.splitlines()[1:] == ["printer  ok", "papers   0 owed, last printed: A001"]


def test_an_agent_with_a_token_that_ended_says_so_and_stays_away(centre, printer, tmp_path):
    with AgentProcess(tmp_path, centre.url, "no-token-of-ours", printer.address) as agent:
        assert agent.wait() == 3
        assert "Pair it again" in agent.log.read_text()


def test_an_agent_with_somebody_elses_token_says_so(centre, printer, tmp_path):
    with AgentProcess(tmp_path, centre.url, centre.tokens["display"], printer.address) as agent:
        assert agent.wait() == 3


def test_a_second_agent_with_the_same_memory_does_not_start(centre, printer, agent):
    with agent:
        issue(centre)
        wait_until_nothing_is_owed(centre)
        second = an_agent(centre, printer, agent.log.parent)
        with second:
            assert second.wait() == 2
    assert "another printer agent is using it" in agent.log.read_text()


def test_a_revoked_printer_stops(centre, printer, agent):
    with agent:
        issue(centre)
        wait_until_nothing_is_owed(centre)
        signed_in(centre, "quang", "DELETE", f"/devices/{centre.devices['printer']}", {})
        centre.restart()
        assert agent.wait() == 3
