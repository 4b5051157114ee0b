"""The audit trail, on both databases: whatever is changed afterwards is found and named, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from queue_server.audit import chain, trail
from queue_server.audit.chain import BEGINNING, Misfit, Place, Verified
from queue_server.audit.trail import Action, Entry
from queue_server.branches.personal import digest_of
from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.events import Recorded
from queue_server.journal.backup import back_up, restore
from queue_server.journal.port import Batch, Database, Journal, PersonalRow, StoredEvent
from queue_server.journal.postgres import PostgresJournal
from queue_server.journal.sqlite import SqliteJournal
from queue_server.readers.chaining import Chaining
from queue_server.readers.reader import Readers
from tests.contract.conftest import DURABLE
from tests.contract.journal_rows import DAY, NOON
from tests.waiting import until

pytestmark = pytest.mark.anyio

SALT, SAID = b"0123456789abcdef", "Bà Tư, 0912345678"
DIGEST = digest_of(SALT, "note", SAID)
NOTED = PersonalRow("t1", 3, "note", SAID, SALT, DIGEST, NOON)


@pytest.fixture(params=DURABLE)
async def journal(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Journal]:
    if request.param == "sqlite":
        found: Journal = await SqliteJournal.open(tmp_path / "journal.db")
    else:
        found = await PostgresJournal.open(request.getfixturevalue("postgres").new_database())
    yield found
    await found.close()


def stored(seq: int) -> StoredEvent:
    """The third is a note."""
    event = ev.TicketNoted("t1", DIGEST) if seq == 3 else ev.TicketNoShow(f"t{seq}")
    return StoredEvent(seq, DAY, *upcast.store(Recorded(seq, DAY, NOON, NOON, "account:lan", event)))


async def written(journal: Journal, branch: str, first: int, last: int) -> None:
    personal = [NOTED] if first <= 3 <= last else []
    events = [stored(seq) for seq in range(first, last + 1)]
    await journal.append(Batch(branch, first - 1, events, personal=personal))


async def linked(journal: Journal, branch: str) -> int:
    return await journal.run(partial(chain.lengthen, branch_id=branch))


async def honest(journal: Journal) -> dict[str, Place]:
    """Two branches of twelve events, linked at 5 and 10, and five entries; the newest values, as somebody keeps."""
    for branch in ("b1", "b2"):
        for first, last in ((1, 5), (6, 10), (11, 12)):
            await written(journal, branch, first, last)
            if last < 12:
                assert await linked(journal, branch) == last
    for no in range(1, 6):
        entry = Entry("account:quang", Action.DEVICE_CHANGED, f"display-{no}", "b1", "sanh")
        await journal.run(partial(trail.note, entry=entry))
    return {each.newest.name: each.newest for each in await verified(journal)}


async def verified(journal: Journal, *against: Place) -> list[Verified]:
    def work(db: Database) -> list[Verified]:
        return [*chain.verify(db, against), trail.verify(db, against)]

    return await journal.run(work)


async def misfits(journal: Journal, *against: Place) -> dict[str, Misfit]:
    return {each.newest.name: each.misfit for each in await verified(journal, *against) if each.misfit is not None}


async def tamper(journal: Journal, *steps: tuple[str, Sequence[Any]]) -> None:
    def work(db: Database) -> None:
        for statement, values in steps:
            assert db.execute(statement, values).rowcount > 0

    await journal.run(work)


PLACE = " WHERE branch_id = 'b1' AND seq = ?"


async def test_an_honest_database_fits(journal: Journal) -> None:
    kept = await honest(journal)
    assert await misfits(journal, *kept.values()) == {}
    assert {name: place.seq for name, place in kept.items()} == {"b1": 12, "b2": 12, "": 5}
    assert kept["b1"].value != kept["b2"].value
    await written(journal, "b1", 13, 14)
    await journal.run(partial(trail.note, entry=Entry("setup", Action.VERIFIED)))
    assert await misfits(journal, *kept.values()) == {}


async def test_the_value_is_made_as_it_is_described(journal: Journal) -> None:
    """By hand, once more: SHA-256 of the value before and of the event's bytes with its place."""
    value = BEGINNING
    for seq in (1, 2):
        place = f"b1\n{seq}\n2026-11-22\nticket.no_show\n1\n".encode()
        value = sha256(value + sha256(place + stored(seq).body).digest()).digest()
    await written(journal, "b1", 1, 2)
    found, _ = await verified(journal)
    assert found.newest == Place("b1", 2, value.hex())


