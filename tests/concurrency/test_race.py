"""Nobody gets a number twice and nobody is called twice; and where the guard is taken away, the same check sees it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from load.race import Verdict, judge, race
from queue_server.domain import commands as c
from queue_server.domain.refusals import Refusal
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Batch, Conflict, KeyTaken
from tests.factories import CHIEF, config, moment
from tests.hosts import Center, HandClock, events_in

ROUNDS = 100


@pytest.mark.slow
def test_all_at_once_on_a_real_server(tmp_path: Path) -> None:
    """16 issuers and 20 counters, half of them over HTTP and half over WebSocket."""
    run, books = race(tmp_path, tickets=1000)
    assert run.faults(books) == []
    assert len(run.told.issued) == len(run.told.called) == 1000
    assert run.told.twins > 10


# -- two processes on one journal, with and without the check of the head ----------------------------------------------


class UnguardedJournal(MemoryJournal):
    """Its append does not look at `expected`."""

    def _refusal(self, batch: Batch) -> Conflict | KeyTaken | None:
        return None


async def _two_hosts(journal: MemoryJournal) -> Verdict:
    """Two processes that no signal joins issue and call at the same time."""
    clock = HandClock(moment("08:30"))
    whole = config()
    wide = replace(whole, series=tuple(replace(series, last=9999) for series in whole.series))
    one = await Center.open_on(journal, wide, clock=clock)
    other = await Center.on(journal, clock)
    issued: list[tuple[str, str]] = []
    called: list[str] = []

    async def work(center: Center, counter: int) -> None:
        for _ in range(ROUNDS):
            ticket = await center.issue()
            issued.append((ticket.id, str(ticket.number)))
            try:
                call = await center.call_next(counter, CHIEF)
            except Refusal:
                continue
            called.append(call.id)
            await center.do(c.NoShow(ticket=call.id), CHIEF)

    await asyncio.gather(work(one, 1), work(other, 2))
    while one.host.state.waiting_count("chung-thuc"):
        call = await one.call_next(1, CHIEF)
        called.append(call.id)
        await one.do(c.NoShow(ticket=call.id), CHIEF)
    for center in (one, other):
        center.host.close()
    seqs = [record.seq for record in await events_in(journal)]
    assert (seqs == list(range(1, len(seqs) + 1))) == (not isinstance(journal, UnguardedJournal))
    return judge(issued, called)


def test_two_processes_on_one_journal_are_kept_apart() -> None:
    assert asyncio.run(_two_hosts(MemoryJournal())).is_clean


def test_control_without_the_check_of_the_head_they_collide() -> None:
    found = asyncio.run(_two_hosts(UnguardedJournal()))
    assert found.duplicate_numbers > ROUNDS / 2


# -- the usual mistake: look, then write -------------------------------------------------------------------------------

Meet = Callable[[], object]


def _naive(database: Path, begin: str, meet: Meet) -> tuple[str, str, str | None]:
    """A ticket's id and number, and whom the same client then calls: each looked up first, and written afterwards."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as db:
        db.execute(begin)
        (last,) = db.execute("SELECT coalesce(max(number), 0) FROM ticket").fetchone()
        meet()
        inserted = db.execute("INSERT INTO ticket (number) VALUES (?) RETURNING id", (last + 1,)).fetchone()
        if db.in_transaction:
            db.execute("COMMIT")
        db.execute(begin)
        waiting = db.execute("SELECT id FROM ticket WHERE state = 'waiting' ORDER BY id LIMIT 1").fetchone()
        meet()
        if waiting:
            db.execute("UPDATE ticket SET state = 'called' WHERE id = ?", waiting)
        if db.in_transaction:
            db.execute("COMMIT")
        return str(inserted[0]), str(last + 1), str(waiting[0]) if waiting else None


def _clients(database: Path, begin: str, meet: Meet, *, clients: int = 8) -> Verdict:
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE ticket (id INTEGER PRIMARY KEY, number INTEGER, state TEXT DEFAULT 'waiting')")
    done: list[tuple[str, str, str | None]] = []
    threads = [threading.Thread(target=lambda: done.append(_naive(database, begin, meet))) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == clients
    return judge([(ticket, number) for ticket, number, _ in done], [called for *_, called in done if called])


def test_control_who_looks_first_and_writes_afterwards_gives_numbers_twice(tmp_path: Path) -> None:
    """All clients meet between the look and the write, as they sooner or later do."""
    barrier = threading.Barrier(8)
    found = _clients(tmp_path / "naive.db", "SELECT 1", lambda: barrier.wait(30))
    assert found.duplicate_numbers == 7
    assert found.called_twice == 7
    assert found.lost == 7


def test_the_same_clients_in_transactions_do_not(tmp_path: Path) -> None:
    assert _clients(tmp_path / "guarded.db", "BEGIN IMMEDIATE", lambda: None).is_clean


@pytest.mark.parametrize(
    ("issued", "called", "found"),
    [
        ([("a", "1"), ("b", "2")], ["a", "b"], Verdict(0, 0, 0, 0)),
        ([("a", "1"), ("b", "1")], ["a", "b"], Verdict(1, 0, 0, 0)),
        ([("a", "1"), ("b", "2")], ["a", "a"], Verdict(0, 1, 1, 0)),
        ([("a", "1")], ["a", "x"], Verdict(0, 0, 0, 1)),
    ],
)
def test_the_check_itself(issued: list[tuple[str, str]], called: list[str], found: Verdict) -> None:
    assert judge(issued, called) == found
    assert found.is_clean == (found == Verdict(0, 0, 0, 0))
