"""The history of a run: what was asked, answered, shown and broken, as lines of JSON with times of one clock.

Times are seconds since the run began. An attempt's interval holds the instant at which the server decided it: `sent_at`
is taken before anything leaves us, `ended_at` after the answer was read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self

import msgspec
from msgspec import Struct


class Record(Struct, frozen=True, tag_field="is", omit_defaults=True):
    """Base of every line."""


class Attempt(Record, frozen=True, tag="attempt"):
    """One command sent once. A command that is not answered is sent again with its key: another attempt.

    `outcome` "lost" says that nobody knows. `data` is the answer (None when nobody waits), `code` the refusal's.
    """

    client: str
    branch: str
    server: str
    key: str
    name: str
    args: dict[str, Any]
    sent_at: float
    ended_at: float
    outcome: Literal["answered", "refused", "lost"]
    data: Any = None
    code: str = ""
    is_repeat: bool = False
    """Sent again on purpose, after its answer had come."""


class Shown(Record, frozen=True, tag="shown"):
    """A frame that a display or console took: its position afterwards, and whether everything was new."""

    at: float
    display: str
    channel: str
    server: str
    position: str
    is_snapshot: bool = False


class LastView(Record, frozen=True, tag="last-view"):
    """What a display shows when all is over."""

    display: str
    channel: str
    position: str
    view: dict[str, Any]


class Fresh(Record, frozen=True, tag="fresh"):
    """What a new reader of that channel gets from that server when all is over."""

    channel: str
    server: str
    position: str
    view: dict[str, Any]


class Broken(Record, frozen=True, tag="broken"):
    """A fault, from `at` until its component was back."""

    no: int
    kind: str
    what: str
    at: float
    back_at: float
    detail: str = ""


class Recovered(Record, frozen=True, tag="recovered"):
    """How long after the last component's return every display agreed with the journal; None: it never did."""

    no: int
    kind: str
    after_s: float | None
    behind: Sequence[str] = ()
    """For whom it took longest, or never happened."""


class Died(Record, frozen=True, tag="died"):
    """A server that ended although nobody ended it."""

    at: float
    server: str
    status: int


class Dismissed(Record, frozen=True, tag="dismissed"):
    """A display that was told to stay away: nobody here has deserved that."""

    display: str
    server: str
    code: int


class Delivered(Record, frozen=True, tag="delivered"):
    """A record that the dossier backend took."""

    record: dict[str, Any]


AnyRecord = Attempt | Shown | LastView | Fresh | Broken | Recovered | Died | Dismissed | Delivered

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)


class History:
    """Writes records as they come, and keeps them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.records: list[AnyRecord] = []
        self._began = time.monotonic()
        self._out: BinaryIO = file.open("wb")

    def now(self) -> float:
        return time.monotonic() - self._began

    def add(self, record: AnyRecord) -> None:
        self.records.append(record)
        self._out.write(_encoder.encode(record) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()


def read_history(file: Path) -> Iterator[AnyRecord]:
    with file.open("rb") as lines:
        for line in lines:
            yield _decoder.decode(line)
