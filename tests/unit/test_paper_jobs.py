"""Print jobs: what the agent reports, what a printer still owes, and what staff see of it."""

from __future__ import annotations

from typing import Literal

from queue_server.domain import commands as c
from queue_server.realtime.live import printers_waiting, printers_warned
from queue_server.realtime.views import PrinterView
from tests.factories import Branch, moment

PRINTER = c.By("device:printer-1")
Outcome = Literal["printed", "reprinted", "failed", "too_old", "delayed"]


def a_job(branch: Branch, at: str = "08:00") -> str:
    branch.issue("chung-thuc", at)
    return list(branch.state.papers)[-1]


def report(branch: Branch, job: str, outcome: Outcome, reason: str = "", at: str = "08:01") -> int:
    """How many events the report made."""
    return len(branch.do(c.ReportPaper(job=job, outcome=outcome, reason=reason), at, PRINTER))


def owed(branch: Branch) -> list[str]:
    return [key for _, key in PrinterView("printer-1").keys(branch.state)]


def waiting(branch: Branch, at: str) -> dict[str, str]:
    return printers_waiting(branch.state, moment(at))


def test_a_delayed_paper_is_still_owed_and_staff_see_why() -> None:
    branch = Branch()
    job = a_job(branch)
    assert report(branch, job, "delayed", "paper_out") == 1
    assert owed(branch) == [job]
    assert waiting(branch, "08:01") == {"printer-1": "paper_out"}
    assert report(branch, job, "printed") == 1
    assert owed(branch) == []
    assert waiting(branch, "08:02") == {}


def test_the_same_delay_again_is_no_news_and_another_reason_is() -> None:
    branch = Branch()
    job = a_job(branch)
    reported = [report(branch, job, "delayed", reason) for reason in ("paper_out", "paper_out", "cover_open")]
    assert reported == [1, 0, 1]


def test_a_delay_that_comes_late_does_not_ask_for_the_paper_again() -> None:
    branch = Branch()
    job = a_job(branch)
    report(branch, job, "printed")
    assert report(branch, job, "delayed", "paper_out") == 0
    assert owed(branch) == []


def test_a_printer_of_which_nothing_is_heard_is_silent() -> None:
    branch = Branch()
    a_job(branch)
    assert waiting(branch, "08:00:10") == {}
    assert waiting(branch, "08:00:16") == {"printer-1": "silent"}


def test_a_reason_that_was_given_says_more_than_silence() -> None:
    branch = Branch()
    first, _ = a_job(branch), a_job(branch, "08:00:01")
    report(branch, first, "delayed", "cover_open")
    assert waiting(branch, "08:09") == {"printer-1": "cover_open"}


def test_staff_see_the_warning_of_a_printers_newest_paper() -> None:
    branch = Branch()
    first, second = a_job(branch), a_job(branch, "08:00:01")
    report(branch, first, "printed", "near_end")
    assert printers_warned(branch.state) == {"printer-1": "near_end"}
    report(branch, second, "reprinted")
    assert printers_warned(branch.state) == {}
