"""Having a scene played by the other process, which is started when it is first needed, and again when it has died."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TypeVar

import msgspec

from queue_server.domain.advice import Advices, Question
from queue_server.domain.foresight import Outlook, Scene
from queue_server.foreseeing.player import frame

ANSWERS_WITHIN_S = 20.0

A = TypeVar("A")


class NotPlayed(Exception):
    """The other process ended, or did not answer."""


class Plays:
    """One scene at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._asked = msgspec.msgpack.Encoder()
        self._outlook = msgspec.msgpack.Decoder(Outlook)
        self._advice = msgspec.msgpack.Decoder(Advices)
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Of the other process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def play(self, scene: Scene) -> Outlook:
        """
        Raises:
            NotPlayed
        """
        return await self._answer(scene, self._outlook)

    async def advise(self, question: Question) -> Advices:
        """
        Raises:
            NotPlayed
        """
        return await self._answer(question, self._advice)

    async def _answer(self, asked: Scene | Question, decoder: msgspec.msgpack.Decoder[A]) -> A:
        async with self._turn:
            try:
                async with asyncio.timeout(ANSWERS_WITHIN_S):
                    return decoder.decode(await self._ask(self._asked.encode(asked)))
            except (OSError, TimeoutError, asyncio.IncompleteReadError, msgspec.DecodeError) as fault:
                await self.stop()
                raise NotPlayed(repr(fault)) from fault
            except asyncio.CancelledError:
                await self.stop()  # half an answer may lie in the pipe
                raise

    async def _ask(self, asked: bytes) -> bytes:
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
        process.stdin.write(frame(asked))
        await process.stdin.drain()
        size = int.from_bytes(await process.stdout.readexactly(4), "big")
        return await process.stdout.readexactly(size)

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
