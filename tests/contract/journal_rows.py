"""Small batches for the tests of the journal."""

from datetime import UTC, date, datetime

from queue_server.journal.port import Batch, CommandRow, Head, Journal, StoredEvent, TicketRow

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 5, 0, 0, 123_456, tzinfo=UTC)


def event(seq: int, *, day: date = DAY, text: str = "Số A012") -> StoredEvent:
    return StoredEvent(seq, day, "ticket.issued", 1, f'{{"text":"{text}"}}'.encode())


def command(key: str, seq: int, *, actor: str = "device:kiosk", day: date = DAY) -> CommandRow:
    return CommandRow(actor, key, b"\x00\xff", seq, seq, day)


def ticket(ticket_id: str, *, state: str = "waiting", day: date = DAY, body: bytes = b"{}") -> TicketRow:
    return TicketRow(ticket_id, day, "A012", "ho-tich", state, NOON, body)


def batch(branch_id: str, expected: int, count: int = 1, *, keys: tuple[str, ...] = (), tickets: tuple[str, ...] = ()):
    """`count` events after `expected`; the keys belong to its first events."""
    return Batch(
        branch_id,
        expected,
        [event(seq) for seq in range(expected + 1, expected + count + 1)],
        [command(key, expected + 1 + place) for place, key in enumerate(keys)],
        [ticket(one) for one in tickets],
    )


async def head(journal: Journal, branch_id: str) -> Head:
    found = await journal.head(branch_id)
    assert found is not None
    return found


async def seqs(journal: Journal, branch_id: str) -> list[int]:
    return [one.seq for one in await journal.read(branch_id, 0, 100_000)]
