"""live:BRANCH: how a branch is doing now. Made at most once a second, and only while somebody looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import get_args

from queue_server.domain import caps
from queue_server.domain.configuration import CapChannel
from queue_server.domain.estimate import arrival_wait, fresh, takes_more
from queue_server.domain.foresight import Outlook
from queue_server.domain.state import DELAYED, BranchState
from queue_server.domain.tickets import Stream, TicketState
from queue_server.protocol.rows import CapLeft, Live, LiveField
from queue_server.realtime.pace import Pace
from queue_server.realtime.views import told

TOTALS = ("issued", "waiting", "called", "serving", "held", "finished", "no_show", "voided", "over_15", "over_30")

SILENT_PRINTER = timedelta(seconds=15)
"""A paper takes seconds, and a printer that cannot print it says so at once."""


def live(state: BranchState, now: datetime, pace: Pace, outlook: Outlook | None = None) -> Live:
    """The branch as a manager, a dispenser and a phone see it; ages are instants, so that only change changes it."""
    fields = {code: _field(state, code, now, pace, outlook) for code in state.fields}
    totals = {name: sum(getattr(field, name) for field in fields.values()) for name in TOTALS}
    return Live(
        branch=state.configured.branch,
        fields=fields,
        cancelled=sum(state.count(code, TicketState.CANCELLED) for code in state.fields),
        uncovered_alarm_s=state.configured.limits.uncovered_alarm_s,
        ends_by_forecast=state.configured.limits.ends_by_forecast,
        papers_failed=sum(1 for paper in state.papers.values() if paper.outcome in ("failed", "too_old")),
        printers_waiting=printers_waiting(state, now),
        printers_warned=printers_warned(state),
        help_called=dict(state.help),
        **totals,
    )


def printers_waiting(state: BranchState, now: datetime) -> dict[str, str]:
    """Printers that owe a paper: with the reason that their agents gave, or "silent" where an agent says nothing."""
    owed = [paper for paper in state.papers.values() if paper.is_owed]
    silent = {paper.printer: "silent" for paper in owed if now - paper.asked_at > SILENT_PRINTER}
    return silent | {paper.printer: paper.reason for paper in owed if paper.outcome == DELAYED}


def printers_warned(state: BranchState) -> dict[str, str]:
    """Printers whose newest paper came with a warning."""
    came = {paper.printer: paper.reason for paper in state.papers.values() if paper.outcome in ("printed", "reprinted")}
    return {printer: reason for printer, reason in came.items() if reason}


def _field(state: BranchState, code: str, now: datetime, pace: Pace, outlook: Outlook | None) -> LiveField:
    waiting = state.waiting_count(code)
    today = state.fields[code]
    seen = fresh(outlook, code, now)
    rest = caps.rest(state, code, None, now)
    lately = pace.of(code, now)
    heads = (next(state.waiting(code, stream), None) for stream in Stream)
    ahead = {
        each: partial(state.ahead, stream=each, entry=((now, now),)) for each in (Stream.ORDINARY, Stream.PRIORITY)
    }
    wait = {each: told(arrival_wait(state, code, each, ahead[each], now, outlook)) for each in ahead}
    return LiveField(
        code=code,
        waiting=waiting,
        called=state.count(code, TicketState.CALLED),
        serving=state.count(code, TicketState.SERVING),
        held=state.count(code, TicketState.HELD),
        issued=today.issued,
        finished=state.count(code, TicketState.FINISHED),
        no_show=state.count(code, TicketState.NO_SHOW),
        voided=state.count(code, TicketState.VOIDED),
        open_counters=state.open_counters(code),
        oldest_at=min((head.arrival_at for head in heads if head), default=None),
        uncovered_at=today.uncovered_at,
        ahead=ahead[Stream.ORDINARY](code),
        ahead_priority=ahead[Stream.PRIORITY](code),
        wait=wait[Stream.ORDINARY],
        wait_priority=wait[Stream.PRIORITY],
        unserved=round(seen.unserved) if seen else None,
        takes_more=takes_more(outlook, code, Stream.ORDINARY, now),
        takes_more_priority=takes_more(outlook, code, Stream.PRIORITY, now),
        came_hour=lately.came,
        served_hour=lately.served,
        over_15=lately.over_15,
        over_30=lately.over_30,
        cap_left=rest.left if rest is not None else None,
        cap_left_by=_caps(state, code, now),
    )


def _caps(state: BranchState, code: str, now: datetime) -> dict[str, CapLeft]:
    rests = {way: caps.rest(state, code, way, now) for way in get_args(CapChannel)}
    return {
        way: CapLeft(rest.left, None if rest.left else caps.gives_again(state, code, way, now))
        for way, rest in rests.items()
        if rest is not None
    }
