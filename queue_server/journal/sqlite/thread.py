"""The writer thread: it carries out one call after another, and brings each result back to the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

Done = Callable[[Any, BaseException | None], None]


class WriterThread:
    """One thread for the writing connection. Results arrive on the loop, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: SimpleQueue[tuple[Callable[[], Any], Done] | None] = SimpleQueue()
        # A process that ends without close() must not be kept alive by it: nothing is written outside a call.
        self._thread = threading.Thread(target=self._work, name="journal-writer", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], Any], done: Done) -> None:
        """Carry out `call` in the thread, then `done(result, fault)` on the loop."""
        self._calls.put((call, done))

    def stop(self) -> None:
        """End the thread once what was submitted is done."""
        self._calls.put(None)
        self._thread.join()

    def _work(self) -> None:
        while entry := self._calls.get():
            call, done = entry
            try:
                result, fault = call(), None
            except BaseException as raised:
                result, fault = None, raised
            try:
                self._loop.call_soon_threadsafe(done, result, fault)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more
