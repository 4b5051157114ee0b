"""How many numbers a device may give: nobody who plays with a dispenser uses up a day's numbers.

By the instants of its last numbers, which follow from the events: so all processes count the same, a restart forgets
nothing, and a press that is repeated counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from queue_server.domain.configuration import Limits

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def is_device(actor: str) -> bool:
    return actor.startswith("device:")


def with_one_more(given: tuple[datetime, ...], at: datetime, limits: Limits) -> tuple[datetime, ...]:
    """The last numbers with this one, as many as the limits look at."""
    most = max((most for most, _ in _limits(limits)), default=0)
    return (*given, at)[-most:] if most else ()


def pauses_until(given: tuple[datetime, ...], limits: Limits, now: datetime) -> datetime | None:
    """When the device may give a number again; None when it may now. What is later than now was given before the clock
    was set back, and says nothing."""
    ends = (
        given[-most] + span for most, span in _limits(limits) if len(given) >= most and now - span < given[-most] <= now
    )
    return max(ends, default=None)


def _limits(limits: Limits) -> Iterator[tuple[int, timedelta]]:
    for most, span in ((limits.numbers_a_minute, MINUTE), (limits.numbers_an_hour, HOUR)):
        if most is not None:
            yield most, span
