"""Calling a ticket to a counter, and what happens when nobody comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from queue_server.domain import events as ev
from queue_server.domain import hours
from queue_server.domain.commands import By, Call, CallNext, NoShow, Postpone, Recall, Reinstate, ReturnToQueue
from queue_server.domain.configuration import Field
from queue_server.domain.counters import Counter
from queue_server.domain.decide.issuing import require_day
from queue_server.domain.lifecycle import require
from queue_server.domain.refusals import Refusal
from queue_server.domain.routing import choose_next, explain, rule_name, waited_s
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket, TicketState


def call_next(state: BranchState, command: CallNext, by: By, now: datetime) -> list[ev.Event]:
    """The next ticket for this counter; a service that still runs there is over first, and its visit goes on where more
    is planned.

    Raises:
        Refusal: `nobody-waiting` when there is none (an empty answer, not a fault).
    """
    counter = ready_counter(state, command.counter, by)
    current = state.at_counter(counter.no)
    if current is not None and current.state is TicketState.CALLED:
        raise Refusal("counter-busy", counter=counter.no, number=current.number)
    choice = choose_next(state, counter, now)
    if choice is None:
        raise Refusal("nobody-waiting", counter=counter.no)
    over = [service_over(state, current)] if current else []
    return [*over, _called(choice.ticket, counter, explain(state, counter, now, choice))]


def call(state: BranchState, command: Call, by: By, now: datetime) -> list[ev.Event]:
    """A chosen ticket, out of turn: recorded as chosen by this actor."""
    ticket = state.ticket(command.ticket)
    require(ticket, "call")
    counter = free_counter(state, command.counter, by)
    require_service(counter, ticket, state.field(ticket.field))
    waiting = state.waiting_count(ticket.field)
    why = ev.Why("by-hand", "chosen", waiting, waited_s(ticket, now), words=command.reason)
    return [_called(ticket, counter, why)]


def service_over(state: BranchState, ticket: Ticket) -> ev.Event:
    """The end of a service where nobody says what follows: the next planned step, or as `turn_over` has it."""
    ended = turn_over(state, ticket)
    if isinstance(ended, ev.TicketFinished) and ticket.further:
        return next_of(ticket)
    return ended


def next_of(ticket: Ticket) -> ev.TicketStepDone:
    """On to the next planned step; where the visit goes back, to the list of that counter."""
    return ev.TicketStepDone(ticket.id, ticket.further[0], only_counter=ticket.back)


def turn_over(state: BranchState, ticket: Ticket, outcome: str = "done", dossiers: int | None = None) -> ev.Event:
    """The end of a service: of the visit, or of a bulk submitter's turn when more dossiers are left than one turn takes
    and not all of them were done."""
    left = ticket.dossiers_left
    turn = state.configured.rule.turn(left)
    done = min(left, dossiers or turn)
    if outcome == "done" and turn < left and done < left:
        return ev.TicketTurnDone(ticket.id, done)
    return ev.TicketFinished(ticket.id, outcome, dossiers and ticket.dossiers_done + dossiers)


def _called(ticket: Ticket, counter: Counter, why: ev.Why, *, is_resumed: bool = False) -> ev.TicketCalled:
    return ev.TicketCalled(
        ticket=ticket.id,
        number=ticket.number,
        field=ticket.field,
        counter=counter.no,
        clerk=counter.clerk or "",
        times=1,
        why=why,
        is_resumed=is_resumed,
    )


def called_back(state: BranchState, ticket: Ticket, counter: Counter) -> ev.TicketCalled:
    """A held ticket wanted at the counter again."""
    return _called(ticket, counter, ev.Why(rule_name(state.configured), "resumed"), is_resumed=True)


def ready_counter(state: BranchState, no: int, by: By) -> Counter:
    """An open counter on which this actor may act."""
    counter = state.counter(no)
    if not counter.is_open:
        raise Refusal("counter-closed", counter=no, state=counter.state.value)
    require_hand(counter, by)
    return counter


def free_counter(state: BranchState, no: int, by: By) -> Counter:
    """A ready counter at which nobody is called or served."""
    counter = ready_counter(state, no, by)
    current = state.at_counter(no)
    if current is not None:
        raise Refusal("counter-busy", counter=no, number=current.number)
    return counter


def require_service(counter: Counter, ticket: Ticket, field: Field) -> None:
    """A counter that takes the field which this ticket is in or goes to."""
    if not counter.can_serve(field.code):
        raise Refusal("cannot-serve", counter=counter.no, number=ticket.number, field=field.code, field_name=field.name)


def require_hand(counter: Counter, by: By) -> None:
    """One clerk per counter; a supervisor or an integration may act on any."""
    if counter.clerk is not None and counter.clerk != by.clerk and not by.may_override:
        raise Refusal("counter-taken", counter=counter.no)


def require_hand_on(state: BranchState, ticket: Ticket, by: By) -> None:
    """Only the clerk at the ticket's counter (or a supervisor) changes a ticket that is there."""
    counter = state.counters.get(ticket.counter) if ticket.counter is not None else None
    if counter is not None and ticket.state in (TicketState.CALLED, TicketState.SERVING):
        require_hand(counter, by)


