"""The picture of a print job over HTTP: who may see it, and that it is always the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import msgspec
import pytest
from PIL import Image

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.domain.commands import Issue
from queue_server.protocol.problems import Problem
from queue_server.readers.printing.paper import TicketPaper
from queue_server.settings import Settings, read_settings
from queue_server.web.api import papers
from tests.demo_server import BRANCH, demo_config
from tests.printing import job_of
from tests.server import DemoServer, Ticket


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """A server for tests that only look at pictures."""
    with DemoServer(tmp_path_factory.mktemp("house")) as server:
        yield server


def issue(centre: DemoServer, field: str = "chung-thuc", **asked: Any) -> Ticket:
    return centre.api("dispenser").issue(field, **asked)


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


def test_a_picture_has_one_bit_a_dot_and_the_width_of_the_head(house):
    job = job_of(issue(house))
    wide, *narrow = picture(house, job), picture(house, f"{job}?width=512"), picture(house, f"{job}?width=384")
    assert [(p.mode, p.width) for p in (wide, *narrow)] == [("1", 576), ("1", 512), ("1", 384)]
    assert picture(house, job).tobytes() == wide.tobytes()
    marked = picture(house, f"{job}?marked=1")
    assert marked.height > wide.height


def test_the_text_of_a_paper_is_for_its_printer_and_as_wide_as_it_asks(house):
    ticket = issue(house)
    job = job_of(ticket)
    path = f"/print-jobs/{job}/text?columns=32"
    lines = house.api("printer").get(path)["lines"]
    assert lines == house.api("integration").get(path)["lines"]
    assert {"text": f"{ticket.number[0]} {ticket.number[1:]}", "size": 6} in lines
    assert max(len(line["text"]) * line["size"] for line in lines) <= 32
    assert not any("IN LAI" in line["text"] for line in lines)
    assert "IN LAI" in house.api("printer").get(f"{path}&marked=1")["lines"][0]["text"]
    other = house.api().ticket(ticket.id, "reprint", printer="printer-other")
    assert refusal(house, f"{job_of(other)}/text") == (404, "unknown-job")
    assert refusal(house, f"{job}/text", "dispenser") == (403, "forbidden")


def test_a_picture_is_the_same_after_a_restart(centre):
    job = job_of(issue(centre))
    before = picture(centre, job).tobytes()
    centre.restart()
    assert picture(centre, job).tobytes() == before


def test_staff_who_may_reprint_see_the_picture(house):
    job = job_of(issue(house))
    assert picture(house, job, "integration").tobytes() == picture(house, job).tobytes()


def test_others_do_not(house):
    job = job_of(issue(house))
    assert refusal(house, job, "nobody") == (401, "unauthenticated")
    assert refusal(house, job, "dispenser") == (403, "forbidden")


def test_another_printers_job_does_not_exist_for_a_printer(house):
    ticket = issue(house)
    answer = house.api().ticket(ticket.id, "reprint", printer="printer-other")
    job = job_of(answer)
    assert refusal(house, job) == (404, "unknown-job")
    assert picture(house, job, "integration").width == 576


@pytest.mark.parametrize("job", ["x", "x-1", "ticket-99999999", "%20", "a%2Fb-1"])
def test_what_is_no_job_is_refused(house, job):
    assert refusal(house, job) in ((404, "unknown-job"), (404, "not-found"))
    assert refusal(house, job, "integration") in ((404, "unknown-job"), (404, "not-found"))


@pytest.mark.parametrize("query", ["?width=80", "?width=", "?marked=2", "?marked=yes"])
def test_a_question_that_makes_no_sense_is_refused(house, query):
    assert refusal(house, f"{job_of(issue(house))}{query}") == (400, "malformed")


@pytest.mark.parametrize("query", ["columns=23", "columns=65", "columns=x", "columns=²", "columns=", "marked=2"])
def test_so_is_one_for_text(house, query):
    assert refusal(house, f"{job_of(issue(house))}/text?{quote(query, safe='=')}") == (400, "malformed")


def test_the_code_on_the_paper_leads_to_the_ticket(tmp_path):
    """With a public address the paper carries a QR code, whose end is the ticket's token."""
    paper, ticket_of = asyncio.run(a_paper_with_a_code(read_settings({}, data=tmp_path, public_url="https://x.vn/")))
    assert paper.url is not None
    address, _, token = paper.url.rpartition("/")
    assert address == "https://x.vn/t"
    assert ticket_of(token)


async def a_paper_with_a_code(settings: Settings) -> tuple[TicketPaper, Callable[[str], str]]:
    """The paper of the first ticket, and what finds a ticket by its token."""
    async with open_house(settings) as house:
        who = Who("account:admin", Role.ADMINISTRATOR, printer="printer-1")
        await house.bus.put_in_force(demo_config(house.now()), who.by(), "setup-0001")
        await house.bus.carry_out(BRANCH, Issue(branch=BRANCH, field="chung-thuc"), who.by(), "press-0001")
        host = await house.bus.host(BRANCH)
        (job,) = host.state.papers.values()
        return await papers.filled_from(house, host, job, is_marked=False), house.access.ticket_tokens.ticket_of
