"""The hub: channels, who reads them, and what a commit means for each. It never waits and never decides."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable
from datetime import datetime

import msgspec

from queue_server.branches.host import BranchHost
from queue_server.domain.state import Change
from queue_server.journal.port import Batch
from queue_server.protocol.frames import Beat, Close
from queue_server.protocol.rows import Live
from queue_server.realtime import latest
from queue_server.realtime.channels import NumberedChannel
from queue_server.realtime.connection import Connection, Message, Parcel
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from queue_server.realtime.phone import TicketView, ticket_of
from queue_server.realtime.views import BoardView, CounterView, PrinterView, View

log = logging.getLogger(__name__)

BEAT_AFTER_S = 4.0
BEATS_AT_ONCE, BEATS_WITHIN_S = 50, 0.7
"""A round of beats: so many in one go, some 2 ms of work, and all of them in this time."""
LATEST_EVERY_S = 1.0
LATEST_AGAIN_S = 20.0
"""How old their figures get when nothing happens."""
KEEP_UNREAD_S = 120.0
"""How long a channel without readers keeps its frames, for those who come back."""
STOPS_KEPT = 4096
"""Batches of which a branch remembers where they ended: minutes of the busiest hall."""


class BranchChannels:
    """The channels of one branch that somebody reads, or has read a moment ago; of `latest` what all readers have."""

    def __init__(self, host: BranchHost) -> None:
        self.host = host
        self.numbered: dict[str, NumberedChannel] = {}
        self.readers: dict[str, set[Connection]] = {}
        self.unread_since: dict[str, float] = {}
        self.latest: dict[str, bytes] = {}
        self.latest_timer: asyncio.TimerHandle | None = None
        self.latest_made_at = -LATEST_EVERY_S
        self.begin()

    def begin(self) -> None:
        """Nobody has seen anything of this history yet."""
        self.epoch = self.host.epoch
        self.pace: Pace | None = None
        self._stops: OrderedDict[int, None] = OrderedDict({self.host.state.seq: None})

    def stop_at(self, seq: int) -> None:
        """The state was confirmed at `seq`: readers may stand there."""
        self._stops[seq] = None
        if len(self._stops) > STOPS_KEPT:
            self._stops.popitem(last=False)

    def may_resume(self, since: tuple[str, int]) -> bool:
        """Whether frames made here lead on from there. Another process may have sent a position that lies inside a
        batch that was caught up here in one go: what changed before it and was back after it is in no frame."""
        epoch, seq = since
        return epoch == self.host.epoch and seq in self._stops

    def pace_now(self) -> Pace:
        """Counted over all tickets once, when somebody first wants to know."""
        if self.pace is None:
            self.pace = Pace(self.host.state)
        return self.pace


class Hub:
    """Connections and channels of this process."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._branches: dict[str, BranchChannels] = {}
        self._where: dict[str, BranchChannels] = {}
        self.connections: set[Connection] = set()
        self.is_leaving = False
        """The server is about to stop: commands are not taken any more, whoever sent one sends it again elsewhere."""
        self._beats: asyncio.Task[None] | None = None

    # -- from the hosts --------------------------------------------------------------------------------------------

    def publish(self, host: BranchHost, changes: list[Change], _: Batch | None = None) -> None:
        """A batch is durable and `host.state` confirmed: one frame to every channel on which something differs."""
        branch = self._branches.get(host.branch_id)
        if branch is None:
            return
        branch.host = host
        if branch.epoch != host.epoch:
            self._begin_anew(branch)
            return
        branch.stop_at(host.state.seq)
        if branch.pace is not None:
            branch.pace.see(changes)
        messages: dict[Connection, list[Message]] = {}
        for name, channel in branch.numbered.items():
            frame = channel.advance(host.state, changes)
            if frame is not None:
                message = Message(frame.data)
                for connection in branch.readers.get(name, ()):
                    messages.setdefault(connection, []).append(message)
        for connection, several in messages.items():
            if not connection.send(several[0] if len(several) == 1 else Parcel(several)):
                self.leave(connection)
        if branch.latest:
            self._schedule_latest(branch)

    def _begin_anew(self, branch: BranchChannels) -> None:
        """Another history: everybody gets a snapshot of it, as at the start."""
        branch.begin()
        for name in list(branch.numbered):
            channel = NumberedChannel(name, view_of(name), branch.host.epoch, branch.host.state)
            branch.numbered[name] = channel
            self._send_all(branch.readers.get(name, ()), Message(channel.snapshot(branch.host.state.seq)))
        if branch.latest:
            self._schedule_latest(branch)

    def _send_all(self, readers: set[Connection] | tuple[()], message: Message) -> None:
        slow = [connection for connection in readers if not connection.send(message)]
        for connection in slow:
            self.leave(connection)

    # -- from the connections --------------------------------------------------------------------------------------

    async def subscribe(
        self, connection: Connection, name: str, host: BranchHost, since: tuple[str, int] | None
    ) -> None:
        """Read a channel: the frames after `since` when they are here, else a snapshot, then every delta.

        The caller has checked that the connection may read it and that `name` belongs to the host's branch.
        """
        await host.settled()
        if connection.is_closed:
            return
        branch = self._branch(host)
        self._where[name] = branch
        if latest.is_latest(name):
            self._join(branch, name, connection)
            data = branch.latest.get(name)
            if data is None:  # nobody has it; else what all have is at most a second old, or the next is on its way
                data = branch.latest[name] = self._newest(branch, name)
            connection.send(latest.snapshot(name, host.position, data))
            return
        channel = self.numbered(branch, name)
        missed = channel.resume(*since) if since is not None and branch.may_resume(since) else None
        self._join(branch, name, connection)
        for frame in missed if missed is not None else [channel.snapshot(host.state.seq)]:
            if not connection.send(Message(frame)):
                self.leave(connection)
                return

    def numbered(self, branch: BranchChannels, name: str) -> NumberedChannel:
        """The channel, made from the confirmed state when nobody has read it yet."""
        channel = branch.numbered.get(name)
        if channel is None or channel.epoch != branch.host.epoch:
            channel = NumberedChannel(name, view_of(name), branch.host.epoch, branch.host.state)
            branch.numbered[name] = channel
            branch.unread_since[name] = time.monotonic()
        return channel

    def take_over(self, name: str, connection: Connection | None = None) -> None:
        """Be the only reader, here or in another process: whoever else reads the channel is told to stay away. The
        newest wins, since the other may be the same peer's connection of before a cut, which nobody has missed yet."""
        branch = self._where.get(name)
        others = branch.readers.get(name, set()) - {connection} if branch is not None else set()
        self._send_away(others, Close.TAKEN_OVER, "another has taken over")

    def expel(self, actors: Container[str]) -> None:
        """The rights of these actors have ended: so do their connections."""
        ended = {connection for connection in self.connections if connection.actor in actors}
        self._send_away(ended, Close.UNAUTHENTICATED, "not valid any more")

    def _send_away(self, connections: set[Connection], code: int, reason: str) -> None:
        for connection in connections:
            connection.close(code, reason)
            self.leave(connection)

    async def snapshot(self, host: BranchHost, name: str) -> NumberedChannel:
        """A numbered channel's rows now, for an HTTP reader."""
        await host.settled()
        return self.numbered(self._branch(host), name)

    def _branch(self, host: BranchHost) -> BranchChannels:
        branch = self._branches.get(host.branch_id)
        if branch is None or branch.host is not host:
            branch = self._branches[host.branch_id] = BranchChannels(host)
        return branch

    def _join(self, branch: BranchChannels, name: str, connection: Connection) -> None:
        branch.readers.setdefault(name, set()).add(connection)
        branch.unread_since.pop(name, None)
        connection.channels.add(name)

    def unsubscribe(self, connection: Connection, name: str) -> None:
        connection.channels.discard(name)
        branch = self._where.get(name)
        readers = branch.readers.get(name) if branch is not None else None
        if branch is None or readers is None:
            return
        readers.discard(connection)
        if not readers:
            del branch.readers[name]
            branch.latest.pop(name, None)
            branch.unread_since[name] = time.monotonic()

    def leave(self, connection: Connection) -> None:
        for name in list(connection.channels):
            self.unsubscribe(connection, name)
        self.connections.discard(connection)

    # -- the newest ------------------------------------------------------------------------------------------------

    async def live(self, host: BranchHost) -> Live:
        """How the branch is doing now, for an HTTP reader."""
        state = await host.settled()
        return live(state, self._now(), self._branch(host).pace_now())

    def _refresh_latest(self) -> None:
        """Time alone changes waits and the last hour's counts."""
        due = time.monotonic() - LATEST_AGAIN_S
        for branch in self._branches.values():
            if branch.latest_made_at < due and branch.latest:
                self._schedule_latest(branch)

    def _schedule_latest(self, branch: BranchChannels) -> None:
        if branch.latest_timer is None:
            wait = max(0.0, branch.latest_made_at + LATEST_EVERY_S - time.monotonic())
            branch.latest_timer = asyncio.get_running_loop().call_later(wait, self._latest_due, branch)

    def _latest_due(self, branch: BranchChannels) -> None:
        """Everybody gets what differs from what they have; who joined meanwhile may get it twice."""
        branch.latest_timer = None
        if not branch.host.is_settled:
            return  # the commit that is under way schedules it again
        branch.latest_made_at = time.monotonic()
        for name, had in list(branch.latest.items()):
            data = self._newest(branch, name)
            if data != had:
                branch.latest[name] = data
                message = latest.snapshot(name, branch.host.position, data)
                self._send_all(branch.readers.get(name, ()), message)

    def _newest(self, branch: BranchChannels, name: str) -> bytes:
        return latest.newest(name, branch.host.state, self._now(), branch.pace_now)

    # -- beats -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._beats = asyncio.get_running_loop().create_task(self._beat_forever(), name="hub beats")

    async def _beat_forever(self) -> None:
        """A round each second, in small parts over most of it: thousands at once would make a call wait for them."""
        while True:
            began = time.monotonic()
            silent = self.silent()
            starts = range(0, len(silent), BEATS_AT_ONCE)
            for first in starts:
                self.beat(silent[first : first + BEATS_AT_ONCE])
                await asyncio.sleep(BEATS_WITHIN_S / len(starts))
            self._refresh_latest()
            self.forget_unread()
            await asyncio.sleep(max(0.0, began + 1.0 - time.monotonic()))

    def silent(self) -> list[Connection]:
        """Those who have heard nothing for four seconds; in rounds of a second they hear something within six."""
        silent_since = time.monotonic() - BEAT_AFTER_S
        return [connection for connection in self.connections if connection.sent_at < silent_since]

    def beat(self, silent: Iterable[Connection]) -> None:
        """A sign of life, encoded once per set of channels."""
        at = self._now()
        frames: dict[frozenset[str], Message] = {}
        for connection in silent:
            channels = frozenset(connection.channels)
            frame = frames.get(channels)
            if frame is None:
                frame = frames[channels] = Message(_encoder.encode(Beat(at, self._positions(channels))))
            if not connection.send(frame):
                self.leave(connection)

    def _positions(self, channels: frozenset[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in channels:
            branch = self._where.get(name)
            channel = branch.numbered.get(name) if branch is not None else None
            if channel is not None:
                found[name] = f"{channel.epoch}.{channel.last}"
        return found

    def is_read(self, branch_id: str) -> bool:
        """Whether somebody reads a channel of this branch, or did a moment ago."""
        branch = self._branches.get(branch_id)
        if branch is None:
            return False
        if not branch.readers and not branch.numbered:
            del self._branches[branch_id]
            return False
        return True

    def forget_unread(self) -> None:
        """Let go of channels that nobody has read for a while."""
        limit = time.monotonic() - KEEP_UNREAD_S
        for branch in self._branches.values():
            for name in [n for n, since in branch.unread_since.items() if since < limit]:
                branch.numbered.pop(name, None)
                del branch.unread_since[name]
                self._where.pop(name, None)

    async def stop(self) -> None:
        """Ask everybody to come back, and stop beating."""
        if self._beats is not None:
            self._beats.cancel()
        self.send_away()

    def send_away(self) -> None:
        """Ask everybody to come back, to us when we are there again or to whoever serves meanwhile."""
        self._send_away(set(self.connections), Close.COME_BACK, "restarting, come back")


def view_of(name: str) -> View:
    """The view behind a numbered channel's name."""
    kind, _, rest = name.partition(":")
    match kind:
        case "board":
            return BoardView()
        case "counter":
            return CounterView(int(rest.rpartition("/")[2]))
        case "ticket":
            return TicketView(ticket_of(name))
        case "printer":
            return PrinterView(rest)
        case _:
            raise ValueError(name)


_encoder = msgspec.json.Encoder()
