"""Looking for what other processes have changed: at once when something was said, now and then though nothing was."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from queue_server.journal.port import JournalUnavailable

log = logging.getLogger(__name__)

UNTOLD_S = 1.0
"""How often one looks while nobody tells us anything."""
TOLD_S = 15.0
"""And while signals arrive, in case one was lost."""


class Looking:
    """Calls `look` for ever; `is_told` says whether signals arrive. A journal that does not answer is asked again."""

    def __init__(self, name: str, look: Callable[[], Awaitable[None]], *, is_told: Callable[[], bool]) -> None:
        self._name = name
        self._look = look
        self._is_told = is_told
        self._wake = asyncio.Event()
        self._is_in_vain = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something may have been missed."""
        self._wake.set()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        looked_at = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(UNTOLD_S):
                    await self._wake.wait()
            if not self._wake.is_set() and self._is_told() and time.monotonic() - looked_at < TOLD_S:
                continue
            self._wake.clear()
            looked_at = time.monotonic()
            await self._look_once()

    async def _look_once(self) -> None:
        """Its beginning and its end are told, not every try between."""
        try:
            await self._look()
        except JournalUnavailable as fault:
            if not self._is_in_vain:
                log.warning("%s: the journal does not answer: %s", self._name, fault)
            self._is_in_vain = True
        else:
            if self._is_in_vain:
                log.warning("%s: the journal answers again.", self._name)
            self._is_in_vain = False