def recall(state: BranchState, command: Recall, by: By, now: datetime) -> list[ev.Event]:
    ticket = state.ticket(command.ticket)
    require(ticket, "recall")
    require_hand_on(state, ticket, by)
    return [ev.TicketRecalled(ticket.id, ticket.number, ticket.counter or 0, ticket.times_called + 1)]


def no_show(state: BranchState, command: NoShow, by: By, now: datetime) -> list[ev.Event]:
    ticket = state.ticket(command.ticket)
    require(ticket, "no-show")
    require_hand_on(state, ticket, by)
    return [ev.TicketNoShow(ticket.id)]


def return_to_queue(state: BranchState, command: ReturnToQueue, by: By, now: datetime) -> list[ev.Event]:
    """Back to its place; a cool-down keeps it from being called again at once."""
    ticket = state.ticket(command.ticket)
    require(ticket, "return")
    require_hand_on(state, ticket, by)
    return [ev.TicketReturned(ticket.id, now + timedelta(seconds=state.configured.limits.cool_down_s))]


def postpone(state: BranchState, command: Postpone, by: By, now: datetime) -> list[ev.Event]:
    """The citizen lets others go first for a while, a limited number of times."""
    ticket = state.ticket(command.ticket)
    require(ticket, "postpone")
    limits = state.configured.limits
    if ticket.times_postponed >= limits.postpone_max:
        raise Refusal("limit-reached", number=ticket.number, command="postpone", limit=limits.postpone_max)
    return [ev.TicketPostponed(ticket.id, now + timedelta(seconds=limits.postpone_s))]


def reinstate(state: BranchState, command: Reinstate, by: By, now: datetime) -> list[ev.Event]:
    """A citizen who came after all: in the same half-day, behind the next two, never before the place it had."""
    ticket = state.ticket(command.ticket)
    require(ticket, "reinstate")
    require_day(state, now)
    limits = state.configured.limits
    if ticket.times_reinstated >= limits.reinstate_max:
        raise Refusal("limit-reached", number=ticket.number, command="reinstate", limit=limits.reinstate_max)
    if ticket.final_at is None or not _same_half_day(state, ticket.final_at, now):
        raise Refusal("half-day-over", number=ticket.number)
    ahead = islice(state.waiting(ticket.field, ticket.stream), limits.reinstate_behind)
    behind = (other.queue_at + timedelta(microseconds=1) for other in ahead)
    return [ev.TicketReinstated(ticket.id, max((ticket.queue_at, *behind)))]


def _same_half_day(state: BranchState, one: datetime, other: datetime) -> bool:
    config = state.configured
    day = hours.service_day(config, one)
    noon = hours.instant(config, day, config.limits.half_day_splits_at)
    return day == hours.service_day(config, other) and (one < noon) == (other < noon)
