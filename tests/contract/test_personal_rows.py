"""What is personal lies beside the journal: written with the events that point to it, read, and deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from queue_server.journal.port import Appended, Conflict, Journal, KeyTaken, PersonalRow
from tests.contract.journal_rows import NOON, batch, seqs

pytestmark = pytest.mark.anyio


def row(seq: int, value: str = "Ông Ba, hẹn 14h", *, ticket: str = "t1", hours: int = 0) -> PersonalRow:
    return PersonalRow(ticket, seq, "note", value, b"\x00\xff", f"{seq}-{value}", NOON + timedelta(hours=hours))


async def test_a_row_comes_back_as_it_was_written(journal: Journal) -> None:
    rows = [row(2), row(1, "Đất đai 0912345678")]
    await journal.append(replace(batch("b1", 0, 2), personal=rows))
    assert await journal.personal_of("b1", "t1") == [rows[1], rows[0]]


async def test_rows_belong_to_a_ticket_and_a_branch(journal: Journal) -> None:
    await journal.append(replace(batch("b1", 0), personal=[row(1), row(1, "khác", ticket="t2")]))
    await journal.append(replace(batch("b2", 0), personal=[row(1)]))
    assert await journal.personal_of("b1", "t2") == [row(1, "khác", ticket="t2")]
    assert await journal.personal_of("b2", "t2") == []
    assert await journal.personal_of("b3", "t1") == []


async def test_a_refused_batch_writes_none(journal: Journal) -> None:
    await journal.append(batch("b1", 0, keys=("k1",)))
    assert await journal.append(replace(batch("b1", 3), personal=[row(4)])) == Conflict(1)
    taken = await journal.append(replace(batch("b1", 1, keys=("k1",)), personal=[row(2)]))
    assert isinstance(taken, KeyTaken)
    assert await journal.personal_of("b1", "t1") == []


async def test_a_row_must_point_to_an_event_of_its_batch(journal: Journal) -> None:
    with pytest.raises(ValueError, match="personal row names 2"):
        await journal.append(replace(batch("b1", 0), personal=[row(2)]))


async def test_many_rows_and_many_branches_at_once(journal: Journal) -> None:
    many = [row(1, f"hồ sơ {n}") for n in range(300)]
    await journal.append(replace(batch("b1", 0), personal=many))
    assert len(await journal.personal_of("b1", "t1")) == 300
    await journal.append(batch("b2", 0))
    both = [replace(batch(name, 1, 2), personal=[row(3, "tiếp")]) for name in ("b1", "b2")]
    assert all(isinstance(outcome, Appended) for outcome in await journal.append_together(both))
    assert len(await journal.personal_of("b1", "t1")) == 301
    assert await journal.personal_of("b2", "t1") == [row(3, "tiếp")]


async def test_what_is_over_is_deleted_and_the_events_stay(journal: Journal) -> None:
    kept = row(2, "còn", hours=2)
    await journal.append(replace(batch("b1", 0, 2), personal=[row(1), row(1, "vừa hết", hours=1), kept]))
    await journal.append(replace(batch("b2", 0), personal=[row(1)]))
    assert await journal.forget_personal("b1", NOON + timedelta(hours=1)) == 2
    assert await journal.personal_of("b1", "t1") == [kept]
    assert await journal.personal_of("b2", "t1") == [row(1)]
    assert await journal.forget_personal("b3", NOON) == 0
    assert await seqs(journal, "b1") == [1, 2]
