"""How many numbers of a field may still be given, and when they are given again.

Every number that was given counts, also one that was cancelled or voided since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig, Cap, CapChannel, Window
from queue_server.domain.state import BranchState, Day, FieldDay

CHANNELS: dict[str, CapChannel] = {
    "kiosk": "kiosk",
    "helper": "helper",
    "clerk": "helper",
    "phone": "online",
    "web": "online",
    "api": "online",
}
"""The channel of a cap that each channel of a number counts to. Numbers of a day before, and those that were given by
hand, count to the day and its half alone."""


DAYS_AHEAD = 7
"""A field that gives none on so many working days has none in sight, such as one with no numbers for this channel."""


class Rest(Struct, frozen=True):
    """So many numbers are `left`. `bound` is what allows no more: "day", "morning", "afternoon", or the channel."""

    left: int
    bound: str


def counted(config: BranchConfig, today: FieldDay, channel: str, given_at: datetime) -> FieldDay:
    """The field's day with one more number."""
    way = CHANNELS.get(channel)
    return replace(
        today,
        issued=today.issued + 1,
        issued_morning=today.issued_morning + _is_morning(config, given_at),
        issued_by={**today.issued_by, way: today.issued_by.get(way, 0) + 1} if way else today.issued_by,
    )


def rest(state: BranchState, code: str, channel: CapChannel | None, now: datetime) -> Rest | None:
    """What may be given through one channel or (None) through all, now or, outside the field's hours, when its numbers
    are next given today; None without a bound."""
    cap, day = state.field(code).cap, state.day
    if day is None or cap == Cap():
        return None
    config, windows = state.configured, hours.in_force(state.configured, day, state.field(code)).issuing
    is_given = hours.contains(config, day.date, windows, now)
    at = now if is_given else next(hours.starts_after(config, day.date, windows, now), now)
    return _rest(cap, state.fields[code], channel, is_morning=_is_morning(config, at))


def gives_again(state: BranchState, code: str, channel: CapChannel | None, now: datetime) -> datetime | None:
    """When a field that gives no more numbers now gives some again: later today, else on a day to come."""
    if state.day is None:
        return None
    later = _gives_later(state, state.day, code, channel, now)
    return later if later is not None else next(_gives_another_day(state, state.day, code, channel), None)


def is_over(state: BranchState, code: str, now: datetime) -> bool:
    """Whether no more numbers of this field are given today, neither by a dispenser nor by a helper."""
    ways: tuple[CapChannel, ...] = ("kiosk", "helper")
    day = state.day
    if day is None:
        return False
    found = [(rest(state, code, way, now), _gives_later(state, day, code, way, now)) for way in ways]
    return all(each is not None and each.left == 0 and later is None for each, later in found)


def _rest(cap: Cap, today: FieldDay, channel: CapChannel | None, *, is_morning: bool) -> Rest | None:
    half, most = ("morning", cap.morning) if is_morning else ("afternoon", cap.afternoon)
    given = today.issued_morning if is_morning else today.issued - today.issued_morning
    bounds: list[tuple[str, int | None, int]] = [("day", cap.day, today.issued)]
    if channel is not None:
        bounds.append((channel, cap.channels.get(channel), today.issued_by.get(channel, 0)))
    bounds.append((half, most, given))
    found = [Rest(max(0, most - given), bound) for bound, most, given in bounds if most is not None]
    return min(found, key=lambda each: each.left, default=None)


def _gives_later(state: BranchState, day: Day, code: str, channel: CapChannel | None, now: datetime) -> datetime | None:
    config, field, today = state.configured, state.field(code), state.fields[code]
    starts = _beginnings(config, day.date, hours.in_force(config, day, field).issuing)
    return next((at for at in starts if at > now and _gives(config, field.cap, today, channel, at)), None)


def _gives_another_day(state: BranchState, day: Day, code: str, channel: CapChannel | None) -> Iterator[datetime]:
    config, field, afresh = state.configured, state.field(code), FieldDay(code)
    following = day.date
    for _ in range(DAYS_AHEAD):
        found = hours.next_working_day(config, following, field=field)
        if found is None:
            return
        following = found
        starts = _beginnings(config, following, hours.planned(config, following, field).issuing)
        yield from (at for at in starts if _gives(config, field.cap, afresh, channel, at))


def _gives(config: BranchConfig, cap: Cap, today: FieldDay, channel: CapChannel | None, at: datetime) -> bool:
    found = _rest(cap, today, channel, is_morning=_is_morning(config, at))
    return found is None or found.left > 0


def _is_morning(config: BranchConfig, at: datetime) -> bool:
    return at < hours.instant(config, hours.service_day(config, at), config.limits.half_day_splits_at)


def _beginnings(config: BranchConfig, day: date, windows: tuple[Window, ...]) -> Iterator[datetime]:
    """When numbers begin to be given: with each window, and with the second half of the day within one."""
    splits_at = config.limits.half_day_splits_at
    for window in windows:
        yield hours.instant(config, day, window.start)
        if window.start < splits_at < window.end:
            yield hours.instant(config, day, splits_at)
