"""The channels of which only the newest counts: live:BRANCH, next:BRANCH/NO for a clerk, ahead:TOKEN for a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from queue_server.domain.foresight import Outlook
from queue_server.domain.state import BranchState
from queue_server.realtime.channels import Channel
from queue_server.realtime.connection import Message
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from queue_server.realtime.phone import ahead, ticket_of
from queue_server.realtime.upcoming import upcoming


class LatestChannel(Channel):
    """`data` is what all readers have."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(name)
        self.data = data


def is_latest(name: str) -> bool:
    """Whether the newest wins on this channel; the others are numbered."""
    return name.startswith(("live:", "next:", "ahead:"))


def newest(name: str, state: BranchState, now: datetime, pace: Callable[[], Pace], outlook: Outlook | None) -> bytes:
    """What the channel says now."""
    if name.startswith("live:"):
        return _encoder.encode(live(state, now, pace(), outlook))
    if name.startswith("next:"):
        return _encoder.encode(upcoming(state, int(name.rpartition("/")[2]), now))
    return _encoder.encode(ahead(state, ticket_of(name), now, outlook))


def snapshot(name: str, position: str, data: bytes) -> Message:
    """A frame with what the channel says."""
    frame = b'{"type":"snapshot","channel":"%b","seq":"%b","data":%b}'
    return Message(frame % (name.encode(), position.encode(), data))


_encoder = msgspec.json.Encoder()
