"""Which screen speaks: exactly one in each zone, another when it goes dark or has lost its sound.

Who speaks stands in the journal, so that all processes and all screens agree. Each process looks every other second at
the zones of its own screens, and has the journal give the voice to one of them where nobody has it or can use it; of
two processes that do so at once, one does it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct

from queue_server.branches.host import BranchHost
from queue_server.domain import speech
from queue_server.domain.commands import By, GiveVoice
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import NOBODY, BranchState
from queue_server.journal.port import JournalUnavailable
from queue_server.protocol.frames import Report
from queue_server.realtime.presence.port import Presence

log = logging.getLogger(__name__)

LOOK_S = 2.0
GONE_S = 5.0
"""Who was away for so long is dark: a page that reloads, or a server that restarts, takes three seconds."""
NOTICED_S = 2.0
"""So late a line's end may be noticed here; a call that is said twice is better than one that nobody hears."""
LATE_S = 12.0
"""A process that died is only missed so late by the others: its screens may have been told of calls until then."""
FIRST_S = 10.0
"""Where nobody had the voice, whoever gets it speaks calls that are no older. display_screen.js has a screen that was
never paired wait for longer where this may come about, so that none is said twice."""
SILENT_S = 40.0
"""Whoever has left a call unspoken for so long, and has spoken nothing since, is not heard, whatever it says of itself:
the longest call takes fifteen seconds, and each says that it was spoken."""

SPEAKING = By(actor="speaking")


class _Device(Struct):
    """A screen that is connected here, and the line by which it last spoke of itself. `left_at` (monotonic) since it
    is not."""

    line: object
    branch: str
    report: Report
    left_at: float | None = None


class Hosts(Protocol):
    def loaded(self, branch_id: str) -> BranchHost | None: ...


class Speaking:
    """Told what the screens of this process say; asks others by presence."""

    def __init__(self, hosts: Hosts, presence: Presence, now: Callable[[], datetime], *, speed: float = 1.0) -> None:
        self._hosts = hosts
        self._presence = presence
        self._now = now
        self._speed = speed
        self._devices: dict[str, _Device] = {}
        self._absent: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def report(self, line: object, device: str, branch: str, report: Report) -> None:
        self._devices[device] = _Device(line, branch, report)
        self._presence.tell(device, _encoder.encode(report))

    def gone(self, line: object, device: str) -> None:
        """That line has ended. A screen that has come back says so on another one, perhaps before the old one is
        missed."""
        here = self._devices.get(device)
        if here is not None and here.line is line:
            here.left_at = time.monotonic()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._look_forever(), name="speaking")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look_forever(self) -> None:
        while True:
            try:
                await self.look()
            except (Refusal, JournalUnavailable, TimeoutError) as fault:
                log.info("Nobody could be given the voice: %s", fault)
            except Exception:  # the supervisor of this task: halls must not fall silent
                log.exception("Nobody could be given the voice.")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Give the voice where nobody has it, or nobody who can use it."""
        self._forget()
        for branch in {each.branch for each in self._devices.values()}:
            host = self._hosts.loaded(branch)
            if host is None or host.state.config is None:
                continue
            for zone in {screen.voice.zone for screen in speech.screens(host.state) if screen.voice is not None}:
                await self._look_at(host, zone)

    def _forget(self) -> None:
        limit = time.monotonic() - 2 * GONE_S
        for device, each in list(self._devices.items()):
            if each.left_at is not None and each.left_at < limit:
                del self._devices[device]

    async def _look_at(self, host: BranchHost, zone: str) -> None:
        state = host.state
        speaker = state.voices.get(zone, NOBODY).device
        until = await self._lost_at(state, zone, speaker)
        if until is None:
            return
        others = (device for device in self._audible(state, zone) if device != speaker)
        found = next(others, "" if self._is_mute(speaker) else None)
        if found is not None and found != speaker:
            command = GiveVoice(branch=host.branch_id, zone=zone, device=found, since=until, instead_of=speaker)
            await host.submit(command, SPEAKING, f"voice/{zone}/{found}/{speaker}/{state.seq}")

    async def _lost_at(self, state: BranchState, zone: str, speaker: str) -> datetime | None:
        """Since when whoever has the voice cannot use it; None while it can, or nobody knows better."""
        now = self._now()
        if not speaker:
            return now - timedelta(seconds=FIRST_S * self._speed)
        if self._is_mute(speaker) or self._is_silent(state, zone):
            return now - timedelta(seconds=SILENT_S * self._speed)
        away_s = await self._away_s(speaker)
        if away_s is None or away_s < GONE_S:
            return None
        return now - timedelta(seconds=(away_s + NOTICED_S) * self._speed)

    async def _away_s(self, speaker: str) -> float | None:
        """For how long it has been away, as far as anybody knows; None when it is there, or nobody does."""
        here = self._devices.get(speaker)
        if here is not None:
            return None if here.left_at is None else time.monotonic() - here.left_at
        if (await self._presence.connected([speaker]))[speaker] is not False:
            self._absent.pop(speaker, None)
            return None
        since = self._absent.setdefault(speaker, time.monotonic())
        away_s = time.monotonic() - since
        return away_s + LATE_S if away_s >= GONE_S else None

    def _is_mute(self, device: str) -> bool:
        """Whether it says itself that nothing is heard of it."""
        here = self._devices.get(device)
        return here is not None and here.left_at is None and here.report.audio != "on"

    def _is_silent(self, state: BranchState, zone: str) -> bool:
        """Whether somebody who is still called in the zone was not spoken of for too long, and nobody else since."""
        limit = self._now() - timedelta(seconds=SILENT_S * self._speed)
        since = state.voices.get(zone, NOBODY).since
        calls = [call for call in state.calls.values() if call.counter in speech.heard_in(state, zone)]
        last = max([at for call in calls if (at := call.spoken_at)] + ([since] if since else []), default=limit)
        waiting = (call for call in calls if call.spoken_at is None and speech.is_still_called(state, call))
        return last <= limit and any(call.at < limit and (since is None or call.at > since) for call in waiting)

    def _audible(self, state: BranchState, zone: str) -> Iterable[str]:
        """Screens of the zone that are connected here and heard, first those that stand first in the configuration."""
        screens = [each.code for each in speech.screens(state) if each.voice and each.voice.zone == zone]
        here = [
            (screens.index(each.report.screen), device)
            for device, each in self._devices.items()
            if each.left_at is None and each.report.audio == "on" and each.report.screen in screens
        ]
        return (device for _, device in sorted(here))


_encoder = msgspec.json.Encoder()
