"""From a call to every display that shows it: the frames files of a swarm, joined with what the callers noted."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from struct import Struct as Layout

from msgspec import Struct

RECORD = Layout("=IIQQ")
EVENT, SNAPSHOT = 0, 1


class Arrivals:
    """The frames of one channel of one display, in order: position, time, and whether it was a snapshot."""

    def __init__(self) -> None:
        self.seqs = array("Q")
        self.at_ns = array("Q")
        self.kinds = array("B")


def read_records(file: Path) -> dict[int, Arrivals]:
    """A frames file, by the channel's number in the plan."""
    found: dict[int, Arrivals] = {}
    for channel, kind, seq, at_ns in RECORD.iter_unpack(file.read_bytes()):
        arrivals = found.get(channel)
        if arrivals is None:
            arrivals = found[channel] = Arrivals()
        arrivals.seqs.append(seq)
        arrivals.at_ns.append(at_ns)
        arrivals.kinds.append(kind)
    return found


class Call(Struct, frozen=True):
    """A command that displays of `channel` show: the position in its answer, and when it was sent (monotonic clock)."""

    channel: str
    position: str
    sent_ns: int


class Latencies(Struct, frozen=True):
    """From a call being sent to a display having it. `by_snapshot`: the display was away and came back to it;
    `missed`: the display has nothing as new as that."""

    shown: int
    by_snapshot: int
    missed: int
    p50_ms: float
    p99_ms: float
    max_ms: float


def latencies(calls: Iterable[Call], arrivals: dict[str, list[Arrivals]]) -> Latencies:
    """Joins calls with the frames that show them. A display whose channel stepped back is not to be measured."""
    took: list[float] = []
    by_snapshot = missed = 0
    for call in calls:
        seq = int(call.position.rpartition(".")[2])
        for display in arrivals.get(call.channel, ()):
            at = bisect_left(display.seqs, seq)
            if at == len(display.seqs):
                missed += 1
            elif display.kinds[at] == SNAPSHOT:
                by_snapshot += 1
            else:
                took.append((display.at_ns[at] - call.sent_ns) / 1e6)
    took.sort()
    p50, p99 = (took[min(len(took) - 1, int(len(took) * share))] if took else 0.0 for share in (0.5, 0.99))
    return Latencies(len(took), by_snapshot, missed, p50, p99, took[-1] if took else 0.0)
