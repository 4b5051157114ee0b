"""`serve --workers N`: one process that owns the sockets, and workers that serve on them.

A worker that dies is started again, and nobody's connection is refused meanwhile: the socket stays open, the others
accept. SIGTERM ends all, tidily. SIGHUP replaces one after the other (a new release, new settings of the code): the new
one is ready before the old one says "come back", so that no command is lost.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from queue_server.settings import Settings

log = logging.getLogger(__name__)

READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 15.0
"""A worker takes up to 5 s for what is under way and 5 s for its connections."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STABLE_S = 60.0
"""A worker that lived so long did not die of how it was started."""


class WorkerFailed(Exception):
    """A worker ended, or said nothing, before it was ready."""


class RunningWorker(Struct, frozen=True):
    """`port` is its own one, where there is one."""

    pid: int
    port: int | None = None


class Supervisor:
    """`listener` is shared by all workers. Each of `own` keeps a port for one of them, by its number: only that worker
    listens on it."""

    def __init__(self, settings: Settings, listener: socket.socket, own: list[socket.socket]) -> None:
        self._settings = settings
        self._listener = listener
        self._own = own
        self._workers: dict[int, asyncio.subprocess.Process] = {}
        self._changing: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._starting = asyncio.Semaphore(os.cpu_count() or 1)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._has_branch = False
        self._stopping = asyncio.Event()
        self._renewing: asyncio.Task[None] | None = None

    def workers(self) -> list[RunningWorker]:
        ports = [each.getsockname()[1] for each in self._own]
        return [
            RunningWorker(process.pid, ports[no] if ports else None) for no, process in sorted(self._workers.items())
        ]

    async def run(self, on_ready: Callable[[bool, list[RunningWorker]], None]) -> int:
        """Until SIGTERM or SIGINT; 1 when a worker cannot be started at all."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._renew)
        numbers = range(self._settings.workers)
        try:
            started = await asyncio.gather(*(self._start(no) for no in numbers), return_exceptions=True)
            for no, found in zip(numbers, started, strict=True):
                if isinstance(found, asyncio.subprocess.Process):
                    self._workers[no] = found
            if len(self._workers) < len(started):
                print("A worker could not be started; what it said stands above.", file=sys.stderr)
                return 1
            for no in numbers:
                self._tasks[no] = loop.create_task(self._keep(no), name=f"worker {no}")
            on_ready(self._has_branch, self.workers())
            await self._stopping.wait()
            return 0
        finally:
            await self._end_all()

    # -- one worker ----------------------------------------------------------------------------------------------------

    async def _start(self, no: int) -> asyncio.subprocess.Process:
        """A worker that is ready. At most one for each core is started at a time: when all have died at once, the first
        one serves as early as it can.

        Raises:
            WorkerFailed
        """
        async with self._starting:
            return await self._begin(no)

    async def _begin(self, no: int) -> asyncio.subprocess.Process:
        own = [str(each.getsockname()[1]) for each in self._own[no : no + 1]]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "queue_server.worker",
            str(self._listener.fileno()),
            *own,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
            start_new_session=True,  # Ctrl+C is for us, and we tell them
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(self._settings.model_dump_json().encode() + b"\n")
            async with asyncio.timeout(READY_WITHIN_S):
                said = await process.stdout.readline()
                if said in (b"ready\n", b"empty\n"):
                    self._has_branch = said == b"ready\n"
                    return process
        except (OSError, TimeoutError):
            pass
        await _end(process, within_s=0.0)
        raise WorkerFailed

    async def _keep(self, no: int) -> None:
        """Start it again whenever it dies."""
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE_S
        while True:
            began = loop.time()
            process = self._workers[no]
            status = await process.wait()
            async with self._changing[no]:
                if self._workers[no] is not process:
                    continue  # it was replaced
                if loop.time() - began > STABLE_S:
                    pause = FIRST_PAUSE_S
                log.error("Worker %d (process %d) has died: %d. Another one is started.", no, process.pid, status)
                while self._workers[no] is process:
                    try:
                        self._workers[no] = await self._start(no)
                    except WorkerFailed:
                        log.error("Worker %d cannot be started; again in %.1f s.", no, pause)
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, LONGEST_PAUSE_S)

    # -- all of them ---------------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._replace_all(), name="rolling restart")

    async def _replace_all(self) -> None:
        """One after the other, each old one ending when the new one is ready."""
        for no in sorted(self._workers):
            async with self._changing[no]:
                old = self._workers[no]
                try:
                    self._workers[no] = await self._start(no)
                except WorkerFailed:
                    log.error("The rolling restart stops: worker %d could not be replaced, and goes on as it is.", no)
                    return
                await _end(old, within_s=ENDS_WITHIN_S)
        log.warning("All workers were replaced.")

    async def _end_all(self) -> None:
        for task in [*self._tasks.values(), *([self._renewing] if self._renewing is not None else [])]:
            task.cancel()
        await asyncio.gather(*(_end(process, within_s=ENDS_WITHIN_S) for process in self._workers.values()))


async def _end(process: asyncio.subprocess.Process, *, within_s: float) -> None:
    """SIGTERM, and SIGKILL for who does not listen."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
