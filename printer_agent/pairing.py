"""Letting a new printer in: it shows six digits, somebody with the right confirms them, it gets its token."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from printer_agent.server import PairingWait, Server, ServerUnreachable

POLL_S = 2.0


class PairingExpired(Exception):
    """Nobody confirmed the code in time."""


async def pair(server: Server, show: Callable[[PairingWait], None]) -> str:
    """Show a code and wait until it is confirmed; returns the token.

    Raises:
        PairingExpired, ServerRefused; ServerUnreachable only when no code can be had.
    """
    wait = await server.ask_pairing()
    show(wait)
    give_up_at = time.monotonic() + wait.expires_in_s
    while time.monotonic() < give_up_at:
        try:
            token = await server.collect_pairing(wait)
        except ServerUnreachable:
            token = None
        if token is not None:
            return token
        await asyncio.sleep(POLL_S)
    raise PairingExpired


def write_token(file: Path, token: str) -> None:
    """For its owner's eyes only, from the first byte on; the file is there as a whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(f"{token}\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
