"""A numbered channel: the rows that its readers have, the frames that brought them there, and its snapshot.

Rows are kept encoded. A delta is every row whose bytes differ; a snapshot is all of them. A reader that has position P
may resume when P is not older than the first frame kept here; else it gets a snapshot.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from queue_server.domain.state import BranchState, Change
from queue_server.realtime.connection import Connection
from queue_server.realtime.views import RowKey, View

FRAMES_KEPT, KEPT_S = 256, 60.0
"""Enough for a reader that was away for seconds; who was away longer takes a snapshot. By number alone a whole day of a
quiet branch would be kept, for each of its consoles."""


class Frame(NamedTuple):
    """One delta: the encoded frame, its own position and the one before it, and when it was made (monotonic)."""

    prev: int
    seq: int
    data: bytes
    made_at: float


class Channel:
    """`name` is the channel's public name, `mark` its place in a beat, `"NAME":"POSITION"`, where it is numbered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mark = b""
        self.readers: set[Connection] = set()
        self.unread_since = time.monotonic()

    def join(self, connection: Connection) -> None:
        self.readers.add(connection)
        connection.channels[self.name] = self

    def leave(self, connection: Connection) -> None:
        self.readers.discard(connection)
        connection.channels.pop(self.name, None)
        if not self.readers:
            self.unread_since = time.monotonic()


class NumberedChannel(Channel):
    """Made from the confirmed state at `state.seq`."""

    def __init__(self, name: str, view: View, epoch: str, state: BranchState) -> None:
        super().__init__(name)
        self._view = view
        self.begin(epoch, state)

    def begin(self, epoch: str, state: BranchState) -> None:
        """Nobody has seen anything of this history yet."""
        self.epoch = epoch
        self._move_to(state.seq)
        self._since = state.seq
        self._config = state.config
        self._rows: dict[RowKey, bytes] = {}
        self._frames: deque[Frame] = deque()
        self._data: bytes | None = None
        self._snapshot: tuple[int, bytes] | None = None
        self._refresh(state, self._view.keys(state))

    def advance(self, state: BranchState, changes: Iterable[Change]) -> Frame | None:
        """The frame that takes readers to the state's position; None when nothing here differs."""
        touched: dict[RowKey, None] = {}
        if state.config is not self._config:
            self._config = state.config
            touched = dict.fromkeys((*self._rows, *self._view.keys(state)))
            changes = ()
        for change in changes:
            keys = self._view.touched(state, change)
            if keys is None:
                touched = dict.fromkeys((*self._rows, *self._view.keys(state)))
                break
            touched.update(dict.fromkeys(keys))
        if not touched:
            return None
        differing = self._refresh(state, touched)
        if not differing:
            return None
        frame = Frame(self.last, state.seq, self._encode(differing, state.seq), time.monotonic())
        self._move_to(state.seq)
        self._data = self._snapshot = None
        self._frames.append(frame)
        while len(self._frames) > FRAMES_KEPT or self._frames[0].made_at < frame.made_at - KEPT_S:
            self._since = self._frames.popleft().seq
        return frame

    def _move_to(self, seq: int) -> None:
        self.last = seq
        self.mark = b'"%b":"%b"' % (self.name.encode(), self._position(seq))

    def _refresh(self, state: BranchState, keys: Iterable[RowKey]) -> list[tuple[RowKey, bytes]]:
        """Make these rows anew; those whose bytes differ, `null` for a row that is gone."""
        differing: list[tuple[RowKey, bytes]] = []
        for key in keys:
            row = self._view.row(state, key)
            if row is None:
                if self._rows.pop(key, None) is not None:
                    differing.append((key, b"null"))
                continue
            data = _encoder.encode(row)
            if self._rows.get(key) != data:
                self._rows[key] = data
                differing.append((key, data))
        return differing

    def _encode(self, differing: list[tuple[RowKey, bytes]], seq: int) -> bytes:
        rows = b",".join(b'["%b","%b",%b]' % (t.encode(), k.encode(), data) for (t, k), data in differing)
        return b'{"type":"event","channel":"%b","seq":"%b","prev":"%b","changes":[%b]}' % (
            self.name.encode(), self._position(seq), self._position(self.last), rows,
        )  # fmt: skip

    def _position(self, seq: int) -> bytes:
        return f"{self.epoch}.{seq}".encode()

    def snapshot(self, seq: int) -> bytes:
        """The snapshot frame at the branch's position `seq`, encoded once per position."""
        if self._snapshot is None or self._snapshot[0] != seq:
            frame = b'{"type":"snapshot","channel":"%b","seq":"%b","data":%b}' % (
                self.name.encode(), self._position(seq), self.data(),
            )  # fmt: skip
            self._snapshot = (seq, frame)
        return self._snapshot[1]

    def data(self) -> bytes:
        """All rows as JSON: `{table: {key: row}}`."""
        if self._data is None:
            tables: dict[str, list[bytes]] = {}
            for (table, key), data in self._rows.items():
                tables.setdefault(table, []).append(b'"%b":%b' % (key.encode(), data))
            parts = (b'"%b":{%b}' % (table.encode(), b",".join(rows)) for table, rows in tables.items())
            self._data = b"{%b}" % b",".join(parts)
        return self._data

    def resume(self, epoch: str, since: int) -> list[bytes] | None:
        """The frames after position `since`; None when they are not all here, so that a snapshot is needed."""
        if epoch != self.epoch or since < self._since:
            return None
        return [frame.data for frame in self._frames if frame.seq > since]


_encoder = msgspec.json.Encoder()
