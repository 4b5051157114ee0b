"""Opening hours: which service day an instant belongs to, and when counters work and numbers are given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from queue_server.domain.configuration import WEEKDAYS, BranchConfig, DayHours, Field, Window

if TYPE_CHECKING:
    from queue_server.domain.state import Day

CLOSED = DayHours()


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def service_day(config: BranchConfig, at: datetime) -> date:
    """The branch's local date, counted from its day boundary (03:00 unless configured) instead of midnight."""
    local = at.astimezone(zone(config.timezone))
    return (local - timedelta(minutes=config.day_boundary)).date()


def day_in_viet_nam(at: datetime) -> date:
    """The service day where no branch's own is known: as most of them count it, from three in the morning."""
    return (at.astimezone(UTC) + timedelta(hours=7 - 3)).date()


@lru_cache(maxsize=4096)
def _midnight(timezone: str, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone(timezone)).astimezone(UTC)


def instant(config: BranchConfig, day: date, minutes: int) -> datetime:
    """The UTC instant of so many minutes after that day's local midnight."""
    return _midnight(config.timezone, day) + timedelta(minutes=minutes)


def boundary(config: BranchConfig, day: date) -> datetime:
    """When this service day begins."""
    return instant(config, day, config.day_boundary)


def planned(config: BranchConfig, day: date, field: Field | None = None) -> DayHours:
    """Configured hours of a day: a dated exception of the branch, else the field's weekday, else the branch's."""
    exceptional = config.hours.dates.get(day.isoformat())
    if exceptional is not None:
        return exceptional.hours
    weekday = WEEKDAYS[day.weekday()]
    if field is not None and field.hours is not None and weekday in field.hours.weekly:
        return field.hours.weekly[weekday]
    return config.hours.weekly.get(weekday, CLOSED)


def in_force(config: BranchConfig, day: Day, field: Field | None) -> DayHours:
    """Today's hours: changed for the field, else changed for the branch, else as planned."""
    changed = (field and day.changed.get(field.code)) or day.changed.get("")
    return changed.hours if changed else planned(config, day.date, field)


def is_working_day(config: BranchConfig, day: date) -> bool:
    """Whether anything at all is open on that day."""
    return any(planned(config, day, field).working for field in (None, *config.fields))


def next_working_day(config: BranchConfig, after: date, *, field: Field | None = None, within: int = 60) -> date | None:
    """The first day after `after` on which the branch (or that field) works; None when there is none in sight."""
    for ahead in range(1, within + 1):
        day = after + timedelta(days=ahead)
        if planned(config, day, field).working if field else is_working_day(config, day):
            return day
    return None


def contains(config: BranchConfig, day: date, windows: tuple[Window, ...], at: datetime) -> bool:
    return any(instant(config, day, w.start) <= at < instant(config, day, w.end) for w in windows)


def starts_after(config: BranchConfig, day: date, windows: tuple[Window, ...], at: datetime) -> Iterator[datetime]:
    """Starts of windows that lie after `at`, in order."""
    return (start for w in windows if (start := instant(config, day, w.start)) > at)


def closing(config: BranchConfig, day: date, hours: DayHours) -> datetime | None:
    """When the last working window ends, or None on a closed day."""
    ends = [w.end for w in hours.working]
    return instant(config, day, max(ends)) if ends else None
