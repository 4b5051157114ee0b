"""The rules of following channels, without a socket or a clock: the Python twin of `js/feed.js`.

Both are run on the same cases by `tests/unit/test_feed_rules.py`. `client.py` is the shell around this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct

from queue_server.protocol.frames import Beat, Event, Snapshot, Subscribe, parse_position

SILENT_S = 9.0
"""A server that has said welcome is never silent for longer than 6 s. Nobody waits for longer to ask again, either."""
FIRST_RETRY_S, LAST_RETRY_S = 0.25, 0.75
STOP_FROM = 4400
"""Close codes from here on mean: do not come back without a change."""
BACKLOG_MAX = 1000
"""Updates that may wait for a slow reader before they become one."""

View = dict[str, dict[str, Any]]
"""{table: {key: row}}"""
Changes = Sequence[tuple[str, str, Any]]
Verdict = Literal["take", "ignore", "gap"]


def apply_changes(view: View, changes: Changes) -> View:
    """Apply changes to a view in place; a row of None is removed."""
    for table, key, row in changes:
        rows = view.setdefault(table, {})
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
    return view


def judge(position: str, seq: str, prev: str) -> Verdict:
    """What to do with an event frame at `position`: "take", "ignore" (have it), or "gap" (take a snapshot)."""
    epoch, here = parse_position(position)
    new_epoch, there = parse_position(seq)
    if epoch != new_epoch:
        return "gap"
    if there <= here:
        return "ignore"
    return "take" if parse_position(prev)[1] <= here else "gap"


def is_behind(position: str, newest: str) -> bool:
    (epoch, here), (new_epoch, there) = parse_position(position), parse_position(newest)
    return epoch != new_epoch or here < there


def retry_wait(retry_s: float, window_s: float, chance: float) -> float:
    """Seconds until the next try; `chance` is in [0, 1). Every try, the first too, lies anywhere in the window that the
    server named: those who all lost it at once do not all come at once."""
    return retry_s + chance * window_s


def ask_again_wait(window_s: float, chance: float) -> float:
    """Seconds until a channel is asked for again that the server could not tell: it is its own fault, and passes for
    all at once."""
    return retry_wait(LAST_RETRY_S, min(window_s, SILENT_S), chance)


def patience(window_s: float, *, is_welcome: bool) -> float:
    """Seconds of silence after which the line is given up. Who waits to be let in waits longer: whoever gives up and
    comes again makes the others wait for longer still."""
    return SILENT_S if is_welcome else SILENT_S + window_s


class Update(Struct, frozen=True):
    """The view as it is now. `changes` are those that led here from the update before; None: everything is new."""

    view: View
    changes: Changes | None


class Channel:
    """One channel as its reader has it: `position` is how far frames have come, `view` how far the reader has."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.position: str | None = None
        self.view: View = {}
        self._backlog: deque[View | Changes] = deque()

    def request(self) -> Subscribe:
        """Asks for what is missing, or for everything."""
        is_numbered = not self.name.startswith("live:")
        return Subscribe(self.name, self.position if is_numbered else None)

    def on_snapshot(self, frame: Snapshot) -> None:
        self.position = frame.seq
        self._backlog.clear()
        self._backlog.append(frame.data)

    def on_event(self, frame: Event) -> bool:
        """False: something is missing, and all must be asked for anew."""
        if self.position is None:
            return True
        verdict = judge(self.position, frame.seq, frame.prev)
        if verdict == "take":
            self.position = frame.seq
            self._keep(frame.changes)
        elif verdict == "gap":
            self.position = None
        return verdict != "gap"

    def on_newest(self, newest: str) -> bool:
        """A beat names the newest position: who is behind it has missed a frame. False as in `on_event`."""
        if self.position is None or not is_behind(self.position, newest):
            return True
        self.position = None
        return False

    def _keep(self, changes: Changes) -> None:
        self._backlog.append(changes)
        if len(self._backlog) > BACKLOG_MAX:
            whole = {table: dict(rows) for table, rows in self.view.items()}
            for item in self._backlog:
                whole = item if isinstance(item, dict) else apply_changes(whole, item)
            self._backlog = deque([whole])

    def next(self) -> Update | None:
        """The next update for the reader; None when there is nothing new."""
        if not self._backlog:
            return None
        item = self._backlog.popleft()
        if isinstance(item, dict):
            self.view = item
            return Update(self.view, None)
        apply_changes(self.view, item)
        return Update(self.view, item)


class Channels:
    """All channels of one client. Every method returns the frames to send now."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def get(self, name: str) -> Channel | None:
        return self._channels.get(name)

    def follow(self, name: str) -> Channel:
        if name in self._channels:
            raise ValueError(f"{name} is being followed already")
        channel = self._channels[name] = Channel(name)
        return channel

    def forget(self, name: str) -> None:
        self._channels.pop(name, None)

    def on_welcome(self) -> list[Subscribe]:
        return [channel.request() for channel in self._channels.values()]

    def on_snapshot(self, frame: Snapshot) -> None:
        channel = self._channels.get(frame.channel)
        if channel is not None:
            channel.on_snapshot(frame)

    def on_event(self, frame: Event) -> list[Subscribe]:
        channel = self._channels.get(frame.channel)
        return [] if channel is None or channel.on_event(frame) else [channel.request()]

    def on_beat(self, frame: Beat) -> list[Subscribe]:
        return list(self._behind(frame.positions.items()))

    def _behind(self, positions: Iterable[tuple[str, str]]) -> Iterator[Subscribe]:
        for name, newest in positions:
            channel = self._channels.get(name)
            if channel is not None and not channel.on_newest(newest):
                yield channel.request()
