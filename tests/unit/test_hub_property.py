"""Whatever happens at a branch and to the connections: every view is what a fresh snapshot would show.

Two processes serve one journal, each with its hub; clients follow channels by the rules of `protocol/feed.py`, come and
go, read slowly, lose frames, and move from one process to the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from queue_server.branches.host import BranchHost
from queue_server.domain import apply as apply_module
from queue_server.domain import commands as c
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState, Change
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Batch
from queue_server.protocol import frames
from queue_server.protocol.feed import Channels, View, judge
from queue_server.protocol.frames import parse_position, server_decoder
from queue_server.realtime import channels as channels_module
from queue_server.realtime import connection as connection_module
from queue_server.realtime import hub as hub_module
from queue_server.realtime.channels import NumberedChannel
from queue_server.realtime.connection import Connection, Message, Parcel
from queue_server.realtime.hub import Hub, view_of
from tests.factories import CHIEF, KIOSK, LAN, MINH, moment
from tests.hosts import Center, HandClock, settle
from tests.unit.test_property_branch import ANY, CONFIGS, COUNTER_WORK, ISSUES, WORK

PEOPLE = (CHIEF, CHIEF, CHIEF, LAN, MINH, KIOSK)
TOO_SLOW = frames.Close.TOO_SLOW


class RecordedWire:
    """Keeps frames until the client reads them; `loses` drops the next one on the way."""

    def __init__(self) -> None:
        self.unread: list[bytes] = []
        self.loses = False
        self.code: int | None = None

    def write(self, message: Message | Parcel) -> None:
        assert self.code is None, "nothing is sent after the goodbye"
        for part in message.parts():
            if self.loses and b'"type":"event"' in part.payload:
                self.loses = False
            else:
                self.unread.append(part.payload)

    def pending(self) -> int:
        return sum(map(len, self.unread))

    def close(self, code: int, reason: str) -> None:
        self.code = code


class Client:
    """A reader with the rules of the feed, and a check of every frame that reaches it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.channels = Channels()
        self.side: Side | None = None
        self.connection: Connection | None = None
        self.wire = RecordedWire()
        self.reads = True
        self.is_whole = True
        self._last_event: dict[str, str] = {}

    def request(self, channel: str) -> list[frames.Subscribe]:
        return [self.channels.follow(channel).request()]

    def read(self) -> list[frames.Subscribe]:
        """Take every frame that has come; what it asks for then."""
        asked: list[frames.Subscribe] = []
        for payload in self.wire.unread:
            frame = server_decoder.decode(payload)
            if isinstance(frame, frames.Snapshot):
                self._last_event.pop(frame.channel, None)
                self.channels.on_snapshot(frame)
            elif isinstance(frame, frames.Event):
                self._check(frame)
                asked += self.channels.on_event(frame)
                self._last_event[frame.channel] = frame.seq
            elif isinstance(frame, frames.Beat):
                asked += self.channels.on_beat(frame)
            self.views()
        self.wire.unread.clear()
        return asked

    def views(self) -> Iterator[tuple[str, View]]:
        for channel in self.channels:
            while channel.next() is not None:
                pass
        return ((channel.name, channel.view) for channel in self.channels if channel.position is not None)

    def _check(self, frame: frames.Event) -> None:
        """The chain of `prev` has no gap, and a delta holds nothing that the reader has already."""
        channel = self.channels.get(frame.channel)
        if channel is None or channel.position is None or not self.is_whole:
            return
        assert judge(channel.position, frame.seq, frame.prev) == "take"
        if frame.channel in self._last_event:
            assert frame.prev == self._last_event[frame.channel]
        places = [(table, key) for table, key, _ in frame.changes]
        assert len(set(places)) == len(places) > 0
        for table, key, row in frame.changes:
            assert channel.view.get(table, {}).get(key) != row, "a row that is as it was"


class Side:
    """One process: a host, a hub, and how it came to know what it knows."""

    def __init__(self, center: Center, hub: Hub) -> None:
        self.center = center
        self.hub = hub

    @classmethod
    async def on(cls, journal: MemoryJournal, clock: HandClock, *, is_first: bool) -> Side:
        hub = Hub(clock.now)

        def publish(host: BranchHost, changes: list[Change], own: Batch | None) -> None:
            hub.publish(host, changes)

        center = await (
            Center.open_on(journal, CONFIGS["short"], clock=clock, also=publish)
            if is_first
            else Center.on(journal, clock, also=publish)
        )
        return cls(center, hub)

    async def answer(self, client: Client, requests: list[frames.Subscribe]) -> None:
        assert client.connection is not None
        for request in requests:
            since = parse_position(request.since) if request.since is not None else None
            await self.hub.subscribe(client.connection, request.channel, self.center.host, since)

    def fresh(self, name: str) -> View:
        """What somebody who came only now would see."""
        host = self.center.host
        data = NumberedChannel(name, view_of(name), host.epoch, host.state).data()
        view: View = msgspec.json.decode(data)
        return view


