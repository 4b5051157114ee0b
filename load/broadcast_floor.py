"""The floor of a broadcast: one frame built once, written raw to every connection.

A bare ASGI application on uvicorn with the product's server flags. Whoever subscribes over the
WebSocket is a display; `POST …/call-next` (and any other path) builds one text frame, hands the
same bytes to every transport, then answers. No database, no framework, no queue per connection.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import uvicorn

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PADDING = "x" * 200  # with the rest about the 300 bytes of a real board delta
numbers = count(1)
displays: set[asyncio.Transport] = set()


def text_frame(payload: bytes) -> bytes:
    """One unmasked, unfragmented WebSocket text frame of up to 65,535 bytes."""
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def broadcast(number: int) -> bytes:
    name = f"A{number:06d}"
    ticket = f'{{"id":"{number}","number":"{name}"}}'
    event = f'{{"type":"event","seq":{number},"data":{ticket},"padding":"{PADDING}"}}'
    frame = text_frame(event.encode())
    for transport in displays:
        transport.write(frame)
    return ticket.encode()


async def answer_http(path: str, send: Send) -> None:
    body = broadcast(next(numbers))
    status = 201 if path.endswith("/tickets") else 200
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def hold_display(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "layso.v1"})
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]
    while (message := await receive())["type"] == "websocket.receive":
        if '"subscribe"' in (message.get("text") or ""):
            await send({"type": "websocket.send", "text": '{"type":"snapshot","seq":0}'})
            displays.add(transport)
    displays.discard(transport)


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await hold_display(receive, send)
    elif scope["type"] == "http":
        await answer_http(scope["path"], send)
    else:
        raise RuntimeError("no lifespan here")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
    )
