"""The hub: channels, who reads them, and what a commit means for each. It never waits and never decides."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable
from datetime import datetime
from itertools import count

import msgspec

from queue_server.branches.host import BranchHost
from queue_server.domain.state import Change
from queue_server.journal.port import Batch
from queue_server.protocol.frames import Beat, Close
from queue_server.protocol.rows import Live
from queue_server.realtime import latest
from queue_server.realtime.alarms import AlarmsView
from queue_server.realtime.asking import RatingView
from queue_server.realtime.channels import NumberedChannel
from queue_server.realtime.connection import Circle, Connection, Message, Parcel
from queue_server.realtime.latest import LatestChannel
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from queue_server.realtime.phone import TicketView, ticket_of
from queue_server.realtime.views import BoardView, CounterView, HelperView, PrinterView, View

log = logging.getLogger(__name__)

PARTS, TURN_S = 50, 0.05
"""In each turn a fiftieth of all is looked at: thousands of beats at once would make a call wait."""
BEAT_S = 2 * PARTS * TURN_S
"""Who hears nothing else hears a beat this often, every other time it is looked at."""
FORGET_TURNS = 4 * PARTS
QUIET_S = 2.6
"""Who was sent nothing for so long gets a beat: a little more than a round, so that beats come every other one."""
LATEST_AFTER_S = 0.25
"""How long after a change the newest figures are made: an end and the next call are one change."""
LATEST_EVERY_S = 1.0
LATEST_AGAIN_S, LATEST_IDLE_S = 20.0, 60.0
"""How old their figures get when nothing happens: while somebody waits, and else."""
KEEP_UNREAD_S = 120.0
"""How long a channel without readers keeps its frames, for those who come back."""
STOPS_KEPT = 4096
"""Batches of which a branch remembers where they ended: minutes of the busiest hall."""


class BranchChannels:
    """The channels of one branch that somebody reads, or has read a moment ago."""

    def __init__(self, host: BranchHost) -> None:
        self.host = host
        self.numbered: dict[str, NumberedChannel] = {}
        self.latest: dict[str, LatestChannel] = {}
        self.latest_timer: asyncio.TimerHandle | None = None
        self.latest_made_at = -LATEST_EVERY_S
        self.latest_due_at = math.inf
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
        self._numbered: dict[str, NumberedChannel] = {}
        self.connections = Circle(PARTS)
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
        for channel in branch.numbered.values():
            frame = channel.advance(host.state, changes)
            if frame is not None:
                message = Message(frame.data)
                for connection in channel.readers:
                    messages.setdefault(connection, []).append(message)
        for connection, several in messages.items():
            if not connection.send(several[0] if len(several) == 1 else Parcel(several)):
                self.leave(connection)
        self._schedule_latest(branch, LATEST_EVERY_S)

    def _begin_anew(self, branch: BranchChannels) -> None:
        """Another history: everybody gets a snapshot of it, as at the start."""
        branch.begin()
        for channel in branch.numbered.values():
            channel.begin(branch.host.epoch, branch.host.state)
            self._send_all(channel.readers, Message(channel.snapshot(branch.host.state.seq)))
        self._schedule_latest(branch, LATEST_EVERY_S)

    def _send_all(self, readers: set[Connection], message: Message) -> None:
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
        if latest.is_latest(name):
            newest = self._latest(branch, name)
            newest.join(connection)
            is_old = branch.latest_due_at <= time.monotonic() + LATEST_EVERY_S  # all others hear of it soon
            connection.send(latest.snapshot(name, host.position, self._newest(branch, name) if is_old else newest.data))
            return
        channel = self.numbered(branch, name)
        missed = channel.resume(*since) if since is not None and branch.may_resume(since) else None
        channel.join(connection)
        for frame in missed if missed is not None else [channel.snapshot(host.state.seq)]:
            if not connection.send(Message(frame)):
                self.leave(connection)
                return

    def numbered(self, branch: BranchChannels, name: str) -> NumberedChannel:
        """The channel, made from the confirmed state when nobody has read it yet."""
        channel = branch.numbered.get(name)
        if channel is None:
            channel = NumberedChannel(name, view_of(name), branch.host.epoch, branch.host.state)
            branch.numbered[name] = self._numbered[name] = channel
        elif channel.epoch != branch.host.epoch:
            channel.begin(branch.host.epoch, branch.host.state)
        return channel

    def _latest(self, branch: BranchChannels, name: str) -> LatestChannel:
        """The channel, with what all its readers have; made anew when it has none."""
        channel = branch.latest.get(name)
        if not branch.latest:
            branch.latest_made_at = time.monotonic()
        if channel is None:
            channel = branch.latest[name] = LatestChannel(name, self._newest(branch, name))
        elif not channel.readers:
            channel.data = self._newest(branch, name)
        self._schedule_latest(branch, self._may_age(branch))
        return channel

    def take_over(self, name: str, connection: Connection | None = None) -> None:
        """Be the only reader, here or in another process: whoever else reads the channel is told to stay away. The
        newest wins, since the other may be the same peer's connection of before a cut, which nobody has missed yet."""
        channel = self._numbered.get(name)
        others = channel.readers - {connection} if channel is not None else set()
        self._send_away(others, Close.TAKEN_OVER, "another has taken over")

    def expel(self, actors: Container[str]) -> None:
        """The rights of these actors have ended: so do their connections."""
        ended = {connection for connection in self.connections if connection.actor in actors}
        self._send_away(ended, Close.UNAUTHENTICATED, "not valid any more")

    def let_go(self, connections: Iterable[Connection], *, may_return: bool) -> None:
        """They are not who they were any more: with other rights, or with none."""
        if may_return:
            self._send_away(set(connections), Close.COME_BACK, "other rights, come back")
        else:
            self._send_away(set(connections), Close.UNAUTHENTICATED, "not valid any more")

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

    def unsubscribe(self, connection: Connection, name: str) -> None:
        channel = connection.channels.get(name)
        if channel is not None:
            channel.leave(connection)

    def leave(self, connection: Connection) -> None:
        for channel in list(connection.channels.values()):
            channel.leave(connection)
        self.connections.discard(connection)

    # -- the newest ------------------------------------------------------------------------------------------------

    async def live(self, host: BranchHost) -> Live:
        """How the branch is doing now, for an HTTP reader."""
        state = await host.settled()
        return live(state, self._now(), self._branch(host).pace_now(), host.outlook)

    def refresh(self, host: BranchHost) -> None:
        """What is said of the time to come has changed, and nothing else."""
        branch = self._branches.get(host.branch_id)
        if branch is not None:
            self._schedule_latest(branch, LATEST_EVERY_S)

    def _schedule_latest(self, branch: BranchChannels, age_s: float) -> None:
        """Make it anew when what is there is so old. Time alone changes waits and the last hour's counts, too."""
        due_at = max(branch.latest_made_at + age_s, time.monotonic() + LATEST_AFTER_S)
        if not branch.latest or branch.latest_due_at <= due_at:
            return
        if branch.latest_timer is not None:
            branch.latest_timer.cancel()
        branch.latest_due_at = due_at
        wait = due_at - time.monotonic()
        branch.latest_timer = asyncio.get_running_loop().call_later(wait, self._latest_due, branch)

    def _latest_due(self, branch: BranchChannels) -> None:
        """Everybody gets what differs from what they have; who joined meanwhile may get it twice."""
        branch.latest_due_at = math.inf
        branch.latest_made_at = time.monotonic()
        if not branch.host.is_settled:  # the commit that is under way, if it comes about, schedules it sooner
            self._schedule_latest(branch, LATEST_EVERY_S)
            return
        for name, channel in list(branch.latest.items()):
            if not channel.readers:
                del branch.latest[name]
                continue
            data = self._newest(branch, name)
            if data != channel.data:
                channel.data = data
                self._send_all(channel.readers, latest.snapshot(name, branch.host.position, data))
        self._schedule_latest(branch, self._may_age(branch))

    @staticmethod
    def _may_age(branch: BranchChannels) -> float:
        state = branch.host.state
        return LATEST_AGAIN_S if any(map(state.waiting_count, state.fields)) else LATEST_IDLE_S

    def _newest(self, branch: BranchChannels, name: str) -> bytes:
        return latest.newest(name, branch.host.state, self._now(), branch.pace_now, branch.host.outlook)

    # -- beats -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._beats = asyncio.get_running_loop().create_task(self._beat_forever(), name="hub beats")

    async def _beat_forever(self) -> None:
        """A part in each turn; a process that is late goes on from there, and makes up for nothing."""
        due_at = time.monotonic()
        for turn in count():
            self.beat(self.connections.part(turn))
            if turn % FORGET_TURNS == 0:
                self.forget_unread()
            due_at = max(due_at + TURN_S, time.monotonic())
            await asyncio.sleep(due_at - time.monotonic())

    def beat(self, connections: Iterable[Connection]) -> None:
        """A sign of life to those who have heard nothing lately, with the positions of their channels."""
        quiet_since = time.monotonic() - QUIET_S
        silent = [connection for connection in connections if connection.sent_at < quiet_since]
        if not silent:
            return
        head = _encoder.encode(Beat(self._now(), {}))[: -len(b"}}")]
        for connection in silent:
            marks = b",".join([channel.mark for channel in connection.channels.values() if channel.mark])
            if not connection.send(Message(head + marks + b"}}")):
                self.leave(connection)

    def is_read(self, branch_id: str) -> bool:
        """Whether somebody reads a channel of this branch, or did a moment ago."""
        branch = self._branches.get(branch_id)
        if branch is None:
            return False
        if not branch.numbered and not any(channel.readers for channel in branch.latest.values()):
            del self._branches[branch_id]
            return False
        return True

    def forget_unread(self) -> None:
        """Let go of channels that nobody has read for a while."""
        limit = time.monotonic() - KEEP_UNREAD_S
        for branch in self._branches.values():
            for name, channel in list(branch.numbered.items()):
                if not channel.readers and channel.unread_since < limit:
                    del branch.numbered[name], self._numbered[name]

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
        case "helper":
            return HelperView()
        case "alarms":
            return AlarmsView()
        case "counter":
            return CounterView(int(rest.rpartition("/")[2]))
        case "ticket":
            return TicketView(ticket_of(name))
        case "printer":
            return PrinterView(rest)
        case "rating":
            return RatingView(int(rest.rpartition("/")[2]))
        case _:
            raise ValueError(name)


_encoder = msgspec.json.Encoder()