async def one_byte(journal: Journal, seq: int) -> None:
    body = stored(seq).body.replace(b"lan", b"lam")
    await tamper(journal, ("UPDATE event SET body = ?" + PLACE, (body, seq)))


async def gone(journal: Journal, seq: int) -> None:
    await tamper(journal, ("DELETE FROM event" + PLACE, (seq,)))


async def swapped(journal: Journal, seq: int) -> None:
    move = "UPDATE event SET seq = ?" + PLACE
    await tamper(journal, (move, (99, seq)), (move, (seq, seq + 1)), (move, (seq + 1, 99)))


async def another_day(journal: Journal, seq: int) -> None:
    await tamper(journal, ("UPDATE event SET day = '2026-11-23'" + PLACE, (seq,)))


@pytest.mark.parametrize("seq", [1, 4, 7, 10])
@pytest.mark.parametrize(
    ("how", "why"), [(one_byte, "changed"), (gone, "missing"), (swapped, "changed"), (another_day, "changed")]
)
async def test_what_was_changed_is_named(
    journal: Journal, how: Callable[[Journal, int], Any], why: str, seq: int
) -> None:
    await honest(journal)
    await how(journal, seq)
    assert await misfits(journal) == {"b1": Misfit(seq, why)}


@pytest.mark.parametrize(("how", "why"), [(one_byte, "against"), (gone, "missing")])
async def test_what_is_too_new_to_be_linked_is_found_by_a_kept_value(
    journal: Journal, how: Callable[[Journal, int], Any], why: str
) -> None:
    kept = await honest(journal)
    await how(journal, 12)
    assert await misfits(journal, kept["b1"]) == {"b1": Misfit(12, why)}


async def test_the_last_events_cannot_be_taken_away(journal: Journal) -> None:
    """By the link where the head is set back; by a kept value where the links are taken away too."""
    kept = await honest(journal)
    cut = ("DELETE FROM event WHERE branch_id = 'b1' AND seq > ?", (8,))
    head = ("UPDATE branch_head SET seq = ? WHERE branch_id = 'b1'", (8,))
    await tamper(journal, cut, head)
    assert await misfits(journal) == {"b1": Misfit(9, "missing")}
    await tamper(journal, ("DELETE FROM audit_link WHERE branch_id = 'b1' AND seq > ?", (8,)))
    assert await misfits(journal) == {}
    assert await misfits(journal, kept["b1"]) == {"b1": Misfit(9, "missing")}


async def test_a_history_that_was_written_anew_is_found_by_a_kept_value(journal: Journal) -> None:
    """Whoever can compute the chain makes links that fit what he changed; what was kept elsewhere does not."""
    kept = await honest(journal)
    await one_byte(journal, 2)
    await tamper(journal, ("DELETE FROM audit_link WHERE branch_id = ?", ("b1",)))
    await linked(journal, "b1")
    assert await misfits(journal) == {}
    assert await misfits(journal, kept["b1"]) == {"b1": Misfit(12, "against")}


async def test_a_link_that_was_changed_is_found(journal: Journal) -> None:
    await honest(journal)
    await tamper(journal, ("UPDATE audit_link SET value = ? WHERE branch_id = 'b1' AND seq = 5", (bytes(32),)))
    assert await misfits(journal) == {"b1": Misfit(5, "unlinked")}


