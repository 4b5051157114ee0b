"""Appending: a batch is one statement, and the batches of many branches that wait at the same time are one too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import NamedTuple

import asyncpg

from queue_server.journal.batches import draw_epoch
from queue_server.journal.port import Appended, Batch, Conflict, KeyTaken, Outcome
from queue_server.journal.postgres import statements as sql

GROUPS_AT_ONCE = 2
"""While one group is being written the next is sent; more would only make them smaller."""
BATCHES_AT_ONCE = 64
FAULTS_OF_ONE = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, ValueError, TypeError)
"""A key that was accepted before, or a value that cannot be stored."""

Connect = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]


class _Waiting(NamedTuple):
    batch: Batch
    future: asyncio.Future[Outcome]


class Appending:
    """Takes batches one at a time and writes those that have gathered. A batch that is refused leaves the others
    untouched; what fails all of a group is tried for each alone, so that nobody pays for another's fault."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._waiting: list[_Waiting] = []
        self._writers = 0
        """Tasks that will look once more whether somebody waits: one that is about to end does not count."""
        self._tasks: set[asyncio.Task[None]] = set()

    def append(self, batch: Batch) -> asyncio.Future[Outcome]:
        """Written also when its caller gives up."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append(_Waiting(batch, future))
        if self._writers < GROUPS_AT_ONCE and len(self._waiting) == 1:
            self._writers += 1
            task = loop.create_task(self._work(), name="appending")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return asyncio.shield(future)

    async def drain(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _work(self) -> None:
        try:
            await self._write_all()
        finally:
            self._writers -= 1

    async def _write_all(self) -> None:
        await asyncio.sleep(0)  # a turn of the loop, in which those who wait for the same moment come too
        while self._waiting:
            group = self._take()
            try:
                async with self._connect() as connection:
                    outcomes = await _write_group(connection, [each.batch for each in group])
            except Exception as fault:
                for each in group:
                    if not each.future.done():
                        each.future.set_exception(fault)
                        each.future.exception()  # whoever has gone meanwhile need not hear of it
                continue
            for each, outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    each.future.set_exception(outcome)
                elif not each.future.done():
                    each.future.set_result(outcome)

    def _take(self) -> list[_Waiting]:
        """The oldest, one of a branch: a second one expects what the first will have left."""
        taken: dict[str, _Waiting] = {}
        left: list[_Waiting] = []
        for each in self._waiting:
            is_next = len(taken) < BATCHES_AT_ONCE and each.batch.branch_id not in taken
            if is_next:
                taken[each.batch.branch_id] = each
            else:
                left.append(each)
        self._waiting = left
        return list(taken.values())


async def _write_group(connection: asyncpg.Connection, batches: Sequence[Batch]) -> list[Outcome | Exception]:
    """One statement for all that go on; a branch that begins, and what failed together, is written alone."""
    together = [batch for batch in batches if batch.expected]
    found: dict[str, Outcome | Exception] = {}
    if len(together) > 1:
        with suppress(*FAULTS_OF_ONE):
            found |= await _write_many(connection, together)
    for batch in batches:
        if batch.branch_id not in found:
            found[batch.branch_id] = await _write_alone(connection, batch)
    return [found[batch.branch_id] for batch in batches]


async def _write_alone(connection: asyncpg.Connection, batch: Batch) -> Outcome | Exception:
    try:
        return await write(connection, batch)
    except FAULTS_OF_ONE as fault:
        return fault


async def _write_many(connection: asyncpg.Connection, batches: Sequence[Batch]) -> dict[str, Outcome]:
    epochs = dict(await connection.fetch(sql.APPEND_MANY, *sql.append_many_values(batches)))
    found: dict[str, Outcome] = {branch_id: Appended(epoch) for branch_id, epoch in epochs.items()}
    refused = [batch.branch_id for batch in batches if batch.branch_id not in found]
    if refused:
        seqs = dict(await connection.fetch(sql.SEQS_OF, refused))
        found |= {branch_id: Conflict(seqs.get(branch_id, 0)) for branch_id in refused}
    return found


async def write(connection: asyncpg.Connection, batch: Batch) -> Outcome:
    """One batch, one statement. Nothing of it was written unless this says `Appended`."""
    statement, values = sql.append(batch, draw_epoch())
    try:
        async with connection.transaction() if connection.is_in_transaction() else nullcontext():  # a savepoint
            row = await connection.fetchrow(statement, *values)
    except asyncpg.UniqueViolationError as fault:
        taken = await _taken(connection, batch) if fault.table_name == "command" else None
        if taken is None:
            raise
        return taken
    return Appended(row[0]) if row else Conflict(await seq_of(connection, batch.branch_id))


async def write_together(connection: asyncpg.Connection, batches: Sequence[Batch]) -> list[Outcome]:
    """All or none, in the order of their branches, so that two who do this cannot wait for each other."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        outcomes: dict[str, Outcome] = {}
        for batch in sorted(batches, key=lambda batch: batch.branch_id):
            outcomes[batch.branch_id] = await write(connection, batch)
    except BaseException:
        await transaction.rollback()
        raise
    if all(isinstance(outcome, Appended) for outcome in outcomes.values()):
        await transaction.commit()
    else:
        await transaction.rollback()
        for branch_id, outcome in outcomes.items():
            if isinstance(outcome, Appended):
                outcomes[branch_id] = Conflict(await seq_of(connection, branch_id))
    return [outcomes[batch.branch_id] for batch in batches]


async def seq_of(connection: asyncpg.Connection, branch_id: str) -> int:
    return await connection.fetchval(sql.SEQ_OF, branch_id) or 0


async def _taken(connection: asyncpg.Connection, batch: Batch) -> KeyTaken | None:
    """The first command of the batch whose key was accepted before, or stands in the batch twice."""
    actors, keys = [row.actor for row in batch.commands], [row.key for row in batch.commands]
    seen = {tuple(row) for row in await connection.fetch(sql.TAKEN, batch.branch_id, actors, keys)}
    for pair in zip(actors, keys, strict=True):
        if pair in seen:
            return KeyTaken(*pair)
        seen.add(pair)
    return None
