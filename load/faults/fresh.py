"""What somebody sees who comes to a server with nothing."""

from __future__ import annotations

import asyncio

from load.faults.history import Fresh
from queue_server.protocol import frames
from queue_server.protocol.line import Line

ANSWER_WITHIN_S = 20.0


async def fresh(channel: str, server: str, port: int, token: str | None) -> Fresh:
    """What somebody gets there who has nothing yet."""
    got: asyncio.Future[frames.Snapshot] = asyncio.get_running_loop().create_future()

    def on_frame(frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Welcome):
            line.send(frames.Subscribe(channel))
        elif isinstance(frame, frames.Snapshot) and not got.done():
            got.set_result(frame)

    line = Line(f"ws://127.0.0.1:{port}/ws/v1", token, on_frame=on_frame, on_status=lambda _: None)
    task = asyncio.get_running_loop().create_task(line.run(), name=f"fresh {channel}")
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            frame = await got
    finally:
        await cancelled(task)
    return Fresh(channel, server, frame.seq, {table: rows for table, rows in frame.data.items() if rows})


async def cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
