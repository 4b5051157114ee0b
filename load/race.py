"""Everybody at once: 16 issuers and 20 counters, over HTTP and WebSocket, until all is issued, called and served.

    python -m load.race [--tickets 100000] [--issuers 16] [--counters 20]

The books are checked twice: from the answers that the clients got, and from the journal's file by SQL of its own.
Some commands are sent twice at the same moment, by two connections with one key. Exit status 0: not one double.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec import Struct, field

from load.proof import Books, Desk, HttpDesk, Product, Refused, WebSocketDesk, read_books

FIELDS = ("chung-thuc", "ho-tich", "dat-dai", "kinh-doanh", "xay-dung", "bao-tro", "tra-ket-qua", "phi-dia-gioi")
TWICE = 0.03
"""Share of commands that are sent by two connections at once, with one key."""


class Told(Struct):
    """What the clients were told: the ticket and number of each issue, the ticket and counter of each call."""

    issued: list[tuple[str, str]] = field(default_factory=list)
    called: list[tuple[str, int]] = field(default_factory=list)
    twins: int = 0
    differing: int = 0
    refusals: Tally[str] = field(default_factory=Tally)


class Verdict(Struct, frozen=True):
    """What is wrong with what was told, and what the journal holds. All zero when all is well."""

    duplicate_numbers: int
    called_twice: int
    lost: int
    unknown: int
    """Called, but never issued to anybody."""

    @property
    def is_clean(self) -> bool:
        return not (self.duplicate_numbers or self.called_twice or self.lost or self.unknown)


def judge(issued: Sequence[tuple[str, str]], called: Iterable[str]) -> Verdict:
    """Doubles and losses in pairs of ticket and number, and in the tickets that were called."""
    numbers = Tally(number for _, number in issued)
    tickets = {ticket for ticket, _ in issued}
    calls = Tally(called)
    return Verdict(
        duplicate_numbers=sum(count - 1 for count in numbers.values()),
        called_twice=sum(count - 1 for count in calls.values()),
        lost=len(tickets - set(calls)),
        unknown=len(set(calls) - tickets),
    )


class Race:
    """One run against a server."""

    def __init__(self, product: Product, *, tickets: int, issuers: int, counters: int, seed: int = 1) -> None:
        self._product = product
        self._tickets = tickets
        self._issuers = issuers
        self._counters = counters
        self._random = random.Random(seed)
        self._left = tickets
        self._is_issuing = True
        self.told = Told()

    def _desk(self, number: int) -> Desk:
        kind = HttpDesk if number % 2 else WebSocketDesk
        return kind(self._product.port, self._product.tokens["integration"], self._product.branch)

    async def run(self) -> None:
        counters = [asyncio.ensure_future(self._call(no, self._desk(no))) for no in range(1, self._counters + 1)]
        try:
            await asyncio.gather(*[self._issue(self._desk(n), self._desk(n + 1)) for n in range(self._issuers)])
        finally:
            self._is_issuing = False
        await asyncio.gather(*counters)

    async def _issue(self, desk: Desk, twin: Desk) -> None:
        while self._left > 0:
            self._left -= 1
            answer = await self._ask(desk, twin, "issue", {"field": self._random.choice(FIELDS)})
            self.told.issued.append((answer["id"], answer["number"]))
        await desk.close()
        await twin.close()

    async def _ask(self, desk: Desk, twin: Desk, name: str, args: dict[str, Any]) -> Any:
        """One command; now and then by two connections at once, which must get one answer.

        Only what was accepted is remembered: one may hear that nobody waits, and the other, decided a moment later,
        whom it has called. The counter then has somebody, as it would after a repeat on a new line.
        """
        key = uuid4().hex
        if self._random.random() >= TWICE:
            return await desk.ask(name, args, key)
        one, other = await asyncio.gather(desk.ask(name, args, key), twin.ask(name, args, key))
        self.told.twins += 1
        self.told.differing += one is not None and other is not None and one != other
        return one if one is not None else other

    async def _call(self, no: int, desk: Desk) -> None:
        """A counter: whoever is next, until nobody waits and nobody comes any more. Some do not show up."""
        twin = self._desk(no + 1)
        await desk.ask("open", {"counter": no}, uuid4().hex)
        while True:
            was_last = not self._is_issuing
            answer = await self._ask(desk, twin, "call-next", {"counter": no})
            if answer is None and was_last:
                break
            if answer is None:
                continue
            self.told.called.append((answer["id"], answer["counter"]))
            ending = "no-show" if self._random.random() < 0.3 else "start"
            try:
                await desk.ask(ending, {"ticket": answer["id"]}, uuid4().hex)
            except Refused as refusal:
                self.told.refusals[refusal.code] += 1
        await desk.close()
        await twin.close()

    def faults(self, books: Books) -> list[str]:
        """Sentences; none when the answers and the journal agree that nothing was doubled or lost."""
        told, found = self.told, list(books.faults)
        answers = judge(told.issued, (ticket for ticket, _ in told.called))
        journal = judge(list(books.numbers.items()), (ticket for ticket, calls in books.calls.items() for _ in calls))
        found += [
            f"{where}: {verdict}"
            for where, verdict in (("answers", answers), ("journal", journal))
            if not verdict.is_clean
        ]
        if dict(told.issued) != books.numbers:
            found.append("answers and journal do not hold the same tickets")
        if {ticket: [counter] for ticket, counter in told.called} != books.calls:
            found.append("answers and journal do not hold the same calls")
        if len(told.issued) != self._tickets:
            found.append(f"{len(told.issued)} issued, {self._tickets} asked for")
        if told.differing:
            found.append(f"{told.differing} of {told.twins} twins got different answers")
        if told.refusals:
            found.append(f"refused: {dict(told.refusals)}")
        return found


def race(folder: Path, *, tickets: int, issuers: int = 16, counters: int = 20) -> tuple[Race, Books]:
    """A whole run on a fresh server; its journal is read after the server was killed."""
    with Product(folder) as product:
        run = Race(product, tickets=tickets, issuers=issuers, counters=counters)
        asyncio.run(run.run())
        product.kill()
        return run, read_books(product.database)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--issuers", type=int, default=16)
    parser.add_argument("--counters", type=int, default=20)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        run, books = race(Path(name), **vars(asked))
    took = time.monotonic() - began
    told = run.told
    print(
        f"{len(told.issued)} issued, {len(told.called)} called, {books.events} events, {told.twins} twins; {took:.0f} s"
    )
    faults = run.faults(books)
    print("\n".join(faults) or "0 duplicate numbers, 0 called twice, 0 lost, in the answers and in the journal")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
