"""Putting the agent together and running it until a signal, or until the server will not have it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import IO

from printer_agent.agent import FIRST_PAUSE_S, LONGEST_PAUSE_S, Agent
from printer_agent.board import Board
from printer_agent.holding import hold
from printer_agent.ledger import Ledger, LedgerError
from printer_agent.links import require
from printer_agent.printers import Printer, Printers
from printer_agent.server import Me, Server, ServerRefused, ServerUnreachable
from printer_agent.settings import LEDGER, LOCK, STATUS, BadSettings, Chosen, Settings
from printer_agent.wire import Wire
from queue_server.protocol.client import Client, Refused, Stopped
from queue_server.protocol.frames import Close

log = logging.getLogger(__name__)

NOT_LET_IN = 3
IN_USE = 2
HOLD_TRIES, HOLD_PAUSE_S = 10, 0.1
"""`status` has the lock for a moment, whenever it asks."""


async def run(settings: Settings) -> int:
    """Exit status: 0 stopped by a signal, 2 the memory cannot be used, 3 the server does not know this device."""
    address, chosen = settings.server_address, settings.printers()
    for each in chosen:
        require(each.target)
    token = _read_token(settings)
    settings.state.mkdir(parents=True, exist_ok=True)
    stopping = asyncio.Event()
    _stop_by_signal(stopping)
    try:
        ledger = Ledger(settings.state / LEDGER)
    except LedgerError as fault:
        log.error("%s", fault)
        return IN_USE
    with closing(ledger):
        held = await _hold(settings.state / LOCK)
        if held is None:
            log.error("%s: another printer agent is using it; stop that one first", settings.state)
            return IN_USE
        with held:
            try:
                return await _run(settings, address, chosen, token, ledger, stopping)
            except* (ServerRefused, Refused, Stopped) as faults:
                log.error("%s", _advice(_first(faults)))
    return NOT_LET_IN


def _stop_by_signal(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(stopping.set)

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):  # the last one is Windows', where loops take no handlers
        if number := getattr(signal, name, None):
            signal.signal(number, stop)


async def _hold(file: Path) -> IO[bytes] | None:
    for _ in range(HOLD_TRIES):
        if held := hold(file):
            return held
        await asyncio.sleep(HOLD_PAUSE_S)
    return None


def _advice(fault: BaseException) -> str:
    if isinstance(fault, Stopped) and fault.code == Close.TAKEN_OVER:
        return "Another agent prints for this device now. Stop one of them, or pair this one as a printer of its own."
    return f"The server does not let this device in: {fault}. Pair it again."


def _first(fault: BaseException) -> BaseException:
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault


def _read_token(settings: Settings) -> str:
    try:
        token = settings.token_path.read_text(encoding="utf-8").strip()
    except OSError as fault:
        raise BadSettings(f"token_file: {fault}. Run `printer-agent pair` first.") from None
    if not token:
        raise BadSettings(f"token_file: {settings.token_path} is empty. Run `printer-agent pair` first.")
    return token


async def _run(
    settings: Settings, address: str, chosen: list[Chosen], token: str, ledger: Ledger, stopping: asyncio.Event
) -> int:
    ledger.prune()
    server = Server(address, token)
    board = Board(settings.state / STATUS)
    board.show(server="reconnecting", printers={each.name: "" for each in chosen})
    me = await _until_stopped(stopping, lambda: _me(server))
    if me is None:
        return 0
    if me.role != "printer" or me.branch is None:
        log.error("This token belongs to %s (%s), not to a printer of a branch.", me.actor, me.role)
        return NOT_LET_IN
    printers = [
        Printer(each.name, Wire(each.target, each.options, is_dirty=ledger.is_dirty(each.name)), each.options)
        for each in chosen
    ]
    try:
        async with Client(address, token, on_status=lambda status: board.show(server=status)) as client:
            agent = Agent(
                me,
                client=client,
                server=server,
                printers=Printers(printers, on_change=lambda said: board.show(printers=said)),
                ledger=ledger,
                board=board,
                rest_s=settings.rest,
            )
            log.info("Printing for %s at %s.", me.device, me.branch)
            await _run_agent(agent, stopping)
    finally:
        for printer in printers:
            printer.wire.close()
    return 0


async def _run_agent(agent: Agent, stopping: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_stop_later(agent, stopping), name="signals")
        await agent.run()
        waiting.cancel()


async def _stop_later(agent: Agent, stopping: asyncio.Event) -> None:
    await stopping.wait()
    agent.stop()


async def _me(server: Server) -> Me:
    """Who we are; at power-on the server may need longer than we do."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await server.me()
        except ServerUnreachable as fault:
            log.warning("No answer from the server yet: %s", fault)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _until_stopped(stopping: asyncio.Event, work: Callable[[], Awaitable[Me]]) -> Me | None:
    """The work's result, or None when the signal comes first."""
    asked = asyncio.ensure_future(work())
    stop = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({asked, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if asked.done():
        return asked.result()
    asked.cancel()
    return None
