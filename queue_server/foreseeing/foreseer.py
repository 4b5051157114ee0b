"""Who makes a branch's outlook, and when.

The process that wrote the branch's last events makes it, at most every `EVERY_S` after a change, and again every
`AGAIN_S` as long as somebody waits or the branch ends by the forecast; all others hear of it. So of all processes one
works for a branch, without having to agree on it. When that one is gone, another that has the branch loaded finds its
outlook old.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from weakref import WeakKeyDictionary

from msgspec import Struct
from msgspec.structs import replace

from queue_server.branches.host import BranchHost
from queue_server.domain import caps
from queue_server.domain.advice import Advices, Lender, Question, Visiting
from queue_server.domain.foresight import Outlook, Scene
from queue_server.domain.learning import Learnt
from queue_server.domain.scene import could_open, expected_of, learnt_by, scene_of
from queue_server.domain.state import BranchState
from queue_server.domain.taken import asked_by, left_to_do
from queue_server.foreseeing.plays import NotPlayed, Plays

log = logging.getLogger(__name__)

EVERY_S, AGAIN_S = 5.0, 60.0
SETTLES_S = 0.2
"""After a change: the next ones may come at once, and a commit may be under way."""
MISSED_S = 1.5 * AGAIN_S
"""The writer's outlook does not come any more."""
LEARNS_S = 300.0
ADVISED_S = 60.0
AFTER_FAULT_S = 5.0
NEVER = float("inf")

Told = Callable[[BranchHost, Outlook, bool], None]
"""Told of each new outlook; True when it was made here."""
Lenders = Callable[[], Awaitable[Sequence[tuple[BranchHost, float]]]]
"""Finds branches from which somebody may come, each with the way in seconds."""


class _Course(Struct):
    """Of one branch. `is_ours` where this process wrote last."""

    is_ours: bool = False
    due_at: float = NEVER
    made_at: float = float("-inf")
    learnt: Learnt = Learnt()
    learnt_at: float = float("-inf")
    advice: Advices | None = None
    advised_at: float = float("-inf")
    advised_of: dict[int, tuple[str, ...]] = {}


