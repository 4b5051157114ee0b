"""Judges what is seen of a page: whether it is well, to be loaded anew, or its browser to be started anew. No clock and
no browser of its own: times are seconds of a clock that is never set back."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from msgspec import Struct

LOAD_HELPS_S = 180.0
"""A page that is at fault again so soon after it was loaded anew needs a new browser."""
HOURS_OF_GROWTH = 12
GROWTH = 1.5
NIGHT = range(2, 5)
FAR_OVER = 1.5
"""So many times the limit: the system's own end of memory is near, and no quiet moment is waited for."""
MEMORY_APART_S = 3600.0


class Pace(Struct, frozen=True):
    """How often is looked, and how long is waited; all in seconds. A browser that ended comes back after `pause_s`,
    twice as late each time until `longest_pause_s`; after `well_s` of life the first pause again. What the player
    itself decides ends no browser that is younger than `apart_s`."""

    beat_s: float = 5.0
    freeze_s: float = 15.0
    blank_s: float = 20.0
    picture_s: float = 30.0
    memory_s: float = 30.0
    server_s: float = 3.0
    pause_s: float = 1.0
    longest_pause_s: float = 60.0
    well_s: float = 300.0
    apart_s: float = 60.0


class Look(Struct, frozen=True):
    """What a page said when asked: `ticks` of its own clockwork, None when it is no page of ours."""

    has_text: bool
    ticks: int | None
    is_quiet: bool = True


class Verdict(Struct, frozen=True):
    """`is_urgent` when it is done even while the server is away, and would give the page nothing new."""

    do: Literal["load", "restart"]
    why: str
    is_urgent: bool = False


class Watch:
    """Of one browser's life, from `now` on."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self._started_at = now
        self._loaded_at: float | None = None
        self._ticks: int | None = None
        self._since: dict[str, float] = {}

    def loaded(self, now: float) -> None:
        """The page was loaded anew: whatever was wrong has its whole time again."""
        self._loaded_at = now
        self._ticks = None
        self._since.clear()

    def saw(self, now: float, look: Look | None, *, is_blank: bool = False) -> Verdict | None:
        """What to do about a look at the page; None of a look is a page that did not answer within `freeze_s`, and
        `is_blank` says that its last picture was of one colour."""
        if look is None:
            return self._restart(now, "the page has frozen", is_urgent=True)
        is_still = look.ticks is not None and look.ticks == self._ticks
        self._ticks = look.ticks
        self._note("still", now, is_still)
        self._note("blank", now, is_blank or not look.has_text)
        self._note("strange", now, look.ticks is None)
        if self._lasts("still", now, self._pace.freeze_s):
            return self._mend(now, "the page stands still")
        if self._lasts("blank", now, self._pace.blank_s):
            return self._mend(now, "the page shows nothing")
        if self._lasts("strange", now, self._pace.blank_s):  # such as the server's word that it has no such branch
            return Verdict("load", "the page is not the one that was asked for")
        return None

    def _note(self, fault: str, now: float, is_there: bool) -> None:
        if is_there:
            self._since.setdefault(fault, now)
        else:
            self._since.pop(fault, None)

    def _lasts(self, fault: str, now: float, time: float) -> bool:
        return fault in self._since and now - self._since[fault] >= time

    def _mend(self, now: float, why: str) -> Verdict | None:
        if self._loaded_at is not None and now - self._loaded_at < LOAD_HELPS_S:
            return self._restart(now, why)
        return Verdict("load", why)

    def _restart(self, now: float, why: str, *, is_urgent: bool = False) -> Verdict | None:
        is_old_enough = now - self._started_at >= self._pace.apart_s
        return Verdict("restart", why, is_urgent) if is_old_enough else None


class Memory:
    """Of one browser's life: whether it takes too much, or more in every hour."""

    def __init__(self, limit_mb: int, pace: Pace, now: float) -> None:
        self._limit_mb = limit_mb
        self._pace = pace
        self._started_at = now
        self._lowest: dict[int, int] = {}

    def saw(self, now: float, mb: int, *, is_quiet: bool, hour: int) -> Verdict | None:
        """What to do about so many megabytes; `hour` is the hour of the day."""
        life = now - self._started_at
        no = int(life // 3600)
        self._lowest[no] = min(mb, self._lowest.get(no, mb))
        self._lowest.pop(no - HOURS_OF_GROWTH - 1, None)
        is_moment = is_quiet or hour in NIGHT
        if mb > self._limit_mb * FAR_OVER and life >= self._pace.apart_s:
            return Verdict("restart", f"it takes {mb} MB", is_urgent=True)
        if life < MEMORY_APART_S or not is_moment:
            return None
        if mb > self._limit_mb:
            return Verdict("restart", f"it takes {mb} MB")
        return Verdict("restart", f"it grows every hour, to {mb} MB") if self._is_growing(no) else None

    def _is_growing(self, no: int) -> bool:
        """In the last whole hours, of which the lowest counts: what comes and goes is no growth."""
        hours = [self._lowest[each] for each in range(no - HOURS_OF_GROWTH, no) if each in self._lowest]
        if len(hours) < HOURS_OF_GROWTH:
            return False
        return all(one < other for one, other in pairwise(hours)) and hours[-1] > hours[0] * GROWTH


class Pauses:
    """How long a browser that has ended is left, and whether its profile is what ends it."""

    SPOILT_LIFE_S, SPOILT_AFTER = 30.0, 5
    """So many lives in a row that were so short."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._unwell = 0
        self._short = 0

    def after(self, life: float) -> float:
        """The pause after a life of so many seconds."""
        self._unwell = 1 if life >= self._pace.well_s else self._unwell + 1
        self._short = self._short + 1 if life < self.SPOILT_LIFE_S else 0
        return min(self._pace.pause_s * 2.0 ** (self._unwell - 1), self._pace.longest_pause_s)

    @property
    def is_profile_suspect(self) -> bool:
        return self._short > 0 and self._short % self.SPOILT_AFTER == 0
