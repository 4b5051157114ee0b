"""Beats of a running hub: three screens of a hall, and a thousand connections, hear something in each round."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from queue_server.realtime import hub as hub_module
from queue_server.realtime.connection import Connection, Message, Parcel
from queue_server.realtime.hub import Hub
from tests.factories import moment
from tests.waiting import until


class Wire:
    """Notes when it was sent something."""

    def __init__(self) -> None:
        self.sent_at: list[float] = []

    def send(self, message: Message | Parcel) -> None:
        self.sent_at.append(time.monotonic())

    def pending(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        """The hub has stopped."""


@pytest.mark.parametrize("count", [1, 3, 60, 1000])
async def test_everybody_hears_a_beat_in_each_round_however_many_there_are(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "BEAT_AFTER_S", 0.0)
    hub, wires = Hub(lambda: moment("08:00")), [Wire() for _ in range(count)]
    hub.connections.update(Connection(wire) for wire in wires)
    hub.start()
    await until(lambda: all(len(wire.sent_at) >= 3 for wire in wires))
    await hub.stop()
    gaps = [after - before for wire in wires for before, after in pairwise(wire.sent_at)]
    assert max(gaps) < 2.5
