"""The floor: the least that a Starlette server does per durable command: one process, no frills."""

import os
import sqlite3
import sys
import time
from collections import deque
from itertools import count
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

DELAY = float(os.environ.get("FLOOR_COMMIT_DELAY_MS", "0")) / 1000
SCHEMA = """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE ticket(id INTEGER PRIMARY KEY, branch TEXT, field TEXT, counter TEXT);"""
displays: set[WebSocket] = set()
numbers = count(1)
waiting: deque[int] = deque()


async def durable(number: int, sql: str, row: tuple[str | int, ...]) -> dict[str, str]:
    """One row, one transaction, on the disk before anybody hears of it; one message per display."""
    db.execute(sql, row)
    if DELAY:
        time.sleep(DELAY)
    ticket = {"id": str(number), "number": f"A{number:06d}"}
    event = {"type": "event", "seq": db.total_changes, "data": ticket}
    text = msgspec.json.encode(event).decode()
    for display in tuple(displays):
        await display.send_text(text)
    return ticket


async def issue(branch: str, field: str) -> dict[str, str]:
    waiting.append(number := next(numbers))
    return await durable(number, "INSERT INTO ticket VALUES (?, ?, ?, '')", (number, branch, field))


async def tickets(request: Request) -> Response:
    body = msgspec.json.decode(await request.body(), type=dict[str, str])
    ticket = await issue(request.path_params["branch"], body["field"])
    return Response(msgspec.json.encode(ticket), 201, media_type="application/json")


async def call_next(request: Request) -> Response:
    row = (request.path_params["no"], waiting.popleft())  # nobody waiting: a 500, the run is void
    ticket = await durable(row[1], "UPDATE ticket SET counter = ? WHERE id = ?", row)
    return Response(msgspec.json.encode(ticket), media_type="application/json")


async def live(ws: WebSocket) -> None:
    await ws.accept(subprotocol="layso.v1")
    async for text in ws.iter_text():
        frame = msgspec.json.decode(text)
        answer: dict[str, Any] = {"type": "snapshot", "seq": 0}
        if frame["type"] == "command":
            answer = {"type": "result", "id": frame["id"], "data": await issue(**frame["args"])}
        else:
            displays.add(ws)
        await ws.send_text(msgspec.json.encode(answer).decode())
    displays.discard(ws)


if __name__ == "__main__":
    given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))  # --port P --db FILE
    db = sqlite3.connect(given["--db"], isolation_level=None)
    db.executescript(SCHEMA)
    issuing = Route("/api/v1/branches/{branch}/tickets", tickets, methods=["POST"])
    call = Route("/api/v1/branches/{branch}/counters/{no}/call-next", call_next, methods=["POST"])
    app = Starlette(routes=[issuing, call, WebSocketRoute("/ws/v1", live)])
    flags: dict[str, Any] = {"loop": "uvloop", "http": "httptools", "ws": "websockets-sansio"}
    flags |= {"ws_per_message_deflate": False, "access_log": False, "log_level": "warning"}
    uvicorn.run(app, host="127.0.0.1", port=int(given["--port"]), **flags)
