"""Notes and dossier codes: the branch gets digests, the words go beside its journal, and a repeat is known."""

from __future__ import annotations

import asyncio
import hmac
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from queue_server.branches.bus import fresh_id
from queue_server.branches.personal import Keeping, Words, words
from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.refusals import Refusal
from tests.factories import LAN, MONDAY, config, moment
from tests.hosts import BRANCH, Center, FaultyJournal, lost_after, lost_before

pytestmark = pytest.mark.anyio

SAID = "Bà Tư, 0912345678"


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal()


def noted(center: Center, ticket: str, text: str = SAID, key: str = "note-0001", **other: Any) -> asyncio.Future[Any]:
    """As the edge hands it over: with a fresh salt each time."""
    said = [words("note", text, moment("20:00"))]
    by = replace(LAN, fresh_id=fresh_id(), digests=tuple(each.digest for each in said))
    return center.host.submit(c.Note(ticket=ticket, **other), by, key, said)


async def events_of(journal: FaultyJournal) -> list[ev.EventType]:
    stored = await journal.read(BRANCH, 0)
    return [upcast.load(e.seq, e.day, e.type, e.v, e.body).event for e in stored]


async def test_the_event_holds_a_salted_digest_and_the_row_the_words(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    ticket = (await center.issue()).id
    answer = await noted(center, ticket)
    assert (answer.id, answer.state) == (ticket, "unchanged")
    (row,) = await journal.personal_of(BRANCH, ticket)
    assert (row.kind, row.value, row.seq, len(row.salt)) == ("note", SAID, center.host.state.seq, 16)
    digest = hmac.new(row.salt, b"note\n" + SAID.encode(), sha256).hexdigest()
    assert (await events_of(journal))[-1] == ev.TicketNoted(ticket, digest)
    for stored in await journal.read(BRANCH, 0):
        assert b"0912345678" not in stored.body


async def test_a_note_is_counted_and_changes_nothing_else(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    ticket = (await center.issue()).id
    before = center.host.state.tickets[ticket]
    await noted(center, ticket)
    assert center.host.state.tickets[ticket] == replace(before, notes=1)


async def test_a_repeat_is_the_first_and_other_words_are_refused(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    ticket = (await center.issue()).id
    first = await noted(center, ticket)
    assert await noted(center, ticket) == first
    with pytest.raises(Refusal) as refused:
        await noted(center, ticket, "khác")
    assert refused.value.code == "key-reused"
    assert len(await journal.personal_of(BRANCH, ticket)) == 1


async def test_two_of_one_key_at_once_are_one(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    ticket = (await center.issue()).id
    answers = await asyncio.gather(*[noted(center, ticket) for _ in range(5)])
    assert len({answer.position for answer in answers}) == 1
    assert len(await journal.personal_of(BRANCH, ticket)) == 1


async def test_a_repeat_is_known_when_the_words_are_gone(journal: FaultyJournal) -> None:
    """Nothing is left that tells what was said: not even whether the repeat says the same."""
    center = await Center.open_on(journal)
    ticket = (await center.issue()).id
    first = await noted(center, ticket)
    assert await journal.forget_personal(moment("20:00")) == 1
    assert await noted(center, ticket, "khác") == first
    assert await journal.personal_of(BRANCH, ticket) == []


@pytest.mark.parametrize("fault", [lost_after, lost_before()])
async def test_what_is_sent_again_after_a_lost_answer_is_written_once(journal: FaultyJournal, fault: Any) -> None:
    center = await Center.open_on(journal)
    ticket = (await center.issue()).id
    journal.faults.append(fault)
    await asyncio.gather(noted(center, ticket), return_exceptions=True)
    await noted(center, ticket)
    assert [type(event) for event in await events_of(journal)].count(ev.TicketNoted) == 1
    assert len(await journal.personal_of(BRANCH, ticket)) == 1


async def test_a_refused_note_leaves_nothing(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    with pytest.raises(Refusal) as refused:
        await noted(center, "nobody")
    assert refused.value.code == "unknown-ticket"
    assert await journal.personal_of(BRANCH, "nobody") == []


async def test_each_code_of_a_dossier_has_a_row(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    ticket = (await center.issue()).id
    said: list[Words] = [words("dossier", f"H29.17-261120-000{n}", moment("20:00")) for n in (1, 2)]
    by = replace(LAN, digests=tuple(each.digest for each in said))
    await center.host.submit(c.RecordDossiers(ticket=ticket), by, "dossiers-1", said)
    assert (await events_of(journal))[-1] == ev.TicketDossiersRecorded(ticket, by.digests)
    rows = await journal.personal_of(BRANCH, ticket)
    assert sorted(row.value for row in rows) == ["H29.17-261120-0001", "H29.17-261120-0002"]


def test_how_long_each_kind_is_kept() -> None:
    """A Monday's note to the end of Tuesday, which is 03:00 of Wednesday; at two in the night it is still Monday."""
    keeping = Keeping()
    wednesday = moment("03:00", MONDAY + timedelta(days=2))
    assert keeping.until("note", config(), moment("09:00")) == wednesday
    assert keeping.until("note", config(), moment("02:00", MONDAY + timedelta(days=1))) == wednesday
    assert keeping.until("dossier", config(), moment("09:00")) == moment("03:00", MONDAY + timedelta(days=91))
    assert keeping.until("comment", config(), moment("09:00")) == moment("03:00", MONDAY + timedelta(days=366))
    assert Keeping(note_days=0).until("note", config(), moment("09:00")) == moment("03:00", MONDAY + timedelta(days=1))
