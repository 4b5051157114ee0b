"""Waiting for what other tasks, processes and servers do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

LOOK_EVERY_S = 0.01


async def until(holds: Callable[[], bool | Awaitable[bool]], *, within_s: float = 20.0) -> None:
    """Look until it is so; fail when it is not so in time."""
    give_up_at = time.monotonic() + within_s
    while not await _is_so(holds()):
        assert time.monotonic() < give_up_at, "it did not happen"
        await asyncio.sleep(LOOK_EVERY_S)


async def _is_so(found: bool | Awaitable[bool]) -> bool:
    return await found if isawaitable(found) else found
