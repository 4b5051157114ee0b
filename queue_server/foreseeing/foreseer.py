"""Who makes a branch's outlook, and when.

The process that wrote the branch's last events makes it, at most every `EVERY_S` after a change, and again every
`AGAIN_S` as long as somebody waits or the branch ends by the forecast; all others hear of it. So of all processes one
works for a branch, without having to agree on it. When that one is gone, another that has the branch loaded finds its
outlook old.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from queue_server.branches.host import BranchHost
from queue_server.domain.advice import Advice, Question
from queue_server.domain.foresight import Outlook, Scene
from queue_server.domain.learning import Learnt
from queue_server.domain.scene import could_open, expected_of, learnt_by, scene_of
from queue_server.domain.state import BranchState
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

Told = Callable[[BranchHost, Outlook, bool], None]
"""Told of each new outlook; True when it was made here."""


class _Branch(Struct):
    host: BranchHost
    due_at: float = float("inf")
    made_at: float = float("-inf")
    learnt: Learnt = Learnt()
    learnt_at: float = float("-inf")
    advice: list[Advice] = []
    advised_at: float = float("-inf")


class Foreseer:
    """`speed` is how many times faster than the wall the branches' clock goes."""

    def __init__(self, plays: Plays, now: Callable[[], datetime], on_outlook: Told, *, speed: float = 1.0) -> None:
        self._plays = plays
        self._now = now
        self._on_outlook = on_outlook
        self._speed = max(1.0, speed)
        self._branches: dict[str, _Branch] = {}
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

    async def advise(self, host: BranchHost) -> list[Advice]:
        """What might be done at this branch now; the same for whoever asks within `ADVISED_S`. Empty while no day is
        open.

        Raises:
            NotPlayed
        """
        branch, now = self._branch(host), time.monotonic()
        if now - branch.advised_at < ADVISED_S / self._speed:
            return branch.advice
        await host.settled()
        scene = self._scene(branch)
        if scene is None:
            return []
        branch.advised_at = now
        expected = expected_of(host.state, scene.at, branch.learnt)
        branch.advice = await self._plays.advise(Question(scene, could_open(host.state, scene), expected))
        return branch.advice

    # -- what happens --------------------------------------------------------------------------------------------------

    def see(self, host: BranchHost, *, is_own: bool) -> None:
        """The branch has changed, by this process or by another, whose outlook is awaited."""
        branch = self._branch(host)
        now = time.monotonic()
        if is_own:
            self._plan(branch, max(branch.made_at + EVERY_S / self._speed, now + SETTLES_S))
        else:
            branch.due_at = max(branch.made_at, now) + MISSED_S * random.uniform(1.0, 1.3)

    def hear(self, host: BranchHost, outlook: Outlook) -> None:
        """Another process has made this one."""
        branch = self._branch(host)
        if host.outlook is not None and host.outlook.at >= outlook.at:
            return
        branch.made_at = time.monotonic()
        branch.due_at = branch.made_at + MISSED_S * random.uniform(1.0, 1.3)
        self._tell(host, outlook, is_own=False)

    def _branch(self, host: BranchHost) -> _Branch:
        branch = self._branches.get(host.branch_id)
        if branch is None or branch.host is not host:
            branch = self._branches[host.branch_id] = _Branch(host)
        return branch

    def _plan(self, branch: _Branch, at: float) -> None:
        if at < branch.due_at:
            branch.due_at = at
            self._wake.set()

    def _tell(self, host: BranchHost, outlook: Outlook, *, is_own: bool) -> None:
        host.outlook = outlook
        self._on_outlook(host, outlook, is_own)

    # -- making --------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            branch = min(self._branches.values(), key=lambda each: each.due_at, default=None)
            wait_s = branch.due_at - time.monotonic() if branch is not None else AGAIN_S
            if branch is None or wait_s > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(wait_s, AGAIN_S)):
                        await self._wake.wait()
                continue
            try:
                await self._make(branch)
            except NotPlayed as fault:
                log.warning("No outlook of branch %s: %s", branch.host.branch_id, fault)
                branch.due_at = time.monotonic() + AFTER_FAULT_S
            except Exception:  # the edge of this work: other branches want theirs
                log.exception("No outlook of branch %s.", branch.host.branch_id)
                branch.due_at = time.monotonic() + AGAIN_S

    async def _make(self, branch: _Branch) -> None:
        host = branch.host
        if not host.is_settled:
            branch.due_at = time.monotonic() + SETTLES_S
            return
        branch.due_at = float("inf")
        branch.made_at = time.monotonic()
        scene = self._scene(branch)
        if scene is None:
            host.outlook = None
            return
        outlook = await self._plays.play(scene)
        self._tell(host, outlook, is_own=True)
        if scene.waiting or host.state.configured.limits.ends_by_forecast:
            self._plan(branch, branch.made_at + AGAIN_S / self._speed)

    def _scene(self, branch: _Branch) -> Scene | None:
        state, now = branch.host.state, time.monotonic()
        if not _is_at_work(state):
            return None
        if now - branch.learnt_at > LEARNS_S / self._speed:
            branch.learnt, branch.learnt_at = learnt_by(state), now
        return scene_of(state, self._now(), branch.learnt)


def _is_at_work(state: BranchState) -> bool:
    return state.config is not None and state.day is not None and state.day.ended_at is None