def differences(view: View, fresh: View) -> dict[tuple[str, str], Any]:
    """The rows that are not the same, as they are in one and the other."""
    mine, theirs = ({(t, k): row for t, rows in one.items() for k, row in rows.items()} for one in (view, fresh))
    return {
        place: (mine.get(place), theirs.get(place))
        for place in {*mine, *theirs}
        if mine.get(place) != theirs.get(place)
    }


TICKETS = st.integers(0, 6)
CLIENTS = st.integers(0, 5)
SIDES = st.sampled_from("AAAB")
CHANNEL = st.one_of(
    st.sampled_from(["board:go-vap", "helper:go-vap"]),
    st.integers(1, 6).map("counter:go-vap/{}".format),
    TICKETS.map("ticket {}".format),
    st.just("printer:printer-1"),
)


class Screens(RuleBasedStateMachine):
    KEPT: ClassVar[list[tuple[Any, str, Any]]] = [
        (connection_module, "HIGH_WATER_BYTES", 9_000),
        (channels_module, "FRAMES_KEPT", 6),
        (apply_module, "CALLS_KEPT", 3),
        (hub_module, "KEEP_UNREAD_S", 1e9),
    ]
    """Small, so that every limit is met."""

    @initialize()
    def start(self) -> None:
        self.before = [(module, name, getattr(module, name)) for module, name, _ in self.KEPT]
        for module, name, value in self.KEPT:
            setattr(module, name, value)
        self.runner = asyncio.Runner()
        self.clock = HandClock(moment("08:30"))
        self.journal = MemoryJournal()
        self.sides: dict[str, Side] = {}
        self.run(self.open())
        self.clients = [Client(f"client {n}") for n in range(6)]
        for number, client in enumerate(self.clients):
            self.come(number, "B" if number == 5 else "A")
            for channel in ("board:go-vap", f"counter:go-vap/{number % 3 + 1}", "helper:go-vap", "printer:printer-1"):
                self.run(self.ask(client, client.request(channel)))

    async def open(self) -> None:
        for name in "AB":
            self.sides[name] = await Side.on(self.journal, self.clock, is_first=name == "A")

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        for module, name, value in self.before:
            setattr(module, name, value)
        for side in self.sides.values():
            side.center.host.close()
        self.runner.close()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    # -- what happens at the branch ------------------------------------------------------------------------------------

    @rule(
        asked=st.lists(st.tuples(st.one_of(ANY, ISSUES, WORK, COUNTER_WORK), st.sampled_from(PEOPLE)), max_size=5),
        side=SIDES,
        after=st.sampled_from([0, 1, 7, 60]),
    )
    def commands(self, asked: list[tuple[c.Command, c.By]], side: str, after: int) -> None:
        """Some commands that wait together."""
        self.run(self.do(side, asked, after))

    @rule(counter=st.sampled_from([1, 1, 2]), count=st.integers(1, 5), goes=st.booleans())
    def rounds(self, counter: int, count: int, goes: bool) -> None:
        """Somebody comes, is called, served and goes (or stays), so that the board forgets older calls."""
        for _ in range(count):
            self.run(self.do("A", [(c.Issue(field="chung-thuc"), KIOSK), (c.CallNext(counter=counter), CHIEF)], 1))
            ticket = self.state("A").at_counter(counter)
            if ticket is not None and goes:
                work = [c.Start(ticket=ticket.id), c.Finish(ticket=ticket.id)]
                self.run(self.do("A", [(command, CHIEF) for command in work], 1))

    @rule(config=st.sampled_from(sorted(CONFIGS)), side=SIDES)
    def configure(self, config: str, side: str) -> None:
        self.run(self.do(side, [(c.Configure(config=CONFIGS[config]), CHIEF)], 0))

    @rule(hours=st.sampled_from([1, 4, 13, 24]))
    def time_passes(self, hours: int) -> None:
        self.run(self.pass_time(timedelta(hours=hours)))
        work: list[tuple[c.Command, c.By]] = [(c.OpenCounter(counter=no, take_over=True), CHIEF) for no in (1, 2)]
        self.run(self.do("A", work, 0))

    @rule()
    def the_other_process_looks(self) -> None:
        """It asks for what is so already, and hears by the head that it is behind."""
        self.run(self.do("B", [(c.CallNext(counter=9), CHIEF)], 0))
        assert self.state("B").seq >= self.state("A").seq
        for name in {name for client in self.clients for name, _ in client.views()}:
            if self.state("A").seq == self.state("B").seq:
                assert self.sides["A"].fresh(name) == self.sides["B"].fresh(name)

    def state(self, side: str) -> BranchState:
        return self.sides[side].center.host.state

    async def do(self, side: str, asked: Sequence[tuple[c.Command, c.By]], after: int) -> None:
        await self.pass_time(timedelta(seconds=after))
        center = self.sides[side].center
        work = [center.submit(self.resolved(side, command), by) for command, by in asked]
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            assert not isinstance(outcome, Exception) or isinstance(outcome, Refusal), outcome
        await self.exchange()

    def resolved(self, side: str, command: c.Command) -> c.Command:
        """The ticket that is meant: by its age, among those at a counter or all."""
        asked = getattr(command, "ticket", "")
        if asked[:1] not in ("!", "?"):
            return command
        tickets = list(self.state(side).tickets.values())[::-1]
        if asked[0] == "!":
            tickets = [ticket for ticket in tickets if ticket.counter is not None] or tickets
        age = int(asked[1:])
        return replace(command, ticket=tickets[age % len(tickets)].id if tickets else "t0")

    async def pass_time(self, jump: timedelta) -> None:
        self.clock.to(self.clock.now() + jump)
        await self.exchange()

    # -- what happens to the connections -------------------------------------------------------------------------------

    @rule(client=CLIENTS, channel=CHANNEL)
    def subscribe(self, client: int, channel: str) -> None:
        one = self.clients[client]
        if channel.startswith("ticket "):
            tickets = [*self.state("A").tickets, "t0"]
            channel = f"ticket:{tickets[-1 - int(channel[7:]) % len(tickets)]}.signed"
        if one.channels.get(channel) is None:
            self.run(self.ask(one, one.request(channel)))

    @rule(client=CLIENTS, channel=CHANNEL)
    def unsubscribe(self, client: int, channel: str) -> None:
        one = self.clients[client]
        one.channels.forget(channel)
        if one.connection is not None and one.side is not None:
            one.side.hub.unsubscribe(one.connection, channel)

    @rule(client=CLIENTS)
    def go(self, client: int) -> None:
        """The line drops; what was on its way is lost."""
        self.hang_up(self.clients[client])

    @rule(client=CLIENTS, side=SIDES)
    def come(self, client: int, side: str) -> None:
        """Back again, here or there, and asking for what is missing."""
        one = self.clients[client]
        if one.connection is None:
            one.side, one.wire, one.reads, one.is_whole = self.sides[side], RecordedWire(), True, True
            one.connection = Connection(one.wire)
            one._last_event.clear()
            one.side.hub.connections.add(one.connection)
            self.run(self.ask(one, one.channels.on_welcome()))

    @rule(client=CLIENTS)
    def stop_reading(self, client: int) -> None:
        self.clients[client].reads = False

    @rule(client=CLIENTS)
    def read_again(self, client: int) -> None:
        self.clients[client].reads = True
        self.run(self.exchange())

    @rule(client=CLIENTS)
    def lose_a_frame(self, client: int) -> None:
        one = self.clients[client]
        one.wire.loses, one.is_whole = True, False

    @rule(client=CLIENTS, position=st.sampled_from(["0123456789ab.3", "ahead"]))
    def a_position_of_nowhere(self, client: int, position: str) -> None:
        """Of another history, or ahead of the head: all is sent anew."""
        one = self.clients[client]
        if one.side is None or one.connection is None or not one.reads:
            return
        self.run(self.known_at(one.side))
        ahead = f"{one.side.center.host.epoch}.{one.side.center.host.state.seq + 5}"
        channel = one.channels.get("board:go-vap")
        if channel is not None:
            channel.position = ahead if position == "ahead" else position
            self.run(self.ask(one, [channel.request()]))
            assert channel.position == one.side.center.host.position

    async def known_at(self, side: Side) -> None:
        """The process has what the other one wrote, and so have its readers."""
        await side.center.host.settled()
        await self.exchange()

    @rule()
    def unread_channels_are_forgotten(self) -> None:
        hub_module.KEEP_UNREAD_S = -1.0
        for side in self.sides.values():
            side.hub.forget_unread()
        hub_module.KEEP_UNREAD_S = 1e9

    @rule()
    def beat(self) -> None:
        """After silence, everybody hears the newest positions; who has missed a frame finds out now."""
        for client in self.clients:
            if client.connection is not None:
                client.connection.sent_at = float("-inf")
        had_lost = [client for client in self.clients if client.reads and not client.wire.loses]
        for side in self.sides.values():
            side.hub.beat(side.hub.connections)
        self.run(self.exchange())
        for client in had_lost:  # what is lost after the beat is found out by the next one
            client.is_whole = True

    def hang_up(self, client: Client) -> None:
        if client.connection is not None and client.side is not None:
            client.side.hub.leave(client.connection)
            client.connection.is_closed = True
            client.connection = None

    async def ask(self, client: Client, requests: list[frames.Subscribe]) -> None:
        if client.connection is not None and client.side is not None:
            await client.side.answer(client, requests)
        await self.exchange()

    async def exchange(self) -> None:
        """Everybody who reads takes what has come, and gets what it then asks for."""
        for side in self.sides.values():
            await settle(side.center)
        for client in self.clients:
            while client.reads and client.connection is not None and client.wire.unread and client.side is not None:
                await client.side.answer(client, client.read())

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def everything_holds(self) -> None:
        self.run(self.exchange())
        self.who_is_too_slow_is_told_to_come_back_and_forgotten()
        self.every_view_is_what_a_fresh_snapshot_shows()
        self.snapshots_of_one_position_are_the_same_bytes()

    def every_view_is_what_a_fresh_snapshot_shows(self) -> None:
        for client in self.clients:
            if client.side is None or client.connection is None or not (client.reads and client.is_whole):
                continue
            for name, view in client.views():
                found = differences(view, client.side.fresh(name))
                assert not found, f"{client.name} {name}: {found}"

    def who_is_too_slow_is_told_to_come_back_and_forgotten(self) -> None:
        for client in self.clients:
            if client.wire.code is None:
                assert client.connection is None or client.wire.pending() <= 9_000 + 40_000
                continue
            assert client.wire.code == TOO_SLOW < frames.Close.MALFORMED
            for side in self.sides.values():
                readers = [c for channel in side.hub._numbered.values() for c in channel.readers]
                assert client.connection not in readers
            self.hang_up(client)
            client.wire = RecordedWire()

    def snapshots_of_one_position_are_the_same_bytes(self) -> None:
        side = self.sides["A"]
        for branch in side.hub._branches.values():
            for name, channel in branch.numbered.items():
                seq = side.center.host.state.seq
                assert channel.snapshot(seq) is channel.snapshot(seq)
                assert parse_position(server_position(channel.snapshot(seq)))[1] == seq
                assert differences(msgspec.json.decode(channel.data()), side.fresh(name)) == {}