async def test_words_that_were_changed_are_found_and_words_that_are_gone_are_not_missed(journal: Journal) -> None:
    kept = await honest(journal)
    await tamper(journal, ("UPDATE personal SET value = ? WHERE branch_id = 'b1'", ("Ông Năm",)))
    assert await misfits(journal) == {"b1": Misfit(3, "personal")}
    assert await journal.forget_personal(NOON + timedelta(days=1)) == 2
    assert await misfits(journal, *kept.values()) == {}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE access_event SET actor = 'account:lan' WHERE no = 3", Misfit(3, "changed")),
        ("UPDATE access_event SET at = at + 1 WHERE no = 1", Misfit(1, "changed")),
        ("UPDATE access_event SET branch = NULL WHERE no = 4", Misfit(4, "changed")),
        ("DELETE FROM access_event WHERE no = 2", Misfit(2, "missing")),
        ("DELETE FROM access_event WHERE no = 5", Misfit(5, "missing")),
    ],
)
async def test_an_entry_that_was_changed_or_taken_away_is_named(
    journal: Journal, statement: str, found: Misfit
) -> None:
    await honest(journal)
    await tamper(journal, (statement, ()))
    assert await misfits(journal) == {"": found}


async def test_the_last_entries_cannot_be_taken_away_with_their_count(journal: Journal) -> None:
    kept = await honest(journal)
    await tamper(
        journal,
        ("DELETE FROM access_event WHERE no > 3", ()),
        ("UPDATE revision SET value = 3 WHERE name = 'trail'", ()),
    )
    assert await misfits(journal) == {}
    assert await misfits(journal, kept[""]) == {"": Misfit(4, "missing")}


async def test_a_change_that_fails_is_not_in_the_trail(journal: Journal) -> None:
    def work(db: Database) -> None:
        trail.note(db, Entry("setup", Action.CONFIGURED))
        raise LookupError("given up")

    with pytest.raises(LookupError):
        await journal.run(work)
    (found,) = await verified(journal)
    assert found == Verified(Place("", 0, BEGINNING.hex()), 0, None)


async def test_two_that_note_at_once_both_do(journal: Journal) -> None:
    entries = [Entry(f"account:{no}", Action.SIGNED_IN) for no in range(12)]
    await asyncio.gather(*(journal.run(partial(trail.note, entry=entry)) for entry in entries))
    (found,) = await verified(journal)
    assert (found.newest.seq, found.misfit) == (12, None)


async def test_the_reader_links_what_is_there_and_goes_on(journal: Journal) -> None:
    async def at(seq: int) -> bool:
        return (await journal.run(partial(chain.newest, branch_id="b1")))[0] == seq

    async def links(seq: int) -> None:
        readers = Readers([Chaining(journal)], journal, poll_s=0.05)
        readers.start()
        await until(lambda: at(seq))
        await readers.stop()

    await written(journal, "b1", 1, 1500)
    await links(1500)
    await written(journal, "b1", 1501, 1502)
    await links(1502)
    found, _ = await verified(journal)
    assert (found.linked_seq, found.misfit) == (1502, None)


async def test_two_that_lengthen_the_same_chain_add_one_link(journal: Journal) -> None:
    await written(journal, "b1", 1, 5)
    await asyncio.gather(linked(journal, "b1"), linked(journal, "b1"), return_exceptions=True)
    rows = await journal.run(lambda db: db.execute("SELECT seq FROM audit_link").fetchall())
    assert [row[0] for row in rows] == [5]


async def test_a_backup_that_was_restored_fits(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    kept = await honest(journal)
    backup = await back_up(journal, tmp_path / "backups", at=NOON, keep=3)
    await journal.close()
    restore(backup, tmp_path / "again" / "journal.db")
    again = await SqliteJournal.open(tmp_path / "again" / "journal.db")
    assert await misfits(again, *kept.values()) == {}
    assert await again.personal_of("b1", "t1") == [NOTED]
    await again.close()
