"""Signals within one process: the twin that tests use for several, and silence where nothing lies between them."""

from __future__ import annotations

import asyncio

from queue_server.realtime.signals.port import Listener, Missed, Sent, Signal, light


class Exchange:
    """Those who hear each other. While it is `cut` nobody hears anything."""

    def __init__(self, *, is_cut: bool = False) -> None:
        self.members: list[LocalSignals] = []
        self.is_cut = is_cut

    def join(self) -> LocalSignals:
        return LocalSignals(self)

    def cut(self) -> None:
        self.is_cut = True

    def mend(self) -> None:
        self.is_cut = False
        for member in self.members:
            member.hear(Missed())


class LocalSignals:
    """One process's end. Signals arrive in the next turn of the loop.

    Without an exchange it is never live: there may be others, and one has to look for what they do.
    """

    def __init__(self, exchange: Exchange | None = None) -> None:
        self._exchange = exchange if exchange is not None else Exchange(is_cut=True)
        self._listener: Listener | None = None

    @property
    def is_live(self) -> bool:
        return self._listener is not None and not self._exchange.is_cut

    def send(self, signal: Sent) -> None:
        if not self._exchange.is_cut:
            for member in self._exchange.members:
                if member is not self:
                    member.hear(light(signal))

    def hear(self, signal: Signal) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().call_soon(self._listener, signal)

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._exchange.members.append(self)
        if not self._exchange.is_cut:
            self.hear(Missed())

    async def stop(self) -> None:
        self._listener = None
        if self in self._exchange.members:
            self._exchange.members.remove(self)