def server_position(data: bytes) -> str:
    frame = server_decoder.decode(data)
    assert isinstance(frame, frames.Snapshot)
    return frame.seq


TestScreens = Screens.TestCase
TestScreens.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking a day of commands takes longer than it helps
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def test_a_snapshot_depends_on_nothing_but_the_state() -> None:
    """Two processes that read the journal to the same position send the same bytes, whenever they do."""

    async def both(at: datetime) -> list[bytes]:
        journal = MemoryJournal()
        side = await Side.on(journal, HandClock(at), is_first=True)
        await side.center.issue()
        await side.center.call_next()
        other = await Side.on(journal, HandClock(at + timedelta(minutes=5)), is_first=False)
        made = []
        for one in (side, other):
            for name in ("board:go-vap", "counter:go-vap/1", "printer:printer-1"):
                host = one.center.host
                made.append(NumberedChannel(name, view_of(name), host.epoch, host.state).snapshot(host.state.seq))
            one.center.host.close()
        return made

    made = asyncio.run(both(moment("08:30")))
    assert made[:3] == made[3:]


def test_a_frame_is_encoded_once_for_all_readers() -> None:
    async def shown() -> None:
        side = await Side.on(MemoryJournal(), HandClock(moment("08:30")), is_first=True)
        wires = [RecordedWire() for _ in range(3)]
        for wire in wires:
            await side.hub.subscribe(Connection(wire), "board:go-vap", side.center.host, None)
        await side.center.issue()
        with contextlib.suppress(Refusal):
            await side.center.call_next()
        assert len({id(wire.unread[-1]) for wire in wires}) == 1
        assert len({id(wire.unread[0]) for wire in wires}) == 1
        side.center.host.close()

    asyncio.run(shown())
