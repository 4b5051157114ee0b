"""Keeping a browser alive: one life after the other, until a signal."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import time
from contextlib import suppress

import msgspec
from msgspec.structs import replace

from display_client.player.browser import find_chromium
from display_client.player.keeping import Shown, Token, hold, write_whole
from display_client.player.life import End, Life
from display_client.player.settings import LOCK, PROFILE, STATUS, TOKEN, BadSettings, Settings
from display_client.player.watch import Pace, Pauses

log = logging.getLogger(__name__)

IN_USE = 2


class Player:
    """`run` until `stop`. `life` is the browser's present one."""

    def __init__(self, settings: Settings, *, pid: int, pace: Pace | None = None) -> None:
        self._settings = settings
        self._pace = pace or Pace()
        self._pauses = Pauses(self._pace)
        self._stopping = asyncio.Event()
        self._token = Token(settings.state / TOKEN)
        self.shown = Shown(pid)
        self.life: Life | None = None

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        log.info("Showing %s.", self._settings.address)
        while not self._stopping.is_set():
            started_at = time.monotonic()
            end = await self._live()
            if end is None:
                return
            lived = time.monotonic() - started_at
            pause = self._pace.pause_s if end.is_ours else self._pauses.after(lived)
            log.warning("The browser is started anew in %g s, after %.0f s: %s.", pause, lived, end.why)
            self._show(restarts=self.shown.restarts + 1, last_end=end.why)
            if not end.is_ours and end.has_begun and self._pauses.is_profile_suspect:
                self._set_profile_aside()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    async def _live(self) -> End | None:
        """The end of a life; None when the player is to stop."""
        self._token.is_given = False
        self.life = Life(self._settings, self._pace, self._token, restarts=self.shown.restarts, show=self._show)
        living = asyncio.create_task(self.life.run(), name="browser")
        stopping = asyncio.create_task(self._stopping.wait(), name="signals")
        try:
            await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return living.result() if living.done() else None
        except (OSError, BadSettings) as fault:  # an upgrade of the browser is under way
            return End(f"the browser cannot be started: {fault}", has_begun=False)
        finally:
            for task in (living, stopping):
                task.cancel()
            await asyncio.gather(living, stopping, return_exceptions=True)

    def _set_profile_aside(self) -> None:
        """A profile that a power cut has spoilt can keep the browser from starting; the newest such one is kept."""
        profile = self._settings.state / PROFILE
        aside = profile.with_name(f"{PROFILE}.spoilt")
        log.warning("The browser ends again and again: its profile is set aside, as %s.", aside)
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(FileNotFoundError):
            profile.rename(aside)

    def _show(self, **changes: object) -> None:
        shown = replace(self.shown, **changes)
        if shown != self.shown:
            self.shown = shown
            with suppress(OSError):
                write_whole(self._settings.state / STATUS, msgspec.json.format(msgspec.json.encode(shown)))


async def run(settings: Settings, *, pid: int) -> int:
    """Exit status: 0 stopped by a signal, 2 another player has the folder."""
    find_chromium(settings)
    _ = settings.address
    held = hold(settings.state / LOCK)
    if held is None:
        log.error("%s: another player is using it; stop that one first.", settings.state)
        return IN_USE
    with held:
        player = Player(settings, pid=pid)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(player.stop))
        await player.run()
    return 0
