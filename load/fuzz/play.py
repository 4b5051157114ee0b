"""One run: a server, requests, frames, and what became of them."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from load.fuzz.effects import Identities, accounts, happened, unauthorised
from load.fuzz.frames import Framed, FrameFuzz
from load.fuzz.requests import Answered, HttpFuzz, Tickets
from tests.contract.asking_rights import Hall
from tests.contract.rights_server import RightsServer

FAULT_IN_LOG = ("Traceback", "Unexpected failure", "exception")


class Found(Struct, frozen=True):
    """What a run came to; `events` are those that somebody of the fuzz caused."""

    answered: Answered
    framed: Framed
    events: Counter[str]
    faults: list[str]

    def lines(self) -> Iterator[str]:
        yield f"{self.answered.requests} requests: {_sorted(self.answered.statuses)}"
        yield f"{self.framed.frames} frames: {_sorted(self.framed.answers)}; closed: {_sorted(self.framed.closed)}"
        yield f"{sum(self.events.values())} events that they caused: {_sorted(self.events)}"
        yield f"{len(self.faults)} faults"
        yield from self.faults[:50]


def play(folder: Path, *, requests: int, frames: int, seed: int, within_s: float = math.inf) -> Found:
    """So many, or as many as there is time for: half of it for requests, half for frames."""
    began = time.monotonic()
    with RightsServer(folder) as server:
        before = accounts(server.data)
        hall = Hall(server)
        for who in ("nobody", "own"), ("administrator", "whole"):
            hall.headers(who)
        tickets = Tickets(hall, seed)
        answered = HttpFuzz(hall, tickets, requests, seed=seed, until=began + within_s / 2).run()
        framed = FrameFuzz(hall, tickets, frames, seed=seed, until=began + within_s).run()
        is_alive = server.is_ready()
        hall.close()
    events, wrong = unauthorised(happened(server.data), Identities(server.devices))
    faults = [*answered.faults, *framed.faults, *(f"not allowed: {event}" for event in wrong)]
    faults += [] if is_alive else ["the server does not answer any more"]
    faults += [] if accounts(server.data) == before else ["accounts have changed"]
    log = server.log.read_text(errors="replace").splitlines()
    faults += [f"log: {line}" for line in log if any(word in line for word in FAULT_IN_LOG)]
    return Found(answered, framed, events, faults)


def _sorted(counts: Counter[int] | Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
