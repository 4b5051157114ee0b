"""A recorded day played again: as it was, and with other counters."""

from __future__ import annotations

from msgspec.structs import replace

from load.simulate.calendar import Calendar
from load.simulate.centre import Centre
from load.simulate.people import Day, Hall, Rule, Shift
from load.simulate.recorded import RecordedDay
from queue_server.domain import commands as c
from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig, Desk


def play_again(recorded: RecordedDay, rule: Rule) -> Day:
    calendar = Calendar()
    hall = Hall(Centre(recorded.config, recorded.date), calendar, rule, 0.0, opens_s=recorded.opens_s)
    hall.intend(recorded.changes)
    hall.staff(dict(recorded.shifts))
    hall.expect(recorded.visits)
    calendar.run()
    return hall.close()


def with_counter(recorded: RecordedDay, no: int, fields: tuple[str, ...]) -> RecordedDay:
    """The same day with this counter at work from opening to closing time, in these fields: one more, or another use of
    one that there is.

    Raises:
        LookupError: there is no such field.
    """
    unknown = set(fields) - {field.code for field in recorded.config.fields}
    if unknown or not fields:
        known = ", ".join(field.code for field in recorded.config.fields)
        raise LookupError(f"no field {', '.join(sorted(unknown)) or 'given'}; there are {known}")
    spells = tuple((w.start * 60.0, w.end * 60.0) for w in hours.planned(recorded.config, recorded.date).working)
    return replace(
        recorded,
        config=_with_desk(recorded.config, Desk(no, fields)),
        shifts={**recorded.shifts, no: Shift(spells)},
        changes=tuple((at, _changed(command, Desk(no, fields))) for at, command in recorded.changes),
    )


def _with_desk(config: BranchConfig, desk: Desk) -> BranchConfig:
    others = (each for each in config.counters if each.no != desk.no)
    return replace(config, counters=tuple(sorted((*others, desk), key=lambda each: each.no)))


def _changed(command: c.Command, desk: Desk) -> c.Command:
    """What a manager does later in the day leaves this counter as it is."""
    if isinstance(command, c.Configure):
        return c.Configure(config=_with_desk(command.config, desk))
    if isinstance(command, c.AssignCounter) and command.counter == desk.no:
        return c.AssignCounter(counter=desk.no, fields=desk.fields)
    return command


def without_counter(recorded: RecordedDay, no: int) -> RecordedDay:
    """The same day with this counter closed.

    Raises:
        LookupError: it was not open.
    """
    if no not in recorded.shifts:
        raise LookupError(f"counter {no} was not open; open were {', '.join(map(str, sorted(recorded.shifts)))}")
    return replace(recorded, shifts={each: shift for each, shift in recorded.shifts.items() if each != no})
