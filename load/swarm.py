"""Tens of thousands of displays: plans for `client/swarm.c`, its processes, and their figures as one.

with Swarm(displays, ports, folder) as swarm:
    swarm.wait_subscribed(within_s=120)
    killed_ns = time.monotonic_ns()
    …                                             # a server dies
    print(swarm.wait_resubscribed(killed_ns, within_s=60).report())
    print(swarm.stop().report())
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from load.compiling import compiled
from load.swarm_figures import Counts, Episode, Loss, Summary, loss_of, summary_of, together
from load.swarm_latency import Arrivals, read_records

MOST_IN_A_PROCESS = 18_000
"""Below the 20,000 files that a process may open, with room for what else it opens."""
STOP_WITHIN_S = 30.0
SETTLES_S = 1.0
"""Everybody who is hit by one death has noticed it within this time."""


# -- plans -------------------------------------------------------------------------------------------------------------


class Display(Struct, frozen=True):
    """One connection. Displays of one `shard`, such as those of a branch, prefer the same server."""

    shard: int
    channels: tuple[str, ...]
    path: str = "/ws/v1"
    token: str | None = None
    cookie: str | None = None
    """The session of somebody who has signed in; for consoles."""

    def line(self) -> str:
        header = "-" if self.token is None else f"Authorization: Bearer {self.token}"
        if self.cookie is not None:
            header = f"Cookie: layso={self.cookie}"
        return "\t".join([str(self.shard), self.path, header, *map(first_frame, self.channels)])


def first_frame(channel: str) -> str:
    """What is sent after the welcome; numbered channels resume."""
    since = "" if channel.startswith("live:") else "%S"
    return f'{{"type":"subscribe","channel":"{channel}"{since}}}'


# -- processes ---------------------------------------------------------------------------------------------------------


class _Process:
    """One process of the swarm, and a thread that reads its lines."""

    def __init__(self, displays: Sequence[Display], stem: Path, options: Sequence[str], changed: threading.Condition):
        plan = stem.with_suffix(".plan")
        plan.write_text("".join(f"{display.line()}\n" for display in displays), encoding="utf-8")
        self.displays = displays
        self.records = stem.with_suffix(".frames")
        self.newest: Counts | None = None
        self.episodes: dict[int, Episode] = {}
        self.has_ended = False
        self._changed = changed
        self.process = subprocess.Popen(
            [str(compiled("swarm")), "--plan", str(plan), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._reader = threading.Thread(target=self._read, name=f"swarm {stem.name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            line = msgspec.json.decode(text, type=Counts, strict=False)
            with self._changed:
                self.newest = line
                self.episodes.update((episode.began_ns, episode) for episode in line.losses)
                self._changed.notify_all()
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def ask_to_stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> None:
        """Wait for its last line; it is killed when that does not come."""
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Swarm:
    """Displays in as many processes as their number needs, each with a source address of its own.

    `ports` are the servers. With `is_bare` they are only connected to and nothing is expected of them, and `window_s`
    is the window of reconnecting that no welcome names. `rate` is new connections a second at the start, in all.
    """

    def __init__(
        self,
        displays: Sequence[Display],
        ports: Sequence[int],
        folder: Path,
        *,
        is_bare: bool = False,
        rate: float = 0.0,
        window_s: float = 1.5,
        silent_s: float = 9.0,
        is_recording: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._changed = threading.Condition()
        self._processes: list[_Process] = []
        count = -(-len(displays) // MOST_IN_A_PROCESS)
        for number in range(count):
            share = displays[len(displays) * number // count : len(displays) * (number + 1) // count]
            stem = folder / f"swarm-{number}"
            options = ["--ports", ",".join(map(str, ports)), "--source", f"127.{number + 1}.0.1"]
            options += ["--rate", str(rate / count), "--window", str(window_s), "--silent", str(silent_s)]
            options += ["--bare"] if is_bare else []
            options += ["--frames", str(stem.with_suffix(".frames"))] if is_recording else []
            self._processes.append(_Process(share, stem, options, self._changed))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        running = [one for one in self._processes if one.process.poll() is None]
        for one in running:
            one.ask_to_stop()
        for one in self._processes:
            one.end()

    @property
    def pids(self) -> list[int]:
        return [one.process.pid for one in self._processes]

    def status(self) -> Counts | None:
        """The newest figures of all; None before every process has said something."""
        with self._changed:
            lines = [one.newest for one in self._processes]
        return None if None in lines else together([line for line in lines if line is not None])

    def counts(self) -> Counts:
        """The newest figures, of a second ago at most."""
        return self.wait_for(lambda _: True, within_s=STOP_WITHIN_S, what="a line of every process")

    def wait_for(self, holds: Callable[[Counts], bool], *, within_s: float, what: str) -> Counts:
        """The first figures for which it holds."""
        until = time.monotonic() + within_s
        while True:
            status = self.status()
            if status is not None and holds(status):
                return status
            self._wait(until, f"{what}: not within {within_s:g} s; {status}")

    def _wait(self, until: float, complaint: str) -> None:
        """Until something is said.

        Raises:
            TimeoutError, RuntimeError: a process has ended by itself.
        """
        with self._changed:
            if any(one.has_ended for one in self._processes):
                raise RuntimeError(f"a process of the swarm has ended; {complaint}")
            if not self._changed.wait(until - time.monotonic()):
                raise TimeoutError(complaint)

    def wait_subscribed(self, within_s: float) -> Counts:
        """All are subscribed, or with `is_bare` connected."""
        return self.wait_for(lambda now: now.subscribed == now.planned, within_s=within_s, what="all subscribed")

    def wait_resubscribed(self, since_ns: int, within_s: float) -> Loss:
        """Somebody was lost after `since_ns` (monotonic clock), and now nobody is away any more."""
        until = time.monotonic() + within_s
        while True:
            loss = self.loss_since(since_ns)
            if loss is not None and self._is_over(loss):
                return loss
            self._wait(until, f"not all came back within {within_s:g} s; {loss and loss.report()}; {self.status()}")

    def loss_since(self, since_ns: int) -> Loss | None:
        """What has been lost since then, and how much of it is back."""
        with self._changed:
            found = [e for one in self._processes for e in one.episodes.values() if e.began_ns >= since_ns]
        return loss_of(found) if found else None

    def _is_over(self, loss: Loss) -> bool:
        """By lines that were said when everybody had noticed."""
        status = self.status()
        return status is not None and status.away == 0 and status.at_ns >= loss.began_ns + SETTLES_S * 1e9

    def stop(self) -> Summary:
        """Hang up everywhere."""
        self._end()
        lines = [one.newest for one in self._processes if one.newest is not None and one.newest.is_summary]
        if len(lines) < len(self._processes):
            raise RuntimeError(
                f"a process of the swarm gave no summary: {[one.process.args for one in self._processes]}"
            )
        return summary_of(lines)

    def arrivals(self) -> dict[str, list[Arrivals]]:
        """After `stop`, with `is_recording`: each channel's frames, for every display of it."""
        found: dict[str, list[Arrivals]] = {}
        for one in self._processes:
            names = [channel for display in one.displays for channel in display.channels]
            for number, arrivals in read_records(one.records).items():
                found.setdefault(names[number], []).append(arrivals)
        return found
