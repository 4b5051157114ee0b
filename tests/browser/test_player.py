"""The player with a real chromium on a real server: whatever ends, freezes or whitens the page, it comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from display_client.player.player import Player
from display_client.player.settings import Settings
from display_client.player.watch import Pace
from tests.demo_server import BRANCH
from tests.server import DemoServer

pytestmark = pytest.mark.browser

QUICK = Pace(
    beat_s=0.2, freeze_s=2.0, blank_s=1.0, picture_s=0.5, memory_s=0.2, server_s=0.2, pause_s=0.1, apart_s=0.0
)
WITHIN_S = 15.0
LIVE = "LaySo.health().state === 'live'"
SHOWN = "document.querySelector('#hero .number__digits').textContent"


class Screen:
    """A player that runs in a thread of its own, over and over again."""

    def __init__(self, folder: Path, server: str) -> None:
        self._settings = Settings(
            server=server,
            branch=BRANCH,
            query="muted=1",
            chromium=os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium"),
            flags=("--no-sandbox",),
            state=folder,
            headless=True,
        )
        self.start()

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.player = Player(self._settings, pid=os.getpid(), pace=QUICK)
        self._thread = Thread(target=lambda: self._loop.run_until_complete(self.player.run()))
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self.player.stop)
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()
        self._loop.close()

    @property
    def browser_pid(self) -> int:
        return self.player.shown.browser_pid

    def tell(self, method: str, **parameters: object) -> Any:
        """A command of DevTools to the page that is there now."""
        assert self.player.life is not None
        asked = self.player.life.devtools.send(method, within=5.0, **parameters)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(WITHIN_S)

    def evaluate(self, script: str) -> Any:
        return self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)["result"]["value"]

    def wait(self, script: str) -> Any:
        """What the script says as soon as it says something true; a page that is not there says nothing."""
        give_up_at = time.monotonic() + WITHIN_S
        while time.monotonic() < give_up_at:
            try:
                if said := self.evaluate(script):
                    return said
            except Exception:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {WITHIN_S:g} s: {script}\n{self.player.shown}")
