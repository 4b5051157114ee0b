"""Taking a new configuration into force while tickets wait: matched by code, and nobody is lost."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime

from msgspec.structs import replace

from queue_server.domain import events as ev
from queue_server.domain.commands import By, Configure, SetNotices
from queue_server.domain.configuration import BranchConfig, Desk, Field
from queue_server.domain.counters import CounterState
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket


def configure(state: BranchState, command: Configure, by: By, now: datetime) -> list[ev.Event]:
    """The new configuration, with the version after the present one; nothing when nothing differs."""
    new = command.config
    old = state.config
    if old is None:
        return [ev.BranchConfigured(new)]
    if new.branch != old.branch:
        raise Refusal("other-branch", branch=new.branch)
    if new.timezone != old.timezone or new.day_boundary != old.day_boundary:
        _require_between_days(state)
    merged = replace(_with_retired(state, old, new), version=old.version)
    if merged == old:
        return []
    return [ev.BranchConfigured(replace(merged, version=old.version + 1))]


def set_notices(state: BranchState, command: SetNotices, by: By, now: datetime) -> list[ev.Event]:
    """Other notices; nothing when there are just these. Whoever has not seen the newest ones does not undo them."""
    config = state.configured
    if command.notices == config.notices:
        return []
    if command.version != config.version:
        raise Refusal("notices-changed")
    return [ev.BranchConfigured(replace(config, notices=command.notices, version=config.version + 1))]


def _require_between_days(state: BranchState) -> None:
    if state.day is not None and state.day.ended_at is None:
        raise Refusal("only-between-days")


def _with_retired(state: BranchState, old: BranchConfig, new: BranchConfig) -> BranchConfig:
    """What the new file no longer names but is in use stays, retired: no new tickets, gone on a new day when empty.

    Every ticket of the day counts, not only the live ones: a no-show may be reinstated, a rebooked one comes back.
    """
    in_use = fields_of((*state.tickets.values(), *state.before.values(), *state.booked.values()))
    codes = {field.code for field in new.fields}
    fields = [_retired_field(f) for f in old.fields if f.code not in codes and f.code in in_use]
    numbers = {desk.no for desk in new.counters}
    desks = [_retired_desk(d) for d in old.counters if d.no not in numbers and _is_used(state, d.no)]
    series = {s.code for s in new.series}
    kept_series = [s for s in old.series if s.code not in series and any(f.series == s.code for f in fields)]
    agencies = {a.code for a in new.agencies}
    kept_agencies = [a for a in old.agencies if a.code not in agencies and any(f.agency == a.code for f in fields)]
    return replace(
        new,
        fields=(*new.fields, *fields),
        counters=(*new.counters, *desks),
        series=(*new.series, *kept_series),
        agencies=(*new.agencies, *kept_agencies),
    )


def fields_of(tickets: Iterable[Ticket]) -> set[str]:
    """The fields that these tickets are in or will come to."""
    return {code for ticket in tickets for code in (ticket.field, *ticket.steps)}


def _retired_field(field: Field) -> Field:
    return replace(field, is_retired=True)


def _retired_desk(desk: Desk) -> Desk:
    return replace(desk, is_retired=True)


def _is_used(state: BranchState, no: int) -> bool:
    counter = state.counters.get(no)
    is_staffed = counter is not None and counter.state is not CounterState.CLOSED
    return is_staffed or state.at_counter(no) is not None or any(t.counter == no for t in state.held())


def without_retired(config: BranchConfig, fields_in_use: Set[str]) -> BranchConfig:
    """A new day's configuration: what was retired and is not in use any more has gone. That is a new version."""
    fields = tuple(f for f in config.fields if not f.is_retired or f.code in fields_in_use)
    counters = tuple(d for d in config.counters if not d.is_retired)
    if len(fields) == len(config.fields) and len(counters) == len(config.counters):
        return config
    return replace(config, fields=fields, counters=counters, version=config.version + 1)
