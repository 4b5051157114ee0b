"""Papers: asking for another one, and what the printer agent reports."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import By, ReportPaper, Reprint
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import DELAYED, BranchState


def printer_for(state: BranchState, ticket_id: str, by: By) -> str | None:
    """Where another paper of this ticket comes out: beside whoever asks, else where the last one did."""
    last = (paper.printer for paper in reversed(state.papers.values()) if paper.ticket == ticket_id)
    return by.printer or next(last, None)


def reprint(state: BranchState, command: Reprint, by: By, now: datetime) -> list[ev.Event]:
    ticket = state.ticket(command.ticket)
    printer = command.printer or printer_for(state, ticket.id, by)
    if printer is None:
        raise Refusal("no-printer", number=ticket.number)
    return [ev.PaperRequested(ticket.id, printer)]


def report_paper(state: BranchState, command: ReportPaper, by: By, now: datetime) -> list[ev.Event]:
    """What became of a job. A second report of the same outcome changes nothing; a job of another day is forgotten.

    That a paper is delayed is no news any more once it has ended.
    """
    paper = state.papers.get(command.job)
    if paper is None or (paper.outcome, paper.reason) == (command.outcome, command.reason):
        return []
    if command.outcome == DELAYED and not paper.is_owed:
        return []
    return [ev.PaperReported(command.job, command.outcome, command.reason)]
