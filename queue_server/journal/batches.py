"""What every journal does with a batch before it writes it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from queue_server.journal.port import Batch


def draw_epoch() -> str:
    """A name for a new history. No dot: a position is written `EPOCH.SEQ`."""
    return secrets.token_hex(6)


def check(batch: Batch) -> None:
    """Refuse a batch that would tear a hole into its branch.

    Raises:
        ValueError: the events do not follow `expected` one by one, a command or a personal row names events
            outside the batch, or a branch would begin without an event.
    """
    end = last_seq(batch)
    if not end:
        raise ValueError(f"{batch.branch_id}: a journal begins with an event")
    for seq, event in enumerate(batch.events, batch.expected + 1):
        if event.seq != seq:
            raise ValueError(f"{batch.branch_id}: event {event.seq} stands where {seq} is due")
    for row in batch.personal:
        if not batch.expected < row.seq <= end:
            raise ValueError(f"{batch.branch_id}: a personal row names {row.seq}")
    for command in batch.commands:
        if not batch.expected < command.first_seq <= command.last_seq <= end:
            raise ValueError(f"{batch.branch_id}: command {command.key} names {command.first_seq}–{command.last_seq}")


def last_seq(batch: Batch) -> int:
    """Where the head is once the batch is written."""
    return batch.expected + len(batch.events)


def check_all(batches: Sequence[Batch]) -> None:
    """`check` for batches that are written together: one for each branch.

    Raises:
        ValueError: see `check`; or a branch occurs twice.
    """
    if len({batch.branch_id for batch in batches}) != len(batches):
        raise ValueError("batches that are written together must be of different branches")
    for batch in batches:
        check(batch)