class Foreseer:
    """`speed` is how many times faster than the wall the branches' clock goes."""

    def __init__(self, plays: Plays, now: Callable[[], datetime], on_outlook: Told, *, speed: float = 1.0) -> None:
        self._plays = plays
        self._now = now
        self._on_outlook = on_outlook
        self._speed = max(1.0, speed)
        self._courses: WeakKeyDictionary[BranchHost, _Course] = WeakKeyDictionary()
        self._plans: list[tuple[float, int, BranchHost]] = []
        self._numbers = count()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="foreseer")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._plays.stop()

    @property
    def player(self) -> int | None:
        """The process id of who plays, once there was something to play."""
        return self._plays.pid

    async def advise(self, host: BranchHost, lenders: Lenders, teams: dict[str, Visiting]) -> Advices | None:
        """What might be done at this branch now; worked out once for all who ask within `ADVISED_S`, as long as the
        same counters are open for the same fields. None while no day is open. `lenders` finds the branches from which
        somebody may come, and so may `teams`.

        Raises:
            NotPlayed
        """
        course = self._course(host)
        await host.settled()
        scene = self._scene(host)
        if scene is None:
            return None
        staff = _staff_of(host.state)
        is_old = time.monotonic() - course.advised_at >= ADVISED_S / self._speed
        if course.advice is None or is_old or staff != course.advised_of:
            expected = expected_of(host.state, scene.at, course.learnt)
            lent = {other.branch_id: await self._lender(other, way_s) for other, way_s in await lenders()}
            known = {branch: lender for branch, lender in lent.items() if lender is not None}
            agencies = {field.code: field.agency for field in host.state.configured.fields}
            question = Question(scene, could_open(host.state, scene), expected, known, agencies, teams)
            course.advice = await self._plays.advise(question)
            course.advised_at, course.advised_of = time.monotonic(), staff
        return left_to_do(host.state, course.advice, self._now())

    async def _lender(self, host: BranchHost, way_s: float) -> Lender | None:
        await host.settled()
        scene = self._scene(host)
        if scene is None:
            return None
        return Lender(scene, expected_of(host.state, scene.at, self._course(host).learnt), way_s)

    # -- what happens --------------------------------------------------------------------------------------------------

    def see(self, host: BranchHost, *, is_own: bool) -> None:
        """The branch has changed, by this process or by another, whose outlook is awaited."""
        course, now = self._course(host), time.monotonic()
        soon = now + EVERY_S / self._speed
        if is_own and (not course.is_ours or course.due_at > soon):
            self._plan(host, max(course.made_at + EVERY_S / self._speed, now + SETTLES_S))
        elif not is_own and (course.is_ours or course.due_at < now + AGAIN_S):
            self._plan(host, now + MISSED_S * random.uniform(1.0, 1.3))
        course.is_ours = is_own

    def hear(self, host: BranchHost, outlook: Outlook) -> None:
        """Another process has made this one."""
        course = self._course(host)
        if host.outlook is not None and host.outlook.at >= outlook.at:
            return
        if not course.is_ours:  # what we wrote since then is in no outlook of anybody else
            course.made_at = time.monotonic()
            self._plan(host, course.made_at + MISSED_S * random.uniform(1.0, 1.3))
        self._tell(host, outlook, is_own=False)

    def _course(self, host: BranchHost) -> _Course:
        return self._courses.setdefault(host, _Course())

    def _plan(self, host: BranchHost, at: float) -> None:
        """Make it then, and not when it was planned before."""
        self._course(host).due_at = at
        heapq.heappush(self._plans, (at, next(self._numbers), host))
        if self._plans[0][0] == at:
            self._wake.set()

    def _tell(self, host: BranchHost, outlook: Outlook, *, is_own: bool) -> None:
        host.outlook = outlook
        self._on_outlook(host, outlook, is_own)

    # -- making --------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            host = self._due()
            if host is None:
                wait_s = self._plans[0][0] - time.monotonic() if self._plans else None
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()
                continue
            try:
                await self._make(host)
            except NotPlayed as fault:
                log.warning("No outlook of branch %s: %s", host.branch_id, fault)
                self._plan(host, time.monotonic() + AFTER_FAULT_S)
            except Exception:  # the edge of this work: other branches want theirs
                log.exception("No outlook of branch %s.", host.branch_id)
                self._plan(host, time.monotonic() + AGAIN_S)

    def _due(self) -> BranchHost | None:
        """The branch that is due first, and is. Plans that were changed fall away, and so do branches that were let go:
        their state is not followed any more."""
        while self._plans and self._plans[0][0] <= time.monotonic():
            at, _, host = heapq.heappop(self._plans)
            if self._course(host).due_at == at and not host.is_closed:
                return host
        return None

    async def _make(self, host: BranchHost) -> None:
        course = self._course(host)
        if not host.is_settled:
            self._plan(host, time.monotonic() + SETTLES_S)
            return
        course.due_at = NEVER
        course.made_at = time.monotonic()
        scene = self._scene(host)
        if scene is None:
            host.outlook = None
            return
        outlook = await self._plays.play(scene)
        told = replace(outlook, asked=asked_by(host.state, self._now()), shut=_shut(host.state, scene.at))
        self._tell(host, told, is_own=True)
        is_wanted_again = scene.waiting or host.state.configured.limits.ends_by_forecast
        if course.due_at == NEVER and is_wanted_again:
            self._plan(host, course.made_at + AGAIN_S / self._speed)

    def _scene(self, host: BranchHost) -> Scene | None:
        course, state, now = self._course(host), host.state, time.monotonic()
        if not _is_at_work(state):
            return None
        if now - course.learnt_at > LEARNS_S / self._speed:
            course.learnt, course.learnt_at = learnt_by(state), now
        return scene_of(state, self._now(), course.learnt)


def _staff_of(state: BranchState) -> dict[int, tuple[str, ...]]:
    """What the open counters take: whatever else is advised would bring something else when it changes."""
    return {no: counter.takes for no, counter in state.counters.items() if counter.is_open}


def _shut(state: BranchState, now: datetime) -> tuple[str, ...]:
    """Nobody need come for a number of these."""
    return tuple(code for code in state.fields if state.fields[code].suspended or caps.is_over(state, code, now))


def _is_at_work(state: BranchState) -> bool:
    return state.config is not None and state.day is not None and state.day.ended_at is None
