"""GET /metrics, in Prometheus' text format: this process, and each branch that it serves. Nothing leads to a person."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from queue_server.domain.state import BranchState
from queue_server.domain.tickets import TicketState
from queue_server.domain.training import home_of
from queue_server.web.asking import house_of

SHOWN = (TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.FINISHED, TicketState.NO_SHOW)
MEDIA = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(request: Request) -> Response:
    """What a monitoring system may ask for every few seconds."""
    house = house_of(request)
    lines = [
        "# HELP layso_connections WebSocket connections of this process.",
        "# TYPE layso_connections gauge",
        f"layso_connections {len(house.hub.connections)}",
        *_people(await house.presence.people()),
        "# HELP layso_clock_stepped 1 while the wall clock is in doubt and timers rest.",
        "# TYPE layso_clock_stepped gauge",
        f"layso_clock_stepped {int(house.bus.watch.has_stepped)}",
        "# HELP layso_journal_seq Events in a branch's journal.",
        "# TYPE layso_journal_seq counter",
    ]
    states = [(host.branch_id, await host.settled()) for host in house.bus if home_of(host.branch_id) is None]
    lines += [f'layso_journal_seq{{branch="{branch}"}} {state.seq}' for branch, state in states]
    lines += [
        "# HELP layso_tickets Today's tickets by field and state.",
        "# TYPE layso_tickets gauge",
        *(line for branch, state in states for line in _tickets(branch, state)),
        "# HELP layso_open_counters Counters that take a field now.",
        "# TYPE layso_open_counters gauge",
        *(line for branch, state in states for line in _counters(branch, state)),
    ]
    return PlainTextResponse("\n".join(lines) + "\n", media_type=MEDIA)


def _people(count: int | None) -> Iterator[str]:
    if count is not None:
        yield "# HELP layso_people Connections of people (consoles, phones), over all processes."
        yield "# TYPE layso_people gauge"
        yield f"layso_people {count}"


def _tickets(branch: str, state: BranchState) -> Iterator[str]:
    for code in state.fields:
        for shown in SHOWN:
            labels = f'branch="{branch}",field="{code}",state="{shown.value}"'
            yield f"layso_tickets{{{labels}}} {state.count(code, shown)}"


def _counters(branch: str, state: BranchState) -> Iterator[str]:
    for code in state.fields:
        yield f'layso_open_counters{{branch="{branch}",field="{code}"}} {state.open_counters(code)}'
