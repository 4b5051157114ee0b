"""Having a scene played by the other process, which is started when it is first needed, and again when it has died."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import msgspec

from queue_server.domain.foresight import Outlook, Scene
from queue_server.foreseeing.player import frame

ANSWERS_WITHIN_S = 20.0


class NotPlayed(Exception):
    """The other process ended, or did not answer."""


class Plays:
    """One scene at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._scenes = msgspec.msgpack.Encoder()
        self._outlooks = msgspec.msgpack.Decoder(Outlook)

    @property
    def pid(self) -> int | None:
        """Of the other process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def play(self, scene: Scene) -> Outlook:
        """
        Raises:
            NotPlayed
        """
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                return await self._ask(scene)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, msgspec.DecodeError) as fault:
            await self.stop()
            raise NotPlayed(repr(fault)) from fault
        except asyncio.CancelledError:
            await self.stop()  # half an answer may lie in the pipe
            raise

    async def _ask(self, scene: Scene) -> Outlook:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "queue_server.foreseeing.player",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(frame(self._scenes.encode(scene)))
        await process.stdin.drain()
        size = int.from_bytes(await process.stdout.readexactly(4), "big")
        return self._outlooks.decode(await process.stdout.readexactly(size))

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
