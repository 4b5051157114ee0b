"""What every journal promises: appending, refusing, reading back."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import anyio
import pytest
from msgspec.structs import replace

from queue_server.journal.port import Appended, Batch, Conflict, Journal, KeyTaken
from tests.contract.journal_rows import DAY, NOON, batch, command, event, head, seqs, ticket

pytestmark = pytest.mark.anyio


async def test_a_branch_has_no_head_before_its_first_event(journal: Journal):
    assert await journal.head("b1") is None
    assert await journal.heads() == []
    assert await journal.read("b1", 0) == []


async def test_the_first_batch_begins_a_history_with_its_own_epoch(journal: Journal):
    first = await journal.append(batch("b1", 0, 2))
    other = await journal.append(batch("b2", 0))
    assert isinstance(first, Appended)
    assert isinstance(other, Appended)
    found = await head(journal, "b1")
    assert (found.epoch, found.seq, found.day_seq, found.first_seq) == (first.epoch, 2, 1, 1)
    assert first.epoch != other.epoch
    assert "." not in first.epoch


async def test_the_epoch_stays_while_the_journal_grows(journal: Journal):
    first = await journal.append(batch("b1", 0))
    assert await journal.append(batch("b1", 1)) == first


async def test_events_come_back_as_they_were_written(journal: Journal):
    written = Batch("b1", 0, [event(1, text="Đất đai"), event(2, day=DAY + timedelta(days=1))])
    await journal.append(written)
    assert await journal.read("b1", 0) == list(written.events)


async def test_a_branch_reads_only_its_own_events(journal: Journal):
    await journal.append(batch("b1", 0, 2))
    await journal.append(batch("b2", 0, 5))
    assert await seqs(journal, "b1") == [1, 2]


async def test_heads_lists_every_branch(journal: Journal):
    await journal.append(batch("b2", 0, 5))
    await journal.append(batch("b1", 0, 2))
    assert {one.branch_id: one.seq for one in await journal.heads()} == {"b1": 2, "b2": 5}


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [(0, 3, [1, 2, 3]), (3, 2, [4, 5]), (598, 1000, [599, 600]), (600, 10, []), (0, 0, [])],
)
async def test_reading_stops_at_its_limit(journal: Journal, after: int, limit: int, expected: list[int]):
    await journal.append(batch("b1", 0, 600))
    assert [one.seq for one in await journal.read("b1", after, limit)] == expected


async def test_a_long_read_has_no_gap(journal: Journal):
    await journal.append(batch("b1", 0, 1500))
    assert [one.seq for one in await journal.read("b1", 0)] == list(range(1, 1001))
    assert await seqs(journal, "b1") == list(range(1, 1501))


async def test_the_head_carries_when_time_next_asks_something(journal: Journal):
    await journal.append(replace(batch("b1", 0), due_at=NOON))
    assert (await head(journal, "b1")).due_at == NOON
    await journal.append(batch("b1", 1))
    assert (await head(journal, "b1")).due_at is None


async def test_the_head_keeps_where_the_day_began(journal: Journal):
    await journal.append(replace(batch("b1", 0, 4), day_seq=3))
    await journal.append(batch("b1", 4))
    assert (await head(journal, "b1")).day_seq == 3
    await journal.append(replace(batch("b1", 5), day_seq=6))
    assert (await head(journal, "b1")).day_seq == 6


@pytest.mark.parametrize("expected", [1, 3, 9])
async def test_a_conflict_tells_the_head_and_writes_nothing(journal: Journal, expected: int):
    await journal.append(batch("b1", 0, 2))
    before = await head(journal, "b1")
    late = batch("b1", expected, keys=("k1",), tickets=("t1",))
    assert await journal.append(late) == Conflict(2)
    assert await head(journal, "b1") == before
    assert await seqs(journal, "b1") == [1, 2]
    assert await journal.find_command("b1", "device:kiosk", "k1") is None
    assert await journal.find_ticket("t1") is None


async def test_a_branch_begins_only_once(journal: Journal):
    await journal.append(batch("b1", 0, 2))
    assert await journal.append(batch("b1", 0)) == Conflict(2)


async def test_a_branch_that_does_not_exist_is_a_conflict_at_zero(journal: Journal):
    assert await journal.append(batch("b1", 4)) == Conflict(0)
    assert await journal.head("b1") is None


async def test_a_key_that_was_accepted_before_refuses_the_whole_batch(journal: Journal):
    await journal.append(batch("b1", 0, keys=("k1",)))
    before = await head(journal, "b1")
    repeated = batch("b1", 1, 3, keys=("k0", "k1", "k2"), tickets=("t1",))
    assert await journal.append(repeated) == KeyTaken("device:kiosk", "k1")
    assert await head(journal, "b1") == before
    assert await seqs(journal, "b1") == [1]
    assert await journal.find_command("b1", "device:kiosk", "k0") is None
    assert await journal.find_ticket("t1") is None


async def test_a_key_used_twice_in_one_batch_is_taken(journal: Journal):
    assert await journal.append(batch("b1", 0, 2, keys=("k1", "k1"))) == KeyTaken("device:kiosk", "k1")
    assert await journal.head("b1") is None


async def test_keys_belong_to_an_actor_and_a_branch(journal: Journal):
    await journal.append(batch("b1", 0, keys=("k1",)))
    assert isinstance(await journal.append(batch("b2", 0, keys=("k1",))), Appended)
    other = replace(batch("b1", 1), commands=[command("k1", 2, actor="account:lan")])
    assert isinstance(await journal.append(other), Appended)


async def test_a_journal_without_an_event_does_not_begin(journal: Journal):
    with pytest.raises(ValueError, match="begins with an event"):
        await journal.append(Batch("b1", 0, []))


@pytest.mark.parametrize("seq", [1, 3])
async def test_a_batch_with_a_hole_is_refused_at_once(journal: Journal, seq: int):
    with pytest.raises(ValueError, match="where 2 is due"):
        await journal.append(Batch("b1", 1, [event(seq)]))


async def test_a_command_must_name_events_of_its_batch(journal: Journal):
    with pytest.raises(ValueError, match="names"):
        await journal.append(replace(batch("b1", 0), commands=[command("k1", 2)]))


async def test_a_command_is_found_by_its_key(journal: Journal):
    row = replace(command("k1", 1), last_seq=2)
    await journal.append(replace(batch("b1", 0, 2), commands=[row]))
    assert await journal.find_command("b1", "device:kiosk", "k1") == row
    assert await journal.find_command("b1", "device:other", "k1") is None
    assert await journal.find_command("b2", "device:kiosk", "k1") is None


async def test_old_commands_are_forgotten_and_may_then_be_used_again(journal: Journal):
    rows = [command("old", 1, day=DAY - timedelta(days=2)), command("new", 2)]
    await journal.append(replace(batch("b1", 0, 2), commands=rows))
    await journal.append(replace(batch("b2", 0), commands=[command("old", 1, day=DAY - timedelta(days=2))]))
    assert await journal.forget_commands("b1", DAY) == 1
    assert await journal.find_command("b1", "device:kiosk", "old") is None
    assert await journal.find_command("b1", "device:kiosk", "new") == rows[1]
    assert await journal.find_command("b2", "device:kiosk", "old") is not None
    assert isinstance(await journal.append(batch("b1", 2, keys=("old",))), Appended)


async def test_forgetting_in_an_unknown_branch_forgets_nothing(journal: Journal):
    assert await journal.forget_commands("b1", DAY) == 0


async def test_a_ticket_is_found_with_its_branch(journal: Journal):
    row = ticket("t1", body='{"tên":"Số"}'.encode())
    await journal.append(replace(batch("b1", 0), tickets=[row]))
    assert await journal.find_ticket("t1") == ("b1", row)
    assert await journal.find_ticket("t2") is None


async def test_a_later_projection_replaces_the_ticket(journal: Journal):
    await journal.append(replace(batch("b1", 0), tickets=[ticket("t1")]))
    final = replace(ticket("t1", state="finished", body=b'{"n":2}'), final_at=NOON)
    await journal.append(replace(batch("b1", 1), tickets=[ticket("t1", state="called"), final]))
    assert await journal.find_ticket("t1") == ("b1", final)
    assert await journal.tickets_of_day("b1", DAY) == [final]


async def test_tickets_are_listed_by_branch_and_day(journal: Journal):
    tomorrow = ticket("t0", day=DAY + timedelta(days=1))
    many = [ticket(f"t{number:04}") for number in range(1, 601)]
    await journal.append(replace(batch("b1", 0), tickets=[tomorrow, *many]))
    await journal.append(batch("b2", 0, tickets=("other",)))
    found = await journal.tickets_of_day("b1", DAY)
    assert sorted(one.id for one in found) == [one.id for one in many]
    assert await journal.tickets_of_day("b1", DAY + timedelta(days=1)) == [tomorrow]


async def test_a_ticket_that_moves_is_found_in_its_new_branch(journal: Journal):
    await journal.append_together([batch("b1", 0, tickets=("t1",)), batch("b2", 0)])
    await journal.append_together([batch("b1", 1), batch("b2", 1, tickets=("t1",))])
    assert await journal.find_ticket("t1") == ("b2", ticket("t1"))
    assert await journal.tickets_of_day("b1", DAY) == []


async def test_one_refused_batch_leaves_those_that_arrive_with_it_untouched(journal: Journal):
    await journal.append(batch("b2", 0, keys=("k1",)))
    given = {
        "b1": batch("b1", 0, 2, keys=("k1",)),
        "b2": batch("b2", 1, keys=("k1",)),
        "b3": batch("b3", 7),
        "b4": batch("b4", 0, tickets=("t4",)),
    }
    outcomes = {}

    async def append(branch_id: str) -> None:
        outcomes[branch_id] = await journal.append(given[branch_id])

    async with anyio.create_task_group() as tasks:
        for branch_id in given:
            tasks.start_soon(append, branch_id)
    assert isinstance(outcomes["b1"], Appended)
    assert outcomes["b2"] == KeyTaken("device:kiosk", "k1")
    assert outcomes["b3"] == Conflict(0)
    assert isinstance(outcomes["b4"], Appended)
    assert {one.branch_id: one.seq for one in await journal.heads()} == {"b1": 2, "b2": 1, "b4": 1}


async def test_of_two_that_expect_the_same_head_one_wins(journal: Journal):
    await journal.append(batch("b1", 0))
    outcomes = []

    async def append(key: str) -> None:
        outcomes.append(await journal.append(batch("b1", 1, keys=(key,))))

    async with anyio.create_task_group() as tasks:
        for key in ("x", "y", "z"):
            tasks.start_soon(append, key)
    assert sorted(type(one).__name__ for one in outcomes) == ["Appended", "Conflict", "Conflict"]
    assert await seqs(journal, "b1") == [1, 2]


async def test_batches_together_are_all_written(journal: Journal):
    outcomes = await journal.append_together([batch("b1", 0), batch("b2", 0, 2)])
    epochs = [(await head(journal, branch_id)).epoch for branch_id in ("b1", "b2")]
    assert outcomes == [Appended(epoch) for epoch in epochs]


async def test_batches_together_are_all_refused(journal: Journal):
    await journal.append(batch("b1", 0, 3))
    given = [batch("b1", 3, keys=("k1",), tickets=("t1",)), batch("b2", 5), batch("b3", 0)]
    assert await journal.append_together(given) == [Conflict(3), Conflict(0), Conflict(0)]
    assert await seqs(journal, "b1") == [1, 2, 3]
    assert [one.branch_id for one in await journal.heads()] == ["b1"]
    assert await journal.find_ticket("t1") is None


async def test_batches_together_name_the_key_that_is_taken(journal: Journal):
    await journal.append(batch("b2", 0, keys=("k1",)))
    given = [batch("b1", 0), batch("b2", 1, keys=("k1",))]
    assert await journal.append_together(given) == [Conflict(0), KeyTaken("device:kiosk", "k1")]
    assert await journal.head("b1") is None


async def test_batches_together_are_of_different_branches(journal: Journal):
    with pytest.raises(ValueError, match="different branches"):
        await journal.append_together([batch("b1", 0), batch("b1", 1)])


@dataclass
class Appender:
    """A writer that retries from the head when another was faster."""

    journal: Journal
    name: str
    done: list[int] = field(default_factory=list)
    conflicts: int = 0

    async def append(self, branch_id: str, times: int) -> None:
        for number in range(times):
            seq = 0
            key = f"{self.name}-{number}"
            while isinstance(outcome := await self.journal.append(batch(branch_id, seq, keys=(key,))), Conflict):
                self.conflicts += 1
                seq = outcome.seq
            assert isinstance(outcome, Appended)
            self.done.append(seq + 1)


async def test_many_writers_leave_no_gap_and_no_duplicate(journal: Journal):
    appenders = [Appender(journal, f"a{number}") for number in range(16)]
    async with anyio.create_task_group() as tasks:
        for one in appenders:
            tasks.start_soon(one.append, "b1", 10)
            tasks.start_soon(one.append, one.name, 3)
    written = sorted(seq for one in appenders for seq in one.done)
    assert await seqs(journal, "b1") == list(range(1, 161))
    assert written == sorted([*range(1, 161), *([1, 2, 3] * 16)])
    assert sum(one.conflicts for one in appenders) > 0
    for one in appenders:
        assert await seqs(journal, one.name) == [1, 2, 3]


async def test_many_heads_that_are_asked_for_at_once_are_each_their_own(journal: Journal):
    for number in range(5):
        await journal.append(batch(f"b{number}", 0, number + 1))
    asked = [f"b{number}" for number in range(6)] * 3
    found = await asyncio.gather(*(journal.head(branch_id) for branch_id in asked))
    assert [head and head.seq for head in found] == [1, 2, 3, 4, 5, None] * 3


async def test_a_head_is_as_new_as_the_question(journal: Journal):
    """Whoever asks after an append was answered sees it, though others were asking all the time."""
    await journal.append(batch("b1", 0))
    for seq in range(1, 30):
        before = asyncio.ensure_future(journal.head("b1"))
        await journal.append(batch("b1", seq))
        assert (await head(journal, "b1")).seq == seq + 1
        await before


async def test_what_is_due_is_told_in_order(journal: Journal):
    for name, minutes in (("b1", 5), ("b2", 1), ("b3", 9)):
        await journal.append(replace(batch(name, 0), due_at=NOON + timedelta(minutes=minutes)))
    await journal.append(batch("b4", 0))
    assert await journal.due(NOON) == []
    assert await journal.due(NOON + timedelta(minutes=5)) == ["b2", "b1"]


async def test_a_new_history_has_a_new_epoch_and_the_same_events(journal: Journal):
    await journal.append(batch("b1", 0, 3))
    before = await head(journal, "b1")
    await journal.renew_epoch("b1", before.epoch)
    after = await head(journal, "b1")
    assert after.epoch != before.epoch
    assert replace(after, epoch=before.epoch) == before
    await journal.renew_epoch("b1", before.epoch)
    assert await head(journal, "b1") == after, "it is no longer the branch's epoch"
    assert await seqs(journal, "b1") == [1, 2, 3]


async def test_branches_that_have_events_of_a_type_are_told_from_those_that_have_not(journal: Journal):
    """`batch` numbers its events from `expected` on, all of one type but for what is replaced here."""
    for branch_id in ("b1", "b2", "b3"):
        await journal.append(batch(branch_id, 0, 3))
    more = batch("b2", 3, 2)
    await journal.append(replace(more, events=[more.events[0], replace(more.events[1], type="day.closed")]))
    usual = more.events[0].type
    everybody = {"b1": 0, "b2": 0, "b3": 0}
    assert await journal.having({"day.closed", "day.opened"}, everybody) == {"b2"}
    assert await journal.having({"day.closed"}, {"b2": 4}) == {"b2"}
    assert await journal.having({"day.closed"}, {"b2": 5}) == set()
    assert await journal.having({usual}, {"b1": 2, "b2": 5, "b3": 3, "nowhere": 0}) == {"b1"}
    assert await journal.having({"day.closed", usual}, {}) == set()
    assert await journal.having(set(), everybody) == set()


async def test_each_branch_tells_with_what_its_day_began(journal: Journal):
    await journal.append(batch("b1", 0, 2))
    await journal.append(replace(batch("b1", 2, 2), day_seq=3))
    await journal.append(batch("b2", 0, 1))
    found = await journal.day_events()
    assert {branch_id: event.seq for branch_id, event in found.items()} == {"b1": 3, "b2": 1}
    assert found["b1"] == (await journal.read("b1", 2, 1))[0]
