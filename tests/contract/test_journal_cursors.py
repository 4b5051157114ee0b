"""What every journal promises to its readers and its owner: cursors, work between batches, closing."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from queue_server.journal.port import Appended, Cursor, Journal, JournalUnavailable
from tests.contract.conftest import DURABLE, Open
from tests.contract.journal_rows import DAY, batch, head, seqs

pytestmark = pytest.mark.anyio


async def take(journal: Journal, holder: str, lease_s: float = 60) -> Cursor:
    """Take the cursor, as soon as the lease of the last holder is over by the database's clock."""
    with anyio.fail_after(10):
        while (found := await journal.take_cursor("printing", "b1", holder, lease_s)) is None:
            pass
    return found


async def test_the_databases_clock_is_told(journal: Journal):
    """It is this machine's, so that it lies between two looks at that; SQLite tells milliseconds."""
    before = datetime.now(UTC)
    found = await journal.now()
    assert before - timedelta(milliseconds=1) <= found <= datetime.now(UTC)
    assert (await take(journal, "p1", 60)).lease_until - found >= timedelta(seconds=60)


async def test_a_cursor_begins_at_zero(journal: Journal):
    found = await take(journal, "p1")
    assert (found.seq, found.fence, found.holder) == (0, 1, "p1")
    assert await journal.cursor_seq("printing", "b1") == 0


async def test_a_running_lease_keeps_others_away(journal: Journal):
    await take(journal, "p1")
    assert await journal.take_cursor("printing", "b1", "p2", 60) is None


async def test_cursors_of_other_readers_and_branches_are_free(journal: Journal):
    await take(journal, "p1")
    assert await journal.take_cursor("dossier", "b1", "p2", 60) is not None
    assert await journal.take_cursor("printing", "b2", "p2", 60) is not None


async def test_the_holder_renews_its_lease_under_the_same_fence(journal: Journal):
    first = await take(journal, "p1", 30)
    again = await take(journal, "p1", 60)
    assert again.fence == first.fence
    assert again.lease_until > first.lease_until


async def test_a_lease_that_is_over_is_taken_with_a_higher_fence_at_the_same_place(journal: Journal):
    first = await take(journal, "p1", 0.01)
    assert await journal.move_cursor(first, 7)
    second = await take(journal, "p2")
    assert (second.seq, second.fence, second.holder) == (7, first.fence + 1, "p2")


async def test_a_holder_that_was_overtaken_moves_nothing(journal: Journal):
    stopped = await take(journal, "p1", 0.01)
    newer = await take(journal, "p2")
    assert await journal.move_cursor(newer, 3)
    assert not await journal.move_cursor(stopped, 9)
    assert await journal.cursor_seq("printing", "b1") == 3


async def test_a_cursor_that_was_never_taken_does_not_move(journal: Journal):
    elsewhere = await take(journal, "p1")
    assert not await journal.move_cursor(Cursor("printing", "b9", 0, 1, "p1", elsewhere.lease_until), 5)
    assert await journal.cursor_seq("printing", "b9") == 0


async def test_work_runs_between_batches_and_its_result_comes_back(journal: Journal):
    results = []

    async def run(number: int) -> None:
        results.append(await journal.run(lambda _: number))

    async def append(branch_id: str) -> None:
        for seq in range(10):
            assert isinstance(await journal.append(batch(branch_id, seq)), Appended)

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(append, f"b{number}")
            tasks.start_soon(run, number)
    assert sorted(results) == list(range(5))
    assert [one.seq for one in await journal.heads()] == [10] * 5


async def test_work_that_fails_tells_its_caller_and_harms_nothing(journal: Journal):
    def fail(_: object) -> None:
        raise LookupError("no such account")

    with pytest.raises(LookupError, match="no such account"):
        await journal.run(fail)
    assert isinstance(await journal.append(batch("b1", 0)), Appended)


async def test_a_caller_that_gives_up_does_not_stop_the_others(journal: Journal):
    with anyio.CancelScope() as impatient:
        impatient.cancel()
        await journal.append(batch("b1", 0))
    assert isinstance(await journal.append(batch("b2", 0)), Appended)
    found = await journal.head("b1")
    assert await seqs(journal, "b1") == ([1] if found else [])


async def test_close_finishes_what_was_accepted(journal: Journal):
    outcomes = []

    async def append(number: int) -> None:
        outcomes.append(await journal.append(batch(f"b{number}", 0)))

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(append, number)
        tasks.start_soon(journal.run, lambda _: None)
        await anyio.lowlevel.checkpoint()
        await journal.close()
        assert len(outcomes) == 20
    assert all(isinstance(one, Appended) for one in outcomes)


async def test_a_closed_journal_says_so(journal: Journal):
    await journal.append(batch("b1", 0))
    await journal.close()
    await journal.close()
    for call in (
        lambda: journal.append(batch("b1", 1)),
        lambda: journal.append_together([batch("b1", 1)]),
        lambda: journal.read("b1", 0),
        lambda: journal.head("b1"),
        lambda: journal.heads(),
        lambda: journal.find_ticket("t1"),
        lambda: journal.find_command("b1", "a", "k"),
        lambda: journal.tickets_of_day("b1", DAY),
        lambda: journal.take_cursor("printing", "b1", "p1", 1),
        lambda: journal.cursor_seq("printing", "b1"),
        lambda: journal.forget_commands("b1", DAY),
        lambda: journal.run(lambda _: None),
    ):
        with pytest.raises(JournalUnavailable) as refused:
            await call()
        assert refused.value.reason == "closed"


@pytest.mark.parametrize("open_journal", DURABLE, indirect=True)
async def test_what_was_written_is_there_after_a_restart(open_journal: Open):
    first = await open_journal()
    await first.append(batch("b1", 0, 3, keys=("k1",), tickets=("t1",)))
    before = await head(first, "b1")
    await first.close()
    second = await open_journal()
    assert await head(second, "b1") == before
    assert await seqs(second, "b1") == [1, 2, 3]
    assert await second.find_command("b1", "device:kiosk", "k1") is not None
    assert await second.append(batch("b1", 3)) == Appended(before.epoch)
    await second.close()


async def test_the_places_of_a_reader_are_told_together(journal: Journal):
    for branch_id, seq in (("b1", 4), ("b2", 7)):
        cursor = await journal.take_cursor("printing", branch_id, "p1", 60)
        assert cursor is not None
        assert await journal.move_cursor(cursor, seq)
    await journal.take_cursor("dossier", "b1", "p1", 60)
    assert await journal.cursor_seqs("printing") == {"b1": 4, "b2": 7}
    assert await journal.cursor_seqs("nobody") == {}
