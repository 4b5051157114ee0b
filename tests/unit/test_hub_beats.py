"""Beats of a running hub: three screens of a hall, and a thousand connections, hear something in time."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from queue_server.journal.memory import MemoryJournal
from queue_server.protocol.frames import Beat, server_decoder
from queue_server.realtime import hub as hub_module
from queue_server.realtime.connection import Connection, Message, Parcel
from queue_server.realtime.hub import Hub
from tests.factories import config, moment
from tests.hosts import Center, HandClock
from tests.waiting import until


class Wire:
    """Notes when it was sent something."""

    def __init__(self) -> None:
        self.sent_at: list[float] = []
        self.last = b""

    def write(self, message: Message | Parcel) -> None:
        self.sent_at.append(time.monotonic())
        self.last = message.parts()[-1].payload

    def pending(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        """The hub has stopped."""


async def heard(count: int, monkeypatch: pytest.MonkeyPatch, *, until_beats: int) -> list[Wire]:
    """So many connections of a hub of which a round takes half a second instead of two and a half."""
    monkeypatch.setattr(hub_module, "TURN_S", 0.01)
    monkeypatch.setattr(hub_module, "QUIET_S", 0.6)
    hub, wires = Hub(lambda: moment("08:00")), [Wire() for _ in range(count)]
    for wire in wires:
        hub.connections.add(Connection(wire))
    hub.start()
    await until(lambda: all(len(wire.sent_at) >= until_beats for wire in wires))
    await hub.stop()
    return wires


@pytest.mark.parametrize("count", [1, 3, 60, 1000])
async def test_everybody_hears_a_beat_every_other_round_however_many_there_are(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wires = await heard(count, monkeypatch, until_beats=3)
    gaps = [after - before for wire in wires for before, after in pairwise(wire.sent_at)]
    assert max(gaps) < 2.0
    assert sorted(gaps)[len(gaps) // 2] > 0.6  # a round takes half a second, and a busy machine is late for one of two


async def test_a_beat_is_the_frame_that_the_protocol_says() -> None:
    clock = HandClock(moment("08:30"))
    center = await Center.open_on(MemoryJournal(), config(), clock=clock)
    hub, wire = Hub(clock.now), Wire()
    connection = Connection(wire)
    hub.connections.add(connection)
    numbered = ["board:go-vap", "counter:go-vap/2"]
    for name in [*numbered, "live:go-vap"]:
        await hub.subscribe(connection, name, center.host, None)

    def beat() -> object:
        connection.sent_at -= 3
        hub.beat([connection])
        return server_decoder.decode(wire.last)

    assert beat() == Beat(clock.now(), dict.fromkeys(numbered, center.host.position))
    hub.unsubscribe(connection, "board:go-vap")
    assert beat() == Beat(clock.now(), {"counter:go-vap/2": center.host.position})
    hub.unsubscribe(connection, "counter:go-vap/2")
    assert beat() == Beat(clock.now(), {})


async def test_who_has_just_heard_something_gets_no_beat() -> None:
    hub, wire = Hub(lambda: moment("08:00")), Wire()
    hub.beat([Connection(wire)])
    assert not wire.sent_at
